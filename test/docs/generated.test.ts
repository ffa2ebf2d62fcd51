import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { generatedDocs } from '../../scripts/generatedDocs.ts'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..')

t.test('generated documents', async (t) => {
  const docs = await generatedDocs()
  for (const [path, text] of docs) {
    let committed: string | undefined
    try {
      committed = readFileSync(join(root, path), 'utf8')
    } catch {
      committed = undefined
    }
    // Not compared by the harness: a diff of a long page helps nobody.
    t.ok(committed === text, `${path} is in step; npm run docs writes it`)
  }
  const vectors = readdirSync(join(root, 'docs/vectors')).map((name) => `docs/vectors/${name}`)
  t.same(
    vectors.filter((path) => !docs.has(path)),
    [],
    'no file of vectors is left over',
  )
})
