import t from 'tap'
import { createSampleGaps } from '../../../oracle/inputs/sampleGaps.ts'
import { createSignedLog } from '../../helpers/signedLog.ts'

const accepted = (entry: Awaited<ReturnType<ReturnType<typeof createSignedLog>['next']>>) => ({
  entry,
  receivedAtMs: 0,
  verdict: 0,
  segments: () => [],
  subjects: () => [],
})

t.test('samples that a restart lost are counted between the boots', async (t) => {
  const log = createSignedLog({ rows: 10 })
  const gaps = createSampleGaps()
  t.same(gaps.accept([accepted(await log.next({ t0: 1_000_000 }))]), [])
  t.same(gaps.accept([accepted(await log.next({ t0: 1_010_000 }))]), [], 'the beat goes on')
  log.at = { boot: 7, seq: 0, prev: log.at.prev }
  const [gap] = gaps.accept([accepted(await log.next({ t0: 1_025_000 }))])
  t.same(gap, { agentId: log.agentHex, fromMs: 1_019_000, toMs: 1_025_000, missing: 5, restarted: true })
  t.equal(gaps.missing(), 5)
})

t.test('batches of one sample: the step is the time between them', async (t) => {
  const log = createSignedLog({ rows: 1 })
  const gaps = createSampleGaps()
  for (const t0 of [0, 1000, 2000, 3100])
    t.same(gaps.accept([accepted(await log.next({ t0: 5_000_000 + t0 }))]), [])
  t.equal(gaps.accept([accepted(await log.next({ t0: 5_010_000 }))])[0]?.missing, 6)
})
