import fc from 'fast-check'
import t from 'tap'
import { AssayError } from '#protocol/assayError'
import type { LogWriter } from '../../../agent/log/logWriter.ts'
import { createCoalescer, type WatchedEvent } from '../../../agent/watch/coalescer.ts'
import { createEventWriter } from '../../../agent/watch/eventWriter.ts'
import { createFakeClock } from '../helpers/fakeClock.ts'
import { waitFor } from '../helpers/waitFor.ts'

const xid = (code: number, subjectHex: string | null = 'aa'): WatchedEvent => ({
  kind: 'xid',
  subject: subjectHex === null ? null : new Uint8Array(32).fill(1),
  subjectHex,
  atMs: 1,
  detail: [code, 0],
})

t.test('168,000 XIDs of one kind become one event at once and a few counted summaries', async (t) => {
  const clock = createFakeClock()
  const sent: WatchedEvent[] = []
  const coalescer = createCoalescer(clock, (event) => sent.push(event))
  coalescer.offer(xid(45))
  t.same(
    sent.map((event) => event.detail),
    [[45, 0]],
    'the first one at once',
  )
  for (let i = 1; i < 168_000; i++) {
    coalescer.offer(xid(45))
    if (i % 1000 === 0) await clock.advance(1000)
  }
  await clock.advance(3_600_000)
  const counted = sent.slice(1).reduce((sum, event) => sum + (event.detail[2] ?? 0), 0)
  t.equal(counted + 1, 168_000, 'none is lost from the count')
  t.ok(sent.length < 12, `${sent.length} entries`)
  t.equal(clock.waiting, 0, 'a flood that ended leaves no timer')
  coalescer.offer(xid(45))
  t.same(sent.at(-1)?.detail, [45, 0], 'afterwards the next one is sent at once again')
})

t.test('whatever comes: the first of each kind at once, all of them counted, memory bounded', async (t) => {
  const offer = fc.record({
    code: fc.nat(4),
    device: fc.constantFrom('aa', 'bb', null),
    pause: fc.nat(30_000),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(offer, { maxLength: 60 }), async (offers) => {
      const clock = createFakeClock()
      const sent: WatchedEvent[] = []
      const coalescer = createCoalescer(clock, (event) => sent.push(event))
      const seen = new Set<string>()
      for (const { code, device, pause } of offers) {
        const before = sent.length
        coalescer.offer(xid(code, device))
        const isFirst = !seen.has(`${device} ${code}`)
        seen.add(`${device} ${code}`)
        if (isFirst && sent.length !== before + 1) throw new Error('the first one was held back')
        await clock.advance(pause)
      }
      coalescer.flush()
      const total = sent.reduce((sum, event) => sum + (event.detail[2] ?? 1), 0)
      if (total !== offers.length) throw new Error(`${total} of ${offers.length}`)
      if (clock.waiting !== 0) throw new Error('a timer is left')
    }),
    { numRuns: 200 },
  )
  t.pass('200 floods')
})

t.test('a flood of ever new kinds is counted per kind of event', async (t) => {
  const sent: WatchedEvent[] = []
  const coalescer = createCoalescer(createFakeClock(), (event) => sent.push(event))
  for (let code = 0; code < 100_000; code++) coalescer.offer(xid(code, `device ${code % 50}`))
  t.ok(sent.length <= 1025, `${sent.length} events`)
  coalescer.flush()
  t.equal(
    sent.reduce((sum, event) => sum + (event.subject === null ? (event.detail[0] ?? 1) : 1), 0),
    100_000,
  )
})

t.test('events wait for a full disk in order, and only the oldest are given up', async (t) => {
  const clock = createFakeClock()
  let isFull = true
  const written: number[] = []
  const log = {
    write: async (draft: { t0: number }) => {
      if (isFull) throw new AssayError('AGENT_SPOOL_FULL', { what: 'full', mend: 'mend' })
      return written.push(draft.t0)
    },
  } as unknown as LogWriter
  let faults = 0
  const writer = createEventWriter(log, clock, () => faults++)
  for (let i = 0; i < 1500; i++) void writer.write({ ...xid(1), atMs: i })
  await clock.advance(3000)
  t.equal(writer.waiting(), 1000)
  t.equal(writer.lost(), 500)
  t.ok(faults > 0)
  t.equal(clock.waiting, 1, 'one retry is planned, not one per event')
  isFull = false
  await clock.advance(1000)
  await waitFor('the queue is empty', () => writer.waiting() === 0)
  t.equal(writer.waiting(), 0)
  t.same(written, [0, ...Array.from({ length: 999 }, (_, i) => 501 + i)])
  writer.stop()
})
