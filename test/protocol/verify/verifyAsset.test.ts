import fc from 'fast-check'
import t from 'tap'
import { noblePrimitives } from '#protocol/noblePrimitives'
import type { AssetProof } from '#protocol/verify/assetProof'
import { verifyAssetProof } from '#protocol/verify/verifyAsset'
import type { VerifyPins } from '#protocol/verify/verifyPins'
import { DEMO_ASSETS } from '../../dashboards/demoAssets.ts'
import { HEALTH_ORACLE, REGISTRY, signedWorld } from '../../dashboards/signedWorld.ts'
import { worldView } from '../../dashboards/worldView.ts'

type Json = Record<string, unknown>

const world = await signedWorld(DEMO_ASSETS)
const entry = await world.batch(1_800_000_000_000)
const round = await world.round(360_000_000, entry)
const later = await world.batch(1_800_000_003_000)
const view = worldView(world, entry, round)
const assetId = world.assetIds[1] as string
const proof = JSON.stringify(await view.assetProof(assetId, 'latest'))
const shown = await view.asset(assetId)
const pins: VerifyPins = {
  rosterFingerprint: world.fingerprint,
  chainId: 31337,
  healthOracle: HEALTH_ORACLE,
  registry: REGISTRY,
  ...(shown ? { shown } : {}),
}
const verify = (json: unknown, other: Partial<VerifyPins> = {}) =>
  verifyAssetProof(json, { ...pins, ...other }, noblePrimitives)
const fresh = (): AssetProof & Json => JSON.parse(proof)
const states = (result: ReturnType<typeof verify>) =>
  Object.fromEntries(result.steps.map((step) => [step.name, step.ok]))

t.test('an honest proof holds in every step, and the transaction is left open', async (t) => {
  const result = verify(fresh())
  t.equal(result.ok, true)
  t.equal(result.firstFailure, null)
  t.same(states(result), {
    shape: true,
    header: true,
    segment: true,
    roster: true,
    quorum: true,
    ackLists: true,
    merkle: true,
    leaf: true,
    admission: true,
    shown: true,
    reading: true,
    transaction: null,
  })
  t.equal(result.leaf?.scoreBp, 3120)
  t.equal(result.digest, `0x${Buffer.from(round.digest).toString('hex')}`)
})

t.test('the chain that the reader trusts settles the transaction', async (t) => {
  const digest = verify(fresh()).digest
  t.equal(states(verify(fresh(), { onChainDigest: digest ?? '0x' })).transaction, true)
  t.equal(verify(fresh(), { onChainDigest: `0x${'11'.repeat(32)}` }).firstFailure?.name, 'transaction')
})

t.test('one flipped byte of each part names the check that covers it', async (t) => {
  const flips: readonly (readonly [string, string, (p: Json & AssetProof) => [Json, string]])[] = [
    ['header', 'header', (p) => [p.entry as unknown as Json, 'cose']],
    ['segment', 'segment', (p) => [p.entry as unknown as Json, 'body']],
    ['agent key', 'header', (p) => [p, 'agentKey']],
    ['roster', 'roster', (p) => [p, 'roster']],
    ['report signature', 'quorum', (p) => [p.signatures[0] as unknown as Json, 'signature']],
    ['report root', 'quorum', (p) => [p.report as unknown as Json, 'root']],
    ['report commitment', 'quorum', (p) => [p.report as unknown as Json, 'ackListsHash']],
    ['ack list', 'ackLists', (p) => [p.ackLists as unknown as Json, '1']],
    ['Merkle proof', 'merkle', (p) => [p.proof as unknown as Json, '0']],
    ['leaf', 'merkle', (p) => [p.leaf as unknown as Json, 'inputRoot']],
    ['admission', 'admission', (p) => [p.admission?.admission as unknown as Json, 'evidenceDigest']],
    ['admission signature', 'admission', (p) => [p.admission?.signatures[1] as unknown as Json, 'signature']],
  ]
  for (const [what, wanted, place] of flips) {
    const length = (() => {
      const [holder, key] = place(fresh())
      return String(holder[key]).replace('0x', '').length / 2
    })()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const p = fresh()
        const [holder, key] = place(p)
        holder[key] = flip(String(holder[key]), at, mask)
        const result = verify(p)
        if (result.ok || result.firstFailure?.name !== wanted)
          throw new Error(`${what}, byte ${at}: ${JSON.stringify(states(result))}`)
      }),
      { numRuns: 25, verbose: 1 },
    )
    t.pass(`${what}: ${wanted}`)
  }
})

