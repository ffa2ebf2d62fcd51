import fc from 'fast-check'
import t from 'tap'
import type { Tombstone } from '#protocol/wire/header'
import { mergeTombstones } from '../../../agent/spool/tombstones.ts'

const hash = (seq: number): Uint8Array => new Uint8Array(32).fill(seq + 1)
const run = (from: number, to: number): Tombstone => ({
  from: { boot: 1, seq: from },
  to: { boot: 1, seq: to },
  firstPrev: hash(from - 1),
  lastHash: hash(to),
  reason: 'quota',
})

t.test('merged tombstones cover exactly what was dropped, whatever earlier states come back', async (t) => {
  const drop = fc.record({ at: fc.nat(40), length: fc.integer({ min: 1, max: 6 }), back: fc.boolean() })
  fc.assert(
    fc.property(fc.array(drop, { maxLength: 25 }), (drops) => {
      const gone = new Set<number>()
      let pending: Tombstone[] = []
      const carried: Tombstone[] = []
      for (const { at, length, back } of drops) {
        const fresh: number[] = []
        for (let seq = at; seq < at + length && !gone.has(seq); seq++) fresh.push(seq)
        for (const seq of fresh) gone.add(seq)
        carried.push(...pending)
        const dropped = fresh.length > 0 ? [run(fresh[0] as number, fresh.at(-1) as number)] : []
        pending = mergeTombstones([...pending, ...dropped, ...(back ? carried : [])])
      }
      const told = new Set<number>()
      for (const each of pending)
        for (let seq = each.from.seq; seq <= each.to.seq; seq++) {
          if (told.has(seq)) return false
          told.add(seq)
        }
      const isChained = pending.every(
        (each) =>
          each.firstPrev[0] === hash(each.from.seq - 1)[0] && each.lastHash[0] === hash(each.to.seq)[0],
      )
      return isChained && told.size === gone.size && [...gone].every((seq) => told.has(seq))
    }),
    { numRuns: 2000 },
  )
  t.pass('2000 histories')
})
