import { createHash } from 'node:crypto'
import type { Signer } from '#protocol/primitives'
import { encodeCbor } from '#protocol/wire/cbor'
import { sign1 } from '#protocol/wire/cose'
import { encodeHeader, type Header, headerHash, type SpoolClass } from '#protocol/wire/header'
import { MAX_ENTRY_BYTES } from '#protocol/wire/limits'
import { agentError } from '../agentErrors.ts'
import { createMutex } from '../spool/mutex.ts'
import type { Spool } from '../spool/spool.ts'
import type { BootChoice } from './chooseBoot.ts'
import type { EntryDraft } from './entryDraft.ts'

/** What the writer works with. */
export type LogWriterParts = {
  readonly agentId: Uint8Array
  readonly signer: Signer
  readonly spool: Spool
  /** The newest epoch that M nodes announced identically, or null. */
  readonly epoch: () => Header['epoch']
  /** Makes a boot number durable before anything is signed in it. */
  readonly saveBoot: (boot: number) => Promise<void>
  /** Told of every durable entry, in log order. */
  readonly onAppended?: (ordinal: number, spoolClass: SpoolClass, bytes: Uint8Array) => void
}

/** Signs entries into the log, one after the other. */
export type LogWriter = {
  /** Begins a boot: its first header has seq 0 and links to `prev`. */
  open(choice: Pick<BootChoice, 'boot' | 'prev'>): Promise<void>
  boot(): number
  /**
   * Signs an entry and makes it durable; answers its ordinal in the spool.
   * @throws AssayError AGENT_ENTRY_TOO_LARGE, AGENT_SPOOL_FULL or AGENT_SPOOL_WRITE: nothing was written then
   */
  write(draft: EntryDraft): Promise<number>
  /** Resolves when everything given so far is durable or refused. */
  settled(): Promise<void>
}

const MAX_TOMBSTONES = 256
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** A writer that has no boot yet: {@link LogWriter.open} comes first. */
export function createLogWriter(parts: LogWriterParts): LogWriter {
  const { agentId, signer, spool } = parts
  const exclusive = createMutex()
  let boot = 0
  let seq = 0
  let prev: Uint8Array = new Uint8Array(32)
  let isPositionBurnt = false

  async function begin(number: number, link: Uint8Array): Promise<void> {
    await parts.saveBoot(number)
    boot = number
    seq = 0
    prev = link
    isPositionBurnt = false
  }

  return {
    open: (choice) => exclusive(() => begin(choice.boot, choice.prev)),
    boot: () => boot,
    settled: () => exclusive(async () => {}),
    write: (draft) =>
      exclusive(async () => {
        // After a write that nobody knows the end of, its position may stand on the disk: it is never used again.
        if (isPositionBurnt) await begin(boot + 1, prev)
        const tombstones = spool.pendingTombstones(MAX_TOMBSTONES)
        const header: Header = {
          agentId,
          kid: agentId,
          boot,
          seq,
          prev,
          kind: draft.kind,
          epoch: parts.epoch(),
          t0: draft.t0,
          period: draft.period,
          times: draft.times,
          segments: draft.segments.map(sha256),
          evidence: [],
          counters: spool.counters(),
          tombstones,
        }
        const payload = encodeHeader(header)
        const bytes = encodeCbor([await sign1('assay/header/1', payload, signer), [...draft.segments]])
        if (bytes.length > MAX_ENTRY_BYTES)
          throw agentError('AGENT_ENTRY_TOO_LARGE', {
            found: bytes.length,
            wanted: `at most ${MAX_ENTRY_BYTES}`,
          })
        const hash = headerHash(payload, sha256)
        let ordinal: number
        try {
          ordinal = await spool.append({ class: draft.class, boot, seq, hash, prev, bytes, tombstones })
        } catch (error) {
          if ((error as { code?: string }).code !== 'AGENT_SPOOL_FULL') isPositionBurnt = true
          throw error
        }
        seq++
        prev = hash
        parts.onAppended?.(ordinal, draft.class, bytes)
        return ordinal
      }),
  }
}
