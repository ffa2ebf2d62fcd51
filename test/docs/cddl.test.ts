import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { fromHex } from '#protocol/bytes'
import { decodeCbor, encodeCbor } from '#protocol/wire/cbor'
import { vectorFiles, vectorJson } from '../../scripts/vectors/vectors.ts'
import { AGENT, vectorWorld } from '../../scripts/vectors/world.ts'
import { assayFiles } from '../fixtures/assayFiles.ts'
import { readCddl } from '../fixtures/cddl.ts'
import { corpusEntry } from '../fixtures/corpus.ts'
import { throwsCode } from '../fixtures/throwsCode.ts'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..')
const cddl = readCddl(readFileSync(join(root, 'docs/protocol.cddl'), 'utf8'))

type Vector = { readonly rule?: string; readonly bytes?: string; readonly why?: string }

t.test('test vectors', async (t) => {
  const used = new Set<string>()
  for (const file of await vectorFiles()) {
    const { vectors } = JSON.parse(vectorJson(file)) as { vectors: Vector[] }
    for (const { rule, bytes, why } of vectors) {
      if (why) throwsCode(t, () => decodeCbor(fromHex(bytes!) as Uint8Array), 'PROTO_CBOR', `refused: ${why}`)
      if (!rule) continue
      used.add(rule)
      t.equal(cddl.mismatch(rule, fromHex(bytes!) as Uint8Array), undefined, `${file.name}: matches ${rule}`)
    }
  }
  t.ok(used.size >= 11, [...used].join(', '))
})

t.test('objects of the tests', async (t) => {
  for (const [kind, bytes] of Object.entries(await assayFiles(await vectorWorld())))
    t.equal(cddl.mismatch('file', bytes), undefined, `a file of kind ${kind}`)
  const { bytes } = await corpusEntry({ seed: 'cddl', devices: 8, samples: 10 }, AGENT)
  t.equal(cddl.mismatch('entry', bytes), undefined, 'a batch of the corpus')
})

t.test('what does not match', async (t) => {
  const node = new Uint8Array(20)
  const hash = new Uint8Array(32)
  t.equal(cddl.mismatch('ack', encodeCbor([1, node, hash, 1, 2, hash])), undefined)
  for (const [name, value] of [
    ['another version', [2, node, hash, 1, 2, hash]],
    ['a short id', [1, node, node, 1, 2, hash]],
    ['a negative number', [1, node, hash, -1, 2, hash]],
    ['an item too few', [1, node, hash, 1, 2]],
    ['an item too many', [1, node, hash, 1, 2, hash, 0]],
    ['text', 'ack'],
  ] as const)
    t.ok(cddl.mismatch('ack', encodeCbor(value)), name)
  t.throws(() => readCddl('a = <b>'), /cannot read/, 'a document that this reader does not know')
})

t.test('rules', async (t) => {
  const text = readFileSync(join(root, 'docs/protocol.md'), 'utf8')
  const named = [...text.matchAll(/CDDL: `([\w-]+)`/g)].map((match) => match[1] as string)
  t.ok(named.length > 10, 'protocol.md names rules')
  t.same(
    named.filter((name) => !cddl.rules.has(name)),
    [],
    'and every one exists',
  )
})
