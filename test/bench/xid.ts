import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { toHex } from '#protocol/bytes'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import { verifySign1 } from '#protocol/wire/cose'
import { checkBodies, entrySegments, parseEntry } from '#protocol/wire/entry'
import { EVENTS } from '#protocol/wire/eventCodes'
import { upTopic } from '#protocol/wire/topics'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { seededRandom } from '../fixtures/corpus.ts'
import { primitives } from '../helpers/signedLog.ts'
import { quantile } from './quantile.ts'
import { startSimulatedFeed } from './simulatedFeed.ts'

const GPUS = 8
const XIDS = 100
const SEED = 'xid bench'
/** Spacing of the XIDs, drawn evenly; the next one does not wait for the one before to arrive. */
const SPACING_MS = { least: 50, most: 550 }

/**
 * Milliseconds from an XID in the (simulated) driver to its signed event at an MQTT subscriber, signature and segment
 * digest verified: the driver's wait, the probe process, signing, the fsync of the spool and the broker are all in it.
 * Sampling of 8 GPUs goes on beside it.
 * @throws Error when an XID does not arrive, or an event does not verify
 */
export async function benchXid(): Promise<object> {
  const { feed, sim, stop } = await startSimulatedFeed()
  const mqtt = await connectAsync(feed.brokerUrl)
  try {
    const key = createNodeSigner(readFileSync(join(feed.dir, 'agent', 'agent-key.pem'), 'utf8')).publicKey
    const arrived = new Map<number, number>()
    let unverified = 0
    mqtt.on('message', (_topic, payload) => {
      const at = performance.now()
      const entry = parseEntry(new Uint8Array(payload), primitives)
      checkBodies(entry, primitives)
      if (!verifySign1(entry.sign1, key, primitives)) unverified++
      for (const segment of entrySegments(entry)) {
        if (segment.kind !== 'event' || segment.event !== EVENTS.xid.id || segment.subject === null) continue
        const xid = segment.detail[0] as number
        if (!arrived.has(xid)) arrived.set(xid, at)
      }
    })
    await mqtt.subscribeAsync(upTopic(toHex(feed.roster.feedId), feed.agentId, 'event'), { qos: 1 })
    const random = seededRandom(SEED)
    const injected: number[] = []
    const lines: string[] = []
    for (let i = 0; i < XIDS; i++) {
      await pause(SPACING_MS.least + random() * (SPACING_MS.most - SPACING_MS.least))
      // Every code once, so that no event is merged into an earlier one and each arrival is known by its code.
      lines.push(`${Math.floor(random() * GPUS)}:${i + 1}`)
      injected.push(performance.now())
      sim.configure({ gpus: GPUS }, lines)
    }
    await waitFor('every XID to arrive', async () => arrived.size === XIDS, 10_000, 50).catch((error) => {
      throw new Error(`${arrived.size} of ${XIDS} XIDs arrived`, { cause: error })
    })
    if (unverified > 0) throw new Error(`${unverified} events did not verify`)
    const took = injected.map((at, i) => (arrived.get(i + 1) as number) - at)
    const ms = (value: number): number => Number(value.toFixed(1))
    return {
      goal: { p99Ms: 300 },
      seed: SEED,
      xids: took.length,
      p50Ms: ms(quantile(took, 0.5)),
      p99Ms: ms(quantile(took, 0.99)),
      maxMs: ms(Math.max(...took)),
    }
  } finally {
    await mqtt.endAsync(true)
    await stop()
  }
}
