import { connect } from 'node:net'
import t from 'tap'
import { createApi } from '../../../oracle/api/createApi.ts'
import { eventLog } from '../../../oracle/api/eventLog.ts'
import { DEMO_ASSETS } from '../../dashboards/demoAssets.ts'
import { signedWorld } from '../../dashboards/signedWorld.ts'
import { worldView } from '../../dashboards/worldView.ts'

type Event = { readonly id: string; readonly event: string; readonly data: Record<string, unknown> }

const world = await signedWorld(DEMO_ASSETS)
const entry = await world.batch(1_800_000_000_000)
const round = await world.round(360_000_000, entry)
const view = worldView(world, entry, round)
const api = createApi(view, { webRoot: null })
const { url } = await api.start('127.0.0.1', 0)
t.teardown(() => api.stop())
const assetId = world.assetIds[0] as string
const incident = (text: string) => ({ kind: 'incident', incident: { at: 1, kind: 'dissent', text } }) as const

/** Reads a stream and gives its events as they come. */
async function open(lastEventId?: string) {
  const control = new AbortController()
  const response = await fetch(`${url}/api/v1/stream`, {
    signal: control.signal,
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  })
  const events: Event[] = []
  const waiting: { wanted: (events: Event[]) => boolean; done: () => void }[] = []
  void (async () => {
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const frames = text.split('\n\n')
      text = frames.pop() ?? ''
      for (const frame of frames) {
        const lines = Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
        events.push({ id: lines.id, event: lines.event, data: JSON.parse(lines.data) })
      }
      for (const each of waiting) if (each.wanted(events)) each.done()
    }
  })().catch(() => {})
  const until = (wanted: (events: Event[]) => boolean) =>
    new Promise<void>((done) => {
      if (wanted(events)) done()
      else waiting.push({ wanted, done })
    })
  t.teardown(() => control.abort())
  return { response, events, until, close: () => control.abort() }
}
const has = (event: string, count: number) => (events: Event[]) =>
  events.filter((each) => each.event === event).length >= count

t.test('a stream greets and passes on rounds and incidents at once', async (t) => {
  const stream = await open()
  t.equal(stream.response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  t.match(stream.response.headers.get('content-security-policy'), /default-src 'self'/)
  await stream.until(has('hello', 1))
  const summary = (await view.rounds(1))[0]
  if (!summary) throw new Error('the world has a round')
  view.emit({ kind: 'round', summary })
  view.emit(incident('another digest'))
  await stream.until((events) => has('round', 1)(events) && has('incident', 1)(events))
  t.equal(stream.events.find((each) => each.event === 'round')?.data.round, 360_000_000)
  stream.close()
})

t.test('an asset that changes all the time is read and sent at most twice a second', async (t) => {
  const stream = await open()
  await stream.until(has('hello', 1))
  view.reads.clear()
  const began = Date.now()
  const noise = setInterval(() => view.emit({ kind: 'asset', assetId }), 5)
  await stream.until(has('asset', 3))
  clearInterval(noise)
  const seconds = (Date.now() - began) / 1000
  const sent = stream.events.filter((each) => each.event === 'asset')
  t.equal(sent[0]?.data.assetId, assetId)
  t.ok(sent.length <= 2 * seconds + 1, `${sent.length} in ${seconds} s`)
  t.ok((view.reads.get(assetId) ?? 0) <= 2 * seconds + 1, 'the node is not asked more often')
  stream.close()
})

t.test(
  'a reader who was away gets what it missed, and one who was away too long is told to load again',
  async (t) => {
    const first = await open()
    await first.until(has('hello', 1))
    view.emit(incident('before'))
    await first.until(has('incident', 1))
    const seen = first.events.at(-1)?.id ?? ''
    first.close()
    view.emit(incident('while away 1'))
    view.emit(incident('while away 2'))
    const second = await open(seen)
    await second.until(has('incident', 2))
    t.same(
      second.events.filter((each) => each.event === 'incident').map((each) => each.data.text),
      ['while away 1', 'while away 2'],
    )
    t.equal(
      second.events.some((each) => each.event === 'reset'),
      false,
    )
    const third = await open('another-process-7')
    await third.until(has('reset', 1))
    t.equal(
      third.events.some((each) => each.event === 'incident'),
      false,
    )
    second.close()
    third.close()
  },
)

t.test('a reader that does not read is dropped, counted, and the others go on', async (t) => {
  const slow = connect(Number(new URL(url).port), '127.0.0.1')
  slow.on('error', () => {})
  const ended = new Promise<void>((done) => slow.on('close', () => done()))
  await new Promise<void>((done) => slow.once('connect', () => done()))
  slow.write('GET /api/v1/stream HTTP/1.1\r\nhost: node\r\n\r\n')
  await new Promise<void>((done) => slow.once('data', () => done()))
  slow.pause()
  const reader = await open()
  await reader.until(has('hello', 1))
  const text = 'x'.repeat(256 * 1024)
  const drops = async () =>
    Number(
      /assay_oracle_http_stream_drops_total (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1],
    )
  for (let i = 0; i < 200 && (await drops()) === 0; i++) view.emit(incident(text))
  t.equal(await drops(), 1)
  slow.resume()
  await ended
  view.emit(incident('still here'))
  await reader.until((events) => events.some((each) => each.data.text === 'still here'))
  reader.close()
})

t.test('stopping ends open streams and lets go of the node', async (t) => {
  const other = createApi(view, { webRoot: null })
  const before = view.listeners()
  const started = await other.start('127.0.0.1', 0)
  t.equal(view.listeners(), before + 1)
  const response = await fetch(`${started.url}/api/v1/stream`)
  await other.stop()
  await response.text().catch(() => '')
  t.equal(view.listeners(), before)
  await t.rejects(fetch(`${started.url}/healthz`))
})

t.test('the log of events knows what it no longer has', async (t) => {
  const log = eventLog('here', 3)
  for (const text of ['1', '2', '3', '4', '5']) log.append('incident', text)
  t.same(
    log.after('here-3')?.map((each) => each.id),
    ['here-4', 'here-5'],
  )
  t.same(log.after('here-5'), [])
  t.same(log.after('here-2')?.length, 3)
  t.equal(log.after('here-1'), undefined)
  t.equal(log.after('here-6'), undefined)
  t.equal(log.after('there-3'), undefined)
  t.equal(log.after(''), undefined)
})
