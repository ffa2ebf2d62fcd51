import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeHeader, type Header, headerHash } from '#protocol/wire/header'
import { createSqliteArchive } from '../../oracle/archive/sqliteArchive.ts'
import { createIngest } from '../../oracle/ingest/ingest.ts'
import { createSignedLog, primitives, type SignedLog, signUnchecked } from '../helpers/signedLog.ts'
import { seeded, telemetryBodies } from './telemetryCorpus.ts'

type Shape = { readonly rows: number; readonly messages: number; readonly goal: number }
type Message = { readonly agent: string; readonly bytes: Uint8Array }

/** 8 devices; rows per batch, batches to take in, goal in samples per second on two cores. */
const SHAPES: readonly Shape[] = [
  { rows: 1, messages: 16_000, goal: 35_000 },
  { rows: 10, messages: 10_000, goal: 250_000 },
  { rows: 60, messages: 4_000, goal: 600_000 },
]
const DEVICES = 8
const AGENTS = 64
const BODY_SETS = 16
const RUNS = 3

export type IngestFigure = {
  readonly batch: string
  readonly messages: number
  readonly bytesPerMessage: number
  readonly samplesPerSecond: number
  readonly messagesPerSecond: number
  readonly cpuMicrosecondsPerMessage: number
  readonly goalSamplesPerSecond: number
}

/**
 * GPU samples per second that one node verifies and makes durable (SQLite on disk, WAL, synchronous=FULL) before it
 * would ack them. Batches are signed beforehand, all different, by 64 agents in turn. `scale` shortens the run.
 */
export async function benchIngest(scale = 1): Promise<{ readonly ingest: readonly IngestFigure[] }> {
  const figures: IngestFigure[] = []
  for (const shape of SHAPES)
    figures.push(await measure({ ...shape, messages: Math.ceil(shape.messages * scale) }))
  return { ingest: figures }
}

/** The median of {@link RUNS} runs over the same signed batches. */
async function measure(shape: Shape): Promise<IngestFigure> {
  const logs = Array.from({ length: AGENTS }, () => createSignedLog())
  const messages = await signAll(shape, logs)
  const runs: IngestFigure[] = []
  for (let i = 0; i < RUNS; i++) runs.push(await takeIn(shape, logs, messages))
  runs.sort((a, b) => a.samplesPerSecond - b.samplesPerSecond)
  return runs[(RUNS - 1) / 2] as IngestFigure
}

async function takeIn(
  shape: Shape,
  logs: readonly SignedLog[],
  messages: readonly Message[],
): Promise<IngestFigure> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const archive = createSqliteArchive({ file: join(folder, 'archive.sqlite') })
  archive.start()
  for (const log of logs)
    archive.putAgent({
      agentId: log.agentId,
      publicKey: log.signer.publicKey,
      enrolment: new Uint8Array(),
      state: 'approved',
      enrolledAtMs: 0,
      changedAtMs: 0,
    })
  let told = 0
  const ingest = createIngest({
    archive,
    primitives,
    clock: Date.now,
    onAccepted: (entries) => {
      told += entries.length
    },
  })
  ingest.start()
  const cpu = process.cpuUsage()
  const begin = performance.now()
  for (const { agent, bytes } of messages) {
    void ingest.receive(agent, bytes)
    if (!ingest.hasRoom()) await ingest.ready()
  }
  await ingest.stop()
  const seconds = (performance.now() - begin) / 1000
  const used = process.cpuUsage(cpu)
  const { stored } = ingest.counters()
  archive.stop()
  rmSync(folder, { recursive: true, force: true })
  if (stored !== messages.length || told !== messages.length)
    throw new Error(`stored ${stored} and told ${told} of ${messages.length} batches`)
  return {
    batch: `${DEVICES}x${shape.rows}`,
    messages: messages.length,
    bytesPerMessage: Math.round(messages.reduce((sum, m) => sum + m.bytes.length, 0) / messages.length),
    samplesPerSecond: Math.round((stored * DEVICES * shape.rows) / seconds),
    messagesPerSecond: Math.round(stored / seconds),
    cpuMicrosecondsPerMessage: Math.round((used.user + used.system) / stored),
    goalSamplesPerSecond: shape.goal,
  }
}

async function signAll(shape: Shape, logs: readonly SignedLog[]): Promise<Message[]> {
  const random = seeded(8)
  const sets = Array.from({ length: BODY_SETS }, () => {
    const bodies = telemetryBodies(DEVICES, shape.rows, random)
    return { bodies, digests: bodies.map((body) => primitives.sha256(body)) }
  })
  const times = Array.from({ length: shape.rows }, (_, i) => 1000 * i)
  const messages: Message[] = []
  for (let i = 0; i < shape.messages; i++) {
    const log = logs[i % logs.length] as SignedLog
    const set = sets[i % BODY_SETS] as (typeof sets)[number]
    const { boot, seq, prev } = log.at
    const header: Header = {
      agentId: log.agentId,
      kid: log.agentId,
      boot,
      seq,
      prev,
      kind: 'batch',
      epoch: { n: 2_833_333, id: prev },
      t0: 1_700_000_000_000 + 1000 * shape.rows * seq,
      period: 1000,
      times,
      segments: set.digests,
      evidence: [],
      counters: { produced: seq + 1, acked: seq, spooled: 1, dropped: [] },
      tombstones: [],
    }
    const bytes = await signUnchecked(header, set.bodies, log.signer)
    log.at = { boot, seq: seq + 1, prev: headerHash(encodeHeader(header), primitives.sha256) }
    messages.push({ agent: log.agentHex, bytes })
  }
  return messages
}