t.test('numbers shown that are not the signed ones fail', async (t) => {
  if (!shown?.latest) throw new Error('the world shows a reading')
  const wrong = (change: object) => verify(fresh(), { shown: { ...shown, ...change } }).firstFailure?.name
  t.equal(wrong({ scoreBp: 3121 }), 'shown')
  t.equal(wrong({ status: { code: 1, name: 'Healthy' } }), 'shown')
  t.equal(wrong({ level: 3 }), 'shown')
  t.equal(wrong({ observedAt: shown.observedAt + 1 }), 'shown')
  t.equal(wrong({ reasons: [] }), 'shown')
  t.equal(wrong({ triggers: [0, 0, 0, 0, 0, 0, 0, 0] }), 'shown')
  t.equal(wrong({ tokenId: '9' }), 'shown')
  const metrics = { ...shown.latest.metrics, temperatureGpuC: { value: 40, presence: 'value' as const } }
  t.equal(wrong({ latest: { ...shown.latest, metrics } }), 'reading')
  t.equal(wrong({ latest: { ...shown.latest, at: shown.latest.at + 1 } }), 'reading')
  const madeUp = { ...shown.latest.metrics, fanSpeedPct: { value: 0, presence: 'value' as const } }
  t.equal(wrong({ latest: { ...shown.latest, metrics: madeUp } }), 'reading', 'unsupported is never a zero')
  t.equal(wrong({ assetId: world.assetIds[0] }), 'shape')
})

t.test('a reading newer than the round is checked against its own entry', async (t) => {
  view.show(later, round)
  const newer = await view.asset(assetId)
  view.show(entry, round)
  const at = { ...(newer ? { shown: newer } : {}) }
  t.equal(states(verify(fresh(), at)).reading, null, 'without the entry it is left open')
  t.equal(states(verify(fresh(), { ...at, latestEntry: later.bytes })).reading, true)
  t.equal(states(verify(fresh(), { ...at, latestEntry: entry.bytes })).reading, false, 'another entry')
  const broken = later.bytes.slice()
  broken[broken.length - 1] = (broken.at(-1) as number) ^ 1
  t.equal(states(verify(fresh(), { ...at, latestEntry: broken })).reading, false)
})

t.test('what is missing is never passed', async (t) => {
  const noEntry = { ...fresh(), entry: null }
  t.equal(verify(noEntry).firstFailure?.name, 'header', 'the leaf counts a sample that is not shown')
  t.equal(states(verify({ ...fresh(), admission: null })).admission, null)
  t.equal(states(verify(fresh(), { rosterFingerprint: null })).roster, null)
  t.equal(verify({ ...fresh(), signatures: fresh().signatures.slice(0, 1) }).firstFailure?.name, 'quorum')
  const twice = [fresh().signatures[0], fresh().signatures[0]]
  t.equal(verify({ ...fresh(), signatures: twice }).firstFailure?.name, 'quorum')
  t.equal(verify({ ...fresh(), ackLists: fresh().ackLists.slice(0, 1) }).firstFailure?.name, 'ackLists')
  t.equal(verify(fresh(), { chainId: 1 }).firstFailure?.name, 'quorum')
  t.equal(verify(fresh(), { healthOracle: REGISTRY }).firstFailure?.name, 'quorum')
  t.equal(verify(fresh(), { registry: HEALTH_ORACLE }).firstFailure?.name, 'admission')
  const silent = JSON.parse(JSON.stringify(await view.assetProof(world.assetIds[3] as string, 'latest')))
  const silentShown = await view.asset(world.assetIds[3] as string)
  const result = verify(silent, silentShown ? { shown: silentShown } : {})
  t.equal(result.ok, true)
  t.match(states(result), { header: null, segment: null, merkle: true, shown: true, reading: null })
})

t.test('a genuine header of another asset, round or agent does not pass for this one', async (t) => {
  const other = JSON.parse(JSON.stringify(await view.assetProof(world.assetIds[0] as string, 'latest')))
  t.equal(verify({ ...fresh(), entry: other.entry }).firstFailure?.name, 'segment')
  t.equal(verify({ ...fresh(), leaf: other.leaf, proof: other.proof }).firstFailure?.name, 'admission')
  const next = await world.round(360_000_001, later)
  const ofNext = JSON.parse(JSON.stringify(next.proof(1))) as AssetProof
  t.equal(verify({ ...fresh(), entry: ofNext.entry }).firstFailure?.name, 'ackLists', 'beyond the heads')
  t.equal(verify({ ...fresh(), ackLists: ofNext.ackLists }).firstFailure?.name, 'ackLists')
  t.equal(verify({ ...fresh(), report: ofNext.report }).firstFailure?.name, 'quorum')
})

t.test('no JSON makes the verifier throw or pass', async () => {
  const paths = leaves(fresh())
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const p = fresh()
      const holder = path.slice(0, -1).reduce<Json>((at, key) => at[key] as Json, p)
      const key = path.at(-1) as string
      if (JSON.stringify(holder[key]) === JSON.stringify(value) || path[0] === 'transaction') return
      holder[key] = value
      const { firstFailure } = verify(p)
      if (firstFailure === null) throw new Error(`passed with ${path.join('.')} = ${JSON.stringify(value)}`)
    }),
    { numRuns: 300, verbose: 1 },
  )
  fc.assert(
    fc.property(fc.jsonValue(), (value) => verify(value).firstFailure?.name === 'shape'),
    { verbose: 1 },
  )
})

function flip(hex: string, at: number, mask: number): string {
  const start = (hex.startsWith('0x') ? 2 : 0) + 2 * at
  const byte = Number.parseInt(hex.slice(start, start + 2), 16) ^ mask
  return hex.slice(0, start) + byte.toString(16).padStart(2, '0') + hex.slice(start + 2)
}

function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]))
}
