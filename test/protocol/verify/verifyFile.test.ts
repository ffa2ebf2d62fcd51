import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { fromHex, sameBytes, toHex, toHex0x, utf8 } from '#protocol/bytes'
import { nobleSigner } from '#protocol/nobleSigner'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { verifyFile } from '#protocol/verify/verifyFile'
import { encodeAckList } from '#protocol/wire/ackList'
import { encodeCbor } from '#protocol/wire/cbor'
import { sign1 } from '#protocol/wire/cose'
import { encodeEnrolment } from '#protocol/wire/enrolment'
import { signEntry } from '#protocol/wire/entry'
import { encodeEpochNotice } from '#protocol/wire/epochNotice'
import { decodeFile, encodeFile, FILE_KINDS, type FileKind } from '#protocol/wire/file'
import { encodeLogs, encodeNodeObject, encodeReportBody, type LogExport } from '#protocol/wire/fileBodies'
import { encodeProposal } from '#protocol/wire/proposal'
import { reportDigest } from '#protocol/wire/report'
import { decodeRoster, encodeRoster, rosterFingerprint } from '#protocol/wire/roster'
import { encodeRoundBundle, type RoundBundle } from '#protocol/wire/roundBundle'
import { encodeSegment } from '#protocol/wire/segment'
import * as world from '../../../scripts/vectors/world.ts'
import { DEMO_ASSETS } from '../../dashboards/demoAssets.ts'
import { signedWorld } from '../../dashboards/signedWorld.ts'
import { assayFiles } from '../../fixtures/assayFiles.ts'
import { corpusEntry } from '../../fixtures/corpus.ts'
import { holds } from '../../fixtures/property.ts'
import { agentEntry, roundBundles } from '../../fixtures/roundBundles.ts'
import { mutate, mutations } from '../../fixtures/wireValues.ts'

const primitives = createNodePrimitives()
const pins = { rosterFingerprint: toHex(rosterFingerprint(world.ROSTER)) }
const signed = await world.vectorWorld()
const files = await assayFiles(signed)
const [roundOne, roundTwo] = await roundBundles()

const file = (kind: FileKind, body: Uint8Array) => encodeFile(kind, body, sha256)
const logFile = (kind: 'entry' | 'archive', logs: LogExport[]) => file(kind, encodeLogs(logs))
const nodeFile = (kind: FileKind, cose: Uint8Array, agentKeys: Uint8Array[] = []) =>
  file(kind, encodeNodeObject({ roster: world.ROSTER_BYTES, cose, agentKeys }))
const roundFile = (change: Partial<RoundBundle>, base = roundTwo) =>
  file('round', encodeRoundBundle({ ...base, ...change }))

/** Asserts that a file whose digest holds is refused by one named check. */
function refusedBy(t: Test, check: string, bytes: Uint8Array, name: string): void {
  const verdict = verifyFile(bytes, primitives, pins)
  const found = verdict.checks.find((each) => each.ok === false)
  t.equal(found?.check, check, `${name}: ${found?.check} ${found?.detail}`)
  t.equal(verdict.firstFailing, check)
  t.notOk(verdict.ok)
}

t.test('good files', async (t) => {
  for (const kind of FILE_KINDS) {
    if (kind === 'assetProof') continue
    const verdict = verifyFile(files[kind], primitives, pins)
    const open = verdict.checks.filter((check) => check.ok !== true).map((check) => check.check)
    t.same(
      open,
      kind === 'round' ? ['chainView'] : [],
      `${kind}: everything holds, and is proven as far as it can be`,
    )
    t.ok(verdict.ok && verdict.firstFailing === null && verdict.kind === kind)
    t.equal(verdict.checks.at(-1)?.check, 'digest', 'the digest over the whole file comes last')
  }
  t.ok(verifyFile(roundFile({}, roundOne), primitives, pins).ok, 'the first round, without a parent')
  t.ok(verifyFile(logFile('archive', []), primitives).ok, 'an empty archive')
  t.ok(verifyFile(files.entry).ok, 'under noble, the primitives of a browser')
  const unpinned = verifyFile(files.report, primitives)
  t.equal(
    unpinned.checks.find((check) => check.check === 'roster')?.ok,
    null,
    'a roster that nobody pinned is not proven',
  )
})

