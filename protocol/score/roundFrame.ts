import { protoError } from '../protoErrors.ts'
import type { ChainToken, ChainView, EpochRef } from '../wire/chainView.ts'
import type { FeedParams, RoundInput } from './round.ts'

/** The part of a round's input that is neither logs nor state: what was read from the chain, and the feed's constants. */
export type RoundFrame = {
  readonly n: number
  readonly view: ChainView
  readonly params: FeedParams
  readonly epochs: readonly EpochRef[]
}

/** A frame as JSON text; token ids are decimal text. */
export function writeRoundFrame(input: Pick<RoundInput, 'n' | 'view' | 'params' | 'epochs'>): string {
  const { n, view, params, epochs } = input
  const plain = {
    n,
    view,
    params,
    epochs: epochs.map(({ n: e, epochId, startS }) => ({ n: e, epochId, startS })),
  }
  return JSON.stringify(plain, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
}

/**
 * The frame of its JSON text.
 * @throws AssayError PROTO_SHAPE when it is not one
 */
export function readRoundFrame(text: string): RoundFrame {
  try {
    const raw = JSON.parse(text) as RoundFrame
    const token = (each: ChainToken): ChainToken => ({ ...each, tokenId: BigInt(each.tokenId) })
    return {
      ...raw,
      view: { ...raw.view, tokens: raw.view.tokens.map(token), retired: raw.view.retired.map(token) },
    }
  } catch (cause) {
    throw protoError('PROTO_SHAPE', { field: 'round frame', found: (cause as Error).message }, cause)
  }
}
