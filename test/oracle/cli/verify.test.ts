import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@noble/hashes/sha2.js'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { encodeFile } from '#protocol/wire/file'
import { encodeLogs } from '#protocol/wire/fileBodies'
import { rosterFingerprint } from '#protocol/wire/roster'
import { verifyCommand } from '../../../oracle/cli/verify.ts'
import { AGENT, ROSTER, vectorWorld } from '../../../scripts/vectors/world.ts'
import { assayFiles } from '../../fixtures/assayFiles.ts'
import { corpusEntry } from '../../fixtures/corpus.ts'

const folder = await mkdtemp(join(tmpdir(), 'assay-verify-'))
t.teardown(() => rm(folder, { recursive: true }))
const files = await assayFiles(await vectorWorld())
const path = (name: string) => join(folder, `${name}.assay`)
for (const [kind, bytes] of Object.entries(files)) await writeFile(path(kind), bytes)

async function run(names: readonly string[], options: { json?: boolean; roster?: string } = {}) {
  let out = ''
  let err = ''
  const { json = true, ...rest } = options
  const code = await verifyCommand({
    files: names,
    json,
    ...rest,
    out: (text) => (out += text),
    err: (text) => (err += text),
  })
  return { code, out, err }
}

t.test('good files', async (t) => {
  const { code, out, err } = await run(Object.keys(files).map(path))
  t.equal(code, 0)
  t.equal(err, '')
  const verdicts = JSON.parse(out).files
  t.same(
    verdicts.map((each: { kind: string }) => each.kind),
    Object.keys(files),
  )
  t.ok(verdicts.every((each: { ok: boolean }) => each.ok))
  const text = await run([path('report')], { json: false })
  t.match(
    text.out,
    /report\.assay \(report\): holds, 1 not proven by the file alone\n[\s\S]*not proven {2}roster:[\s\S]*holds +quorum: nodes 0, 1/,
  )
  const pinned = await run([path('report')], { json: false, roster: toHex(rosterFingerprint(ROSTER)) })
  t.match(pinned.out, /\(report\): holds\n/)
  const other = await run([path('report'), path('entry')], { roster: 'ab'.repeat(32) })
  t.equal(other.code, 1)
  t.match(other.err, /report\.assay: roster does not hold: fingerprint .*, you pinned abab/)
})

t.test('unusable arguments', async (t) => {
  t.equal((await run([])).code, 2)
  t.equal((await run([path('report')], { roster: 'xyz' })).code, 2)
  const { code, out, err } = await run([path('report'), path('nothing here')])
  t.equal(code, 2)
  t.match(err, /ORACLE_VERIFY_FILE: .*nothing here\.assay/)
  t.equal(JSON.parse(out).error.code, 'ORACLE_VERIFY_FILE')
  await writeFile(path('empty'), '')
  t.equal((await run([path('empty')])).code, 2)
})

t.test('one changed byte', async (t) => {
  // A batch as an archive stores it: 8 GPUs, 10 samples, 40 metrics.
  const { bytes } = await corpusEntry({ seed: 'flip', devices: 8, samples: 10 }, AGENT)
  const batch = encodeFile('entry', encodeLogs([{ agentKey: AGENT.publicKey, entries: [bytes] }]), sha256)
  for (const [name, good] of [
    ['batch', batch],
    ['ackList', files.ackList],
    ['report', files.report],
  ] as const) {
    await writeFile(path('flip'), good)
    t.equal((await run([path('flip')])).code, 0, `${name} of ${good.length} bytes: holds`)
    const missed: number[] = []
    const found = new Map<string, number>()
    for (let at = 0; at < good.length; at++) {
      const changed = good.slice()
      // Another bit at every offset, so that all eight are tried.
      changed[at]! ^= 1 << ((at * 5) % 8)
      await writeFile(path('flip'), changed)
      const { code, out } = await run([path('flip')])
      const check = JSON.parse(out).files[0].firstFailing
      if (code !== 1 || typeof check !== 'string') missed.push(at)
      else found.set(check, (found.get(check) ?? 0) + 1)
    }
    t.same(missed, [], `${name}: every offset flipped gives exit code 1 and a named check`)
    t.comment([...found].map(([check, times]) => `${check} ${times}`).join(', '))
  }
})
