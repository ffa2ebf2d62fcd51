import type { Signer } from '#protocol/primitives'
import { encodeAck } from '#protocol/wire/ack'
import type { LogHead } from '#protocol/wire/ackList'
import { sign1 } from '#protocol/wire/cose'
import { hexKey } from '../archive/hexKey.ts'

export type AckWriter = {
  /** Newest head of a log: an ack is cumulative, so only the last one before a flush is signed. */
  push(heads: readonly LogHead[]): void
  /** COSE `assay/ack/1` of a head; the last one of each log is kept. */
  sign(head: LogHead): Promise<Uint8Array>
  stop(): void
}

/** Coalesces acks per agent: signs and hands on at most one per agent and `everyMs`, while `canSend`. */
export function createAckWriter(options: {
  nodeId: Uint8Array
  signer: Signer
  everyMs: number
  canSend: () => boolean
  send: (agentId: string, cose: Uint8Array) => void
}): AckWriter {
  const dirty = new Map<string, LogHead>()
  const signed = new Map<string, { hash: string; cose: Uint8Array }>()
  let timer: NodeJS.Timeout | undefined
  let flushing = false

  async function sign(head: LogHead): Promise<Uint8Array> {
    const agent = hexKey(head.logId)
    const hash = hexKey(head.hash)
    const known = signed.get(agent)
    if (known?.hash === hash) return known.cose
    const payload = encodeAck({
      nodeId: options.nodeId,
      agentId: head.logId,
      boot: head.boot,
      seq: head.seq,
      hash: head.hash,
    })
    const cose = await sign1('assay/ack/1', payload, options.signer)
    signed.set(agent, { hash, cose })
    return cose
  }

  async function flush(): Promise<void> {
    timer = undefined
    if (flushing) return
    flushing = true
    for (const [agent, head] of dirty) {
      if (!options.canSend()) break
      dirty.delete(agent)
      options.send(agent, await sign(head))
    }
    flushing = false
    if (dirty.size > 0) arm()
  }

  function arm(): void {
    timer ??= setTimeout(() => void flush(), options.everyMs)
  }

  return {
    push(heads) {
      for (const head of heads) dirty.set(hexKey(head.logId), head)
      if (dirty.size > 0) arm()
    },
    sign,
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