t.test('asset proofs', async (t) => {
  const proofs = await signedWorld(DEMO_ASSETS)
  const round = await proofs.round(360_000_000, await proofs.batch(1_800_000_000_000))
  const proof = round.proof(1)
  const fingerprint = { rosterFingerprint: toHex(rosterFingerprint(decodeRoster(fromHex(proof.roster)!))) }
  const proofFile = (change: object) => file('assetProof', utf8(JSON.stringify({ ...proof, ...change })))
  const verdict = verifyFile(proofFile({}), primitives, fingerprint)
  t.ok(verdict.ok, JSON.stringify(verdict.checks.filter((check) => check.ok !== true)))
  t.same(
    verdict.checks
      .map((check) => check.check)
      .filter((name) => ['quorum', 'merkle', 'digest'].includes(name)),
    ['quorum', 'merkle', 'digest'],
  )
  const failing = (change: object) => verifyFile(proofFile(change), primitives, fingerprint).firstFailing
  t.equal(failing({ leaf: { ...proof.leaf, scoreBp: proof.leaf.scoreBp + 1 } }), 'merkle', 'another score')
  t.equal(failing({ signatures: proof.signatures.slice(1) }), 'quorum', 'one signature of two')
  t.equal(verifyFile(file('assetProof', utf8('{')), primitives).firstFailing, 'body', 'no JSON')
})

t.test('any change', async (t) => {
  const cases = fc.constantFrom(...Object.entries(files).filter(([kind]) => kind !== 'round'))
  await holds(
    t,
    'is found by a named check',
    fc.tuple(cases, fc.array(mutations, { minLength: 1, maxLength: 2 })),
    ([[kind, bytes], all]) => {
      const changed = all.reduce(mutate, bytes)
      if (sameBytes(changed, bytes)) return
      const verdict = verifyFile(changed, primitives)
      if (verdict.ok || !verdict.firstFailing) throw new Error(`${kind} still holds`)
    },
    600,
  )
  await holds(
    t,
    'of a round is found by a named check',
    mutations,
    (mutation) => {
      const changed = mutate(files.round, mutation)
      if (!sameBytes(changed, files.round) && verifyFile(changed, primitives).ok)
        throw new Error('still holds')
    },
    100,
  )
})

t.test('bytes that are no Assay file', async (t) => {
  const cases: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['text', utf8('{"type":"assay"}')],
    ['a bare entry', signed.batch],
    ['another type', encodeCbor(['assay/file/2', 'entry', new Uint8Array(0), new Uint8Array(32)])],
    ['another kind', encodeCbor(['assay/file/1', 'other', new Uint8Array(0), new Uint8Array(32)])],
    ['a short digest', encodeCbor(['assay/file/1', 'entry', new Uint8Array(0), new Uint8Array(31)])],
    ['a fifth item', encodeCbor(['assay/file/1', 'entry', new Uint8Array(0), new Uint8Array(32), 0])],
  ]
  for (const [name, bytes] of cases) refusedBy(t, 'file', bytes, name)
  for (const kind of FILE_KINDS) {
    const verdict = verifyFile(file(kind, encodeCbor([1, 2, 3])), primitives)
    t.ok(
      verdict.firstFailing && verdict.firstFailing !== 'digest',
      `${kind} with a foreign body: ${verdict.firstFailing}`,
    )
  }
  t.same(decodeFile(file('ack', utf8('x')), sha256), { kind: 'ack', body: utf8('x'), digestHolds: true })
})

