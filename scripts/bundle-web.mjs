// Bundles the page: dashboards/web/src/main.tsx and its styles into dist/dashboards/web, without a source map and minified.
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/**
 * Builds {index.html,main.js,main.css,icon.svg} of the checkout `root` into `to`. Scripts and styles carry their
 * integrity in index.html. Returns bytes on the wire: {js, css} after gzip.
 */
export async function bundleWeb(root, to = join(root, 'dist', 'dashboards', 'web')) {
  const from = join(root, 'dashboards', 'web')
  const result = await build({
    absWorkingDir: root,
    entryPoints: { main: join(from, 'src', 'main.tsx') },
    outdir: to,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@assay/source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  })
  await mkdir(to, { recursive: true })
  const sizes = {}
  let html = await readFile(join(from, 'index.html'), 'utf8')
  for (const file of result.outputFiles) {
    const name = file.path.endsWith('.css') ? 'main.css' : 'main.js'
    await writeFile(join(to, name), file.contents)
    sizes[name === 'main.js' ? 'js' : 'css'] = gzipSync(file.contents, { level: 9 }).length
    const integrity = `sha384-${createHash('sha384').update(file.contents).digest('base64')}`
    html = html.replace(`"${name}"`, `"${name}" integrity="${integrity}"`)
  }
  await writeFile(join(to, 'index.html'), html)
  await writeFile(join(to, 'icon.svg'), await readFile(join(from, 'icon.svg')))
  return sizes
}
