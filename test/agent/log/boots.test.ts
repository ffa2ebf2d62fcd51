import fc from 'fast-check'
import t from 'tap'
import { comparePositions } from '#protocol/wire/header'
import { chooseBoot, type KnownHead } from '../../../agent/log/chooseBoot.ts'
import { reconcile } from '../../../agent/log/reconcile.ts'

const head = (boot: number, seq: number): KnownHead => ({ boot, seq, hash: new Uint8Array(32).fill(boot) })
const anyHead = fc.option(
  fc
    .record({ boot: fc.integer({ min: 1, max: 50 }), seq: fc.nat(50) })
    .map(({ boot, seq }) => head(boot, seq)),
  { nil: null },
)

t.test(
  'a new boot is beyond everything known and everything opened before, and links to the newest head',
  async (t) => {
    fc.assert(
      fc.property(
        fc.nat(60),
        anyHead,
        anyHead,
        fc.integer({ min: 0, max: 80 }),
        (lastBoot, local, node, nowMs) => {
          const choice = chooseBoot({
            lastBoot,
            localHead: local,
            nodeHead: node,
            nowMs,
          })
          const highest = Math.max(lastBoot, local?.boot ?? 0, node?.boot ?? 0)
          if (choice.boot <= highest) return false
          if (choice.boot !== Math.max(highest + 1, nowMs)) return false
          const newest = node && (!local || comparePositions(node, local) > 0) ? node : local
          if (Buffer.compare(choice.prev, newest?.hash ?? new Uint8Array(32)) !== 0) return false
          return (choice.rolledBackFrom !== null) === (newest !== null && newest === node)
        },
      ),
      { numRuns: 1000 },
    )
    t.pass('1000 starts')
  },
)

t.test('what a head shown by a node means', async (t) => {
  const run = { startHead: head(3, 9), firstBoot: 7, head: head(7, 20) }
  const cases: [KnownHead, typeof run | { startHead: null; firstBoot: number; head: KnownHead }, string][] = [
    [head(3, 9), run, 'known'],
    [head(1, 99), run, 'known'],
    [head(7, 20), run, 'known'],
    [head(7, 0), run, 'known'],
    [head(3, 10), run, 'rolled back'],
    [head(5, 0), run, 'rolled back'],
    [head(7, 21), run, 'cloned'],
    [head(8, 0), run, 'reopen'],
    [head(3, 10), { startHead: null, firstBoot: 7, head: head(7, 20) }, 'reopen'],
  ]
  for (const [shown, facts, kind] of cases)
    t.equal(reconcile(shown, facts).kind, kind, `${shown.boot}/${shown.seq}`)
})