t.test('entries and archives', async (t) => {
  const { bytes, header, bodies } = await corpusEntry({ seed: 'files', devices: 2, samples: 2 }, world.AGENT)
  const agentKey = world.AGENT.publicKey
  const entryFile = (entry: Uint8Array, key = agentKey) =>
    logFile('entry', [{ agentKey: key, entries: [entry] }])
  t.ok(verifyFile(entryFile(bytes), primitives).ok)
  const stranger = nobleSigner(world.labelled('stranger'))
  refusedBy(t, 'agentKey', entryFile(bytes, stranger.publicKey), 'the key of another agent')
  refusedBy(
    t,
    'agentKey',
    entryFile(await signEntry({ ...header, kid: world.labelled('kid') }, bodies, world.AGENT)),
    'a rotated key',
  )
  refusedBy(t, 'signature', entryFile(await signEntry(header, bodies, stranger)), 'signed by another key')
  const cose = await sign1(
    'assay/header/1',
    (await import('#protocol/wire/header')).encodeHeader(header),
    world.AGENT,
  )
  refusedBy(t, 'bodies', entryFile(encodeCbor([cose, [bodies[1]!, ...bodies.slice(1)]])), 'another body')
  refusedBy(t, 'entry', entryFile(encodeCbor([cose, 5])), 'no bodies')
  const twice = [bodies[0]!, bodies[0]!]
  const double = { ...header, segments: twice.map((body) => sha256(body)) }
  refusedBy(t, 'segments', entryFile(await signEntry(double, twice, world.AGENT)), 'one asset twice')
  refusedBy(t, 'body', logFile('entry', []), 'no log')
  refusedBy(t, 'entry', logFile('entry', [{ agentKey, entries: [bytes, bytes] }]), 'two entries')

  const archive = (...entries: Uint8Array[]) => logFile('archive', [{ agentKey, entries }])
  const first = await agentEntry(0, new Uint8Array(32))
  const second = await agentEntry(1, first.hash)
  const stray = await agentEntry(1, world.labelled('stray'))
  t.ok(verifyFile(archive(first.bytes, second.bytes), primitives).ok)
  refusedBy(t, 'links', archive(second.bytes, first.bytes), 'the wrong order')
  refusedBy(t, 'links', archive(first.bytes, second.bytes, stray.bytes), 'a fork')
  refusedBy(t, 'links', archive(first.bytes, stray.bytes), 'an entry that links elsewhere')
  const foreign = await corpusEntry({ seed: 'files', devices: 1, samples: 1 }, stranger)
  refusedBy(t, 'agentKey', archive(first.bytes, foreign.bytes), 'an entry of another agent')
  const ring = { from: { boot: 0, seq: 0 }, to: { boot: 0, seq: 0 }, reason: 'quota' as const }
  const [a, b] = [world.labelled('a'), world.labelled('b')]
  const looping = await signEntry(
    {
      ...world.EVENT_HEADER,
      prev: world.labelled('nowhere'),
      tombstones: [
        { ...ring, firstPrev: first.hash, lastHash: a },
        { ...ring, firstPrev: a, lastHash: b },
        { ...ring, firstPrev: b, lastHash: a },
      ],
    },
    [encodeSegment(world.EVENT)],
    world.AGENT,
  )
  refusedBy(t, 'links', archive(first.bytes, looping), 'tombstones that lead in a ring')
})

t.test("nodes' objects", async (t) => {
  const [list, proving] = signed.lists
  const by = (index: number) => world.NODES[index]!.transport
  const listCose = async (change: Partial<typeof list>, signer = by(0)) =>
    sign1('assay/acklist/1', encodeAckList({ ...list!, ...change }), signer)
  refusedBy(t, 'signature', nodeFile('ackList', await listCose({}, by(1))), 'signed by another node')
  refusedBy(
    t,
    'signature',
    nodeFile('ackList', await listCose({ nodeId: world.labelled('x', 20) })),
    'a node outside the roster',
  )
  refusedBy(t, 'ackList', nodeFile('ackList', await listCose({ configId: 2 })), 'another config')
  refusedBy(
    t,
    'ackList',
    nodeFile('ackList', await listCose({ feedId: world.labelled('x') })),
    'another feed',
  )
  refusedBy(t, 'ackList', nodeFile('ackList', signed.ackCose), 'an ack that passes for a list')
  refusedBy(t, 'forks', nodeFile('ackList', signed.listCoses[1]!), 'a fork without the key of its agent')
  const same = { ...proving!.forks[0]!, second: proving!.forks[0]!.first }
  refusedBy(
    t,
    'forks',
    nodeFile('ackList', await listCose({ forks: [same] }), [world.AGENT.publicKey]),
    'no fork at all',
  )
  const notice = { ...world.NOTICE, epochId: world.labelled('x') }
  refusedBy(
    t,
    'epochId',
    nodeFile('epochNotice', await sign1('assay/epoch/1', encodeEpochNotice(notice), by(0))),
    'another epoch id',
  )
  const proposal = async (change: Partial<typeof signed.proposal>, signer = by(0)) =>
    nodeFile(
      'proposal',
      await sign1('assay/proposal/1', encodeProposal({ ...signed.proposal, ...change }), signer),
    )
  refusedBy(t, 'proposer', await proposal({ turn: signed.proposal.turn + 1 }), "another node's turn")
  refusedBy(t, 'proposer', await proposal({ lists: signed.proposal.lists.slice(1) }), 'too few lists')
  refusedBy(
    t,
    'proposer',
    await proposal({ lists: signed.proposal.lists.toReversed() }),
    'lists out of order',
  )
  const other = encodeRoster({ ...world.ROSTER, threshold: 3 })
  refusedBy(
    t,
    'roster',
    file('ack', encodeNodeObject({ roster: other, cose: signed.ackCose, agentKeys: [] })),
    'not the pinned roster',
  )
})

