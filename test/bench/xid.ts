import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { parse } from 'yaml'
import { toHex } from '#protocol/bytes'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import { verifySign1 } from '#protocol/wire/cose'
import { entrySegments, parseEntry } from '#protocol/wire/entry'
import { EVENTS } from '#protocol/wire/eventCodes'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { seededRandom } from '../fixtures/corpus.ts'
import { primitives } from '../helpers/signedLog.ts'
import { quantile } from './quantile.ts'
import { startSimulatedFeed } from './simulatedFeed.ts'

const GPUS = 8
// Different codes, so that no event is merged into an earlier one of the same kind.
const CODES = [48, 62, 63, 64, 74, 79, 92, 94, 95, 119, 120, 137, 140]
const SEED = 'xid bench'

/**
 * Milliseconds from an XID in the (simulated) driver to its signed event at an MQTT subscriber, signature verified:
 * the driver's wait, the probe process, signing, the fsync of the spool and the broker are all in it.
 */
export async function benchXid(): Promise<object> {
  const { feed, sim, stop } = await startSimulatedFeed()
  const settings = parse(readFileSync(join(feed.dir, 'agent.yaml'), 'utf8')) as { mqtt: { url: string } }
  const mqtt = await connectAsync(settings.mqtt.url)
  try {
    const publicKey = createNodeSigner(
      readFileSync(join(feed.dir, 'agent', 'agent-key.pem'), 'utf8'),
    ).publicKey
    const arrived = new Map<number, number>()
    const order = new Map<string, number>()
    mqtt.on('message', (_topic, payload) => {
      const at = performance.now()
      const entry = parseEntry(new Uint8Array(payload), primitives)
      if (!verifySign1(entry.sign1, publicKey, primitives)) return
      for (const segment of entrySegments(entry)) {
        if (segment.kind !== 'event' || segment.event !== EVENTS.xid.id || !segment.subject) continue
        const index = order.get(`${toHex(segment.subject)} ${segment.detail[0]}`) ?? order.size
        order.set(`${toHex(segment.subject)} ${segment.detail[0]}`, index)
        if (!arrived.has(index)) arrived.set(index, at)
      }
    })
    await mqtt.subscribeAsync(`assay/1/${toHex(feed.roster.feedId)}/+/up/event`, { qos: 1 })
    const random = seededRandom(SEED)
    const injected: number[] = []
    const xids: string[] = []
    for (let i = 0; i < GPUS * CODES.length; i++) {
      await pause(60 + Math.floor(random() * 240))
      xids.push(`${i % GPUS}:${CODES[Math.floor(i / GPUS)]}`)
      injected.push(performance.now())
      sim.configure({ gpus: GPUS }, xids)
      await waitFor(`event ${i}`, async () => arrived.has(i), 10_000, 2)
    }
    const latencies = injected.map((at, i) => (arrived.get(i) as number) - at)
    return {
      goal: { p99Ms: 300 },
      seed: SEED,
      xids: latencies.length,
      p50Ms: Number(quantile(latencies, 0.5).toFixed(1)),
      p99Ms: Number(quantile(latencies, 0.99).toFixed(1)),
      maxMs: Number(Math.max(...latencies).toFixed(1)),
    }
  } finally {
    await mqtt.endAsync(true)
    await stop()
  }
}
