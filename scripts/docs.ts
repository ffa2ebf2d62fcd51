import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatedDocs } from './generatedDocs.ts'

// Writes every generated page and the test vectors; a test compares them with what is committed.
const root = join(fileURLToPath(import.meta.url), '..', '..')
for (const [path, text] of await generatedDocs()) {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
  console.log(path)
}
