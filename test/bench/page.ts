import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packageRoot } from '../../oracle/up/packageRoot.ts'

/** Sizes of what a browser loads first, as built. */
export async function benchPage(): Promise<object> {
  const folder = join(packageRoot(), 'dist', 'dashboards', 'web')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(folder, name)).isFile() && !name.endsWith('.map'),
  )
  const sizes = files.map((name) => {
    const bytes = readFileSync(join(folder, name))
    return { name, bytes: bytes.length, gzip: gzipSync(bytes).length }
  })
  return { files: sizes, gzipTotal: sizes.reduce((sum, file) => sum + file.gzip, 0) }
}
