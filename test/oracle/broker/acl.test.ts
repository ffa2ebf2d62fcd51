import fc from 'fast-check'
import t from 'tap'
import { DOWN_KINDS, downTopic, epochTopic, UP_KINDS, upTopic } from '#protocol/wire/topics'
import { mayPublish, maySubscribe } from '../../../oracle/broker/brokerAcl.ts'
import { mosquittoConfig } from '../../../oracle/broker/mosquittoConfig.ts'

const SEED = Number(process.env.ASSAY_SEED ?? 11)
const FEED = 'f'.repeat(64)
const A = 'a'.repeat(64)
const B = 'b'.repeat(64)
const roles = { nodes: ['node-1'], operators: ['desk'] }

t.test('agents publish under their own name only', async (t) => {
  for (const kind of UP_KINDS) {
    t.ok(mayPublish(A, upTopic(FEED, A, kind), roles))
    t.notOk(mayPublish(A, upTopic(FEED, B, kind), roles))
  }
  for (const kind of DOWN_KINDS) t.notOk(mayPublish(A, downTopic(FEED, A, kind), roles))
  t.notOk(mayPublish(A, epochTopic(FEED), roles))
  t.notOk(mayPublish('', upTopic(FEED, A, 'batch'), roles), 'a certificate without a name is nobody')
})

t.test('nodes and operators', async (t) => {
  t.ok(mayPublish('node-1', downTopic(FEED, A, 'ack'), roles))
  t.ok(mayPublish('node-1', epochTopic(FEED), roles))
  t.notOk(mayPublish('node-1', downTopic(FEED, A, 'order'), roles), 'a node gives no orders')
  t.notOk(mayPublish('node-1', upTopic(FEED, A, 'batch'), roles), 'a node makes no readings')
  t.ok(mayPublish('desk', downTopic(FEED, A, 'order'), roles))
  t.notOk(mayPublish('desk', downTopic(FEED, A, 'ack'), roles))
})

t.test('subscriptions', async (t) => {
  t.ok(maySubscribe('node-1', `assay/1/${FEED}/+/up/+`, roles))
  t.notOk(maySubscribe(A, `assay/1/${FEED}/+/up/+`, roles))
  t.ok(maySubscribe(A, `assay/1/${FEED}/${A}/down/+`, roles))
  t.ok(maySubscribe(A, epochTopic(FEED), roles))
  t.notOk(maySubscribe(A, `assay/1/${FEED}/${B}/down/+`, roles))
  t.notOk(maySubscribe(A, `assay/1/${FEED}/+/down/+`, roles))
  for (const filter of ['#', 'assay/1/#', '+/1/#', `assay/1/${FEED}/#`])
    for (const who of [A, 'node-1', 'desk']) t.notOk(maySubscribe(who, filter, roles), `${who} ${filter}`)
  t.notOk(maySubscribe(null, `$share/x/assay/1/${FEED}/+/up/+`, roles))
})

t.test('no topic lets an agent speak for another or as a node', async (t) => {
  const level = (...usual: string[]) =>
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...usual) }, fc.constantFrom('', '+', '#', 'epoch', B))
  const topic = fc
    .tuple(
      level('assay'),
      level('1'),
      level(FEED),
      level(A, B),
      level('up', 'down'),
      level('batch', 'ack', 'order'),
      level(''),
    )
    .map((levels) => (levels[6] === '' ? levels.slice(0, 6) : levels))
  let allowed = 0
  fc.assert(
    fc.property(topic, (levels) => {
      if (!mayPublish(A, levels.join('/'), roles)) return true
      allowed += 1
      return levels.length === 6 && levels[3] === A && levels[4] === 'up'
    }),
    { seed: SEED, numRuns: 5000 },
  )
  t.ok(allowed > 100, `${allowed} of 5000 allowed`)
  t.comment(`seed ${SEED}`)
})

t.test('a name with a line break cannot add a line to the mosquitto ACL', async (t) => {
  const files = { host: '127.0.0.1', port: 1, ca: 'a', cert: 'b', key: 'c', aclFile: 'd' }
  t.throws(() => mosquittoConfig({ ...files, roles: { nodes: ['x\ntopic readwrite #'], operators: [] } }))
  const { conf, acl } = mosquittoConfig({ ...files, roles, persistenceDir: '/var/lib/mosquitto' })
  t.match(conf, /require_certificate true/)
  t.match(conf, /persistence_location \/var\/lib\/mosquitto\/\n/)
  t.match(acl, /user node-1\ntopic read assay\/1\/\+\/\+\/up\/\+/)
})