t.test('what M report keys sign', async (t) => {
  const report = (change: object, base = signed.report) => ({
    roster: world.ROSTER_BYTES,
    domain: world.HEALTH_ORACLE,
    statement: { ...base, ...change },
    quorum: signed.reportQuorum,
  })
  const reportFile = (object: ReturnType<typeof report>) => file('report', encodeReportBody(object))
  refusedBy(t, 'quorum', reportFile(report({ root: toHex0x(world.labelled('x')) })), 'another root')
  refusedBy(t, 'quorum', reportFile({ ...report({}), domain: world.REGISTRY }), 'another contract')
  refusedBy(t, 'report', reportFile(report({ configId: 2 })), 'another config')
  refusedBy(t, 'report', reportFile(report({ feedId: toHex0x(world.labelled('x')) })), 'another feed')
  const one = { bitmap: 1, signatures: signed.reportQuorum.signatures.slice(0, 64) }
  refusedBy(t, 'quorum', reportFile({ ...report({}), quorum: one }), 'one signature of two')
  const twice = { bitmap: 3, signatures: new Uint8Array([...one.signatures, ...one.signatures]) }
  refusedBy(t, 'quorum', reportFile({ ...report({}), quorum: twice }), 'one signature twice')
})

t.test('enrolments', async (t) => {
  const forged = async (change: object, signer = world.AGENT) =>
    file(
      'enrolment',
      await sign1('assay/enrolment/1', encodeEnrolment({ ...world.ENROLMENT, ...change }), signer),
    )
  const [first, second] = world.ENROLMENT.devices
  const swapped = [{ ...first!, assetId: second!.assetId }]
  refusedBy(t, 'assetIds', await forged({ devices: swapped }), 'an id of another device')
  refusedBy(
    t,
    'signature',
    await forged({}, nobleSigner(world.labelled('stranger'))),
    'signed by another key',
  )
})

t.test('a round', async (t) => {
  const resigned = (change: object) => {
    const report = { ...roundTwo.report, ...change }
    return roundFile({ report, quorum: world.quorum(reportDigest(world.HEALTH_ORACLE, report)) })
  }
  refusedBy(
    t,
    'recompute',
    resigned({ root: toHex0x(world.labelled('x')) }),
    'M nodes that signed another root',
  )
  refusedBy(t, 'recompute', resigned({ leafCount: 3 }), 'M nodes that signed another count')
  refusedBy(
    t,
    'quorum',
    roundFile({ report: { ...roundTwo.report, leafCount: 3 } }),
    'a report that nobody signed',
  )
  refusedBy(t, 'ackLists', roundFile({ ackLists: roundTwo.ackLists.slice(1) }), 'a list left out')
  refusedBy(t, 'ackLists', roundFile({ ackLists: roundOne.ackLists }), 'lists of another round')
  refusedBy(t, 'proposal', roundFile({ proposal: roundOne.proposal }), 'a proposal of another round')
  refusedBy(t, 'heads', roundFile({ logs: [] }), 'entries left out')
  refusedBy(t, 'links', roundFile({ logs: roundOne.logs }), 'entries of another round')
  refusedBy(t, 'parentState', roundFile({ parentState: null }), 'no state of the parent')
  const state = roundTwo.parentState!
  const changed = state.slice()
  changed[state.length - 200]! ^= 1
  refusedBy(t, 'parentState', roundFile({ parentState: changed }), 'another state of the parent')
  refusedBy(t, 'epochs', roundFile({ epochs: roundTwo.epochs.slice(0, -1) }), 'no next epoch')
  const { view } = roundTwo
  refusedBy(
    t,
    'recompute',
    roundFile({ view: { ...view, tokens: view.tokens.slice(1) } }),
    'a token left out of the chain view',
  )
  refusedBy(
    t,
    'chainView',
    roundFile({ view: { ...view, config: { ...view.config, threshold: 3 } } }),
    'another threshold',
  )
  refusedBy(t, 'recompute', roundFile({ profile: 'production' }), 'another profile')
})
