import { connectAsync } from 'mqtt'
import { toHex } from '#protocol/bytes'
import type { Entry } from '#protocol/wire/entry'
import { upTopic } from '#protocol/wire/topics'
import type { EnrolledAgent } from '../../oracle/api/nodeView.ts'
import { admitAgent } from '../../oracle/up/registrar.ts'
import { enrolmentOf } from './enrolLog.ts'
import type { LocalFeed } from './localFeed.ts'
import { healthySegment } from './roundWorld.ts'
import { createSignedLog, type SignedLog } from './signedLog.ts'

/** An agent of the tests that speaks to a feed over its broker, as any agent does. */
export type FeedTraffic = {
  readonly log: SignedLog
  /** Hex without 0x. */
  readonly assetIds: readonly string[]
  readonly topic: string
  /** Publishes bytes under a topic (the agent's own when left out). */
  publish(bytes: Uint8Array, topic?: string): Promise<void>
  /** Signs the next entry over every device, as the running one would, without publishing it. */
  sign(): Promise<Entry>
  /** Runs something while no entry is signed in between. */
  exclusive<T>(run: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

const EVERY_MS = 400

/** Enrols an agent with `devices` healthy devices everywhere, has them admitted, and sends a batch every 0.4 s. */
export async function startTraffic(feed: LocalFeed, devices = 2): Promise<FeedTraffic> {
  const log = createSignedLog()
  const { cose, assetIds } = await enrolmentOf(log, feed.roster.feedId, devices)
  for (const { url } of feed.roster.nodes) {
    const answer = await fetch(`${url}/enrol`, {
      method: 'POST',
      body: cose,
      headers: { 'content-type': 'application/cbor' },
    })
    if (!answer.ok) throw new Error(`${url} does not enrol: ${await answer.text()}`)
  }
  const first = feed.roster.nodes[0]?.url
  const { agents } = (await (await fetch(`${first}/agents`)).json()) as { agents: EnrolledAgent[] }
  await admitAgent(agents[0] as EnrolledAgent, 1n, {
    provider: feed.provider,
    registrarKey: feed.deployer,
    registry: feed.deployment.registry,
    roster: feed.roster,
    owner: `0x${'11'.repeat(20)}`,
  })
  const mqtt = await connectAsync(feed.brokerUrl)
  const topic = upTopic(toHex(feed.roster.feedId), log.agentHex, 'batch')
  const publish = async (bytes: Uint8Array, under = topic): Promise<void> => {
    await mqtt.publishAsync(under, Buffer.from(bytes), { qos: 1 })
  }
  const sign = (): Promise<Entry> => {
    const epoch = feed.nodes[0]?.parts().engine.newestEpoch()
    const quoted = epoch ? { n: epoch.n, id: Buffer.from(epoch.epochId.slice(2), 'hex') } : null
    return log.next(
      { epoch: quoted, t0: Date.now() - 500, times: [0, 250] },
      assetIds.map((id) => healthySegment(id, 2)),
    )
  }
  let queue: Promise<unknown> = Promise.resolve()
  const exclusive = <T>(run: () => Promise<T>): Promise<T> => {
    const result = queue.then(run)
    queue = result.catch(() => undefined)
    return result
  }
  const send = async (): Promise<void> => publish((await sign()).bytes)
  await send()
  const timer = setInterval(() => void exclusive(send), EVERY_MS)
  return {
    log,
    assetIds: assetIds.map(toHex),
    topic,
    publish,
    sign,
    exclusive,
    async stop() {
      clearInterval(timer)
      await queue
      await mqtt.endAsync(true)
    },
  }
}
