import t from 'tap'
import type { Enrolment } from '#protocol/wire/enrolment'
import { createMemoryArchive } from '../../../oracle/archive/memoryArchive.ts'
import { type ApprovalPolicy, devicesOf, enrolAgent } from '../../../oracle/ingest/enrol.ts'
import { enrolmentOf } from '../../helpers/enrolLog.ts'
import { createSignedLog, primitives } from '../../helpers/signedLog.ts'

const FEED = new Uint8Array(32).fill(5)

function node(policy: ApprovalPolicy) {
  const archive = createMemoryArchive()
  archive.start()
  return { archive, feedId: FEED, policy, clock: () => 1234, primitives }
}

t.test('policies: manual, token, loopback', async (t) => {
  const log = createSignedLog()
  const { cose } = await enrolmentOf(log, FEED, 2)
  const manual = node({ kind: 'manual' })
  t.same(enrolAgent(manual, cose, { loopback: true }), { agentId: log.agentId, state: 'pending' })
  manual.archive.setAgentState(log.agentId, 'approved', 5)
  t.equal(enrolAgent(manual, cose, { loopback: false }).state, 'approved', 'a known agent keeps its state')

  const token = node({ kind: 'token', token: 'open sesame' })
  t.equal(enrolAgent(token, cose, { loopback: true }).state, 'pending')
  t.equal(enrolAgent(token, cose, { loopback: true, token: 'open sesam' }).state, 'pending')
  t.equal(enrolAgent(token, cose, { loopback: false, token: 'open sesame' }).state, 'approved')

  const loopback = node({ kind: 'loopback' })
  t.equal(enrolAgent(loopback, cose, { loopback: false }).state, 'pending')
  t.equal(
    enrolAgent(loopback, cose, { loopback: true }).state,
    'approved',
    'a pending agent is approved later',
  )
  const stored = loopback.archive.agent(log.agentId)
  t.match(stored, { state: 'approved', enrolledAtMs: 1234, publicKey: log.signer.publicKey })
  t.equal(stored && devicesOf(stored).length, 2)
})

t.test('what does not hold is refused with its code, and nothing is kept', async (t) => {
  const policy: ApprovalPolicy = { kind: 'loopback' }
  const context = { loopback: true }
  const log = createSignedLog()
  const refused = async (change: Partial<Enrolment>, code: string, feed = FEED) => {
    const at = node(policy)
    const { cose } = await enrolmentOf(log, feed, 1, change)
    t.throws(() => enrolAgent(at, cose, context), { code })
    t.equal(at.archive.agents().length, 0)
  }
  await refused({}, 'ORACLE_ENROL_FEED', new Uint8Array(32).fill(6))
  await refused({ publicKey: createSignedLog().signer.publicKey }, 'PROTO_SIGNATURE')
  const { cose } = await enrolmentOf(log, FEED, 1)
  const flipped = cose.slice()
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1
  t.throws(() => enrolAgent(node(policy), flipped, context), { code: 'PROTO_SIGNATURE' })
  t.throws(() => enrolAgent(node(policy), new Uint8Array([1, 2]), context))
  await refused(
    {
      devices: [
        {
          assetId: new Uint8Array(32),
          opening: new Uint8Array(32),
          identity: { serial: 's', boardPartNumber: null, uuid: null, pdi: null, moduleIndex: null },
          identityQuality: 'weak',
          model: 'x',
        },
      ],
    },
    'ORACLE_ENROL_ASSET',
  )
})

t.test('an asset is bound to one live agent; ids are never used again', async (t) => {
  const at = node({ kind: 'loopback' })
  const first = createSignedLog()
  const second = createSignedLog()
  const { cose } = await enrolmentOf(first, FEED, 1)
  enrolAgent(at, cose, { loopback: true })
  const devices = devicesOf(at.archive.agents()[0] as never)
  const rival = (await enrolmentOf(second, FEED, 1, { devices })).cose
  t.throws(() => enrolAgent(at, rival, { loopback: true }), { code: 'ORACLE_ENROL_CONFLICT' })
  at.archive.setAgentState(first.agentId, 'retired', 9)
  t.equal(enrolAgent(at, rival, { loopback: true }).state, 'approved')
  t.throws(() => enrolAgent(at, cose, { loopback: true }), { code: 'ORACLE_ENROL_REFUSED' })
})
