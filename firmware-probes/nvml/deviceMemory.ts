import type { DeviceReading, DeviceRef } from '#protocol/wire/reading'
import { decodeDevice } from './decodeDevice.ts'
import { decodeSlow, type SlowPart } from './decodeSlow.ts'
import { tierPlan } from './nvmlCalls.ts'
import { frameLayout, type RawCall, type RawCalls, readFrame } from './nvmlFrame.ts'

/** NVML_ERROR_GPU_IS_LOST */
const GPU_IS_LOST = 15

const layouts = { fast: frameLayout('fast'), slow: frameLayout('slow') }

const keysOf = (tier: 'fast' | 'slow'): readonly string[] => [
  ...tierPlan(tier).calls.map((call) => call.key),
  ...tierPlan(tier).fields.map((id) => `field(${id})`),
]
const FAST_KEYS = keysOf('fast')
const SLOW_KEYS = keysOf('slow')
const IS_FAST: ReadonlySet<string> = new Set(FAST_KEYS)

/** Results that all carry one code: a tier that could not be read. */
function failed(keys: readonly string[], code: number): Map<string, RawCall> {
  const call: RawCall = { code, out: Buffer.alloc(0) }
  return new Map(keys.map((key) => [key, call]))
}

const LOST: SlowPart = decodeSlow(failed(SLOW_KEYS, GPU_IS_LOST))

/**
 * The latest raw results of one index: the fast tier of this sample over the slow tier read some seconds ago. A device
 * that says it is lost takes its older results with it, so that nothing of a lost GPU is shown as a value.
 */
export class DeviceMemory {
  #fast = new Map<string, RawCall>()
  #slow = new Map<string, RawCall>()
  #decodedSlow: SlowPart | null = null
  #ref: DeviceRef
  #wantsSlow = true

  constructor(index: number) {
    this.#ref = { index }
  }

  /** True when the slow tier must be read at the next sample, whatever its period says. */
  get wantsSlow(): boolean {
    return this.#wantsSlow
  }

  /** How events name this device: the last UUID and PCI address that it answered with, and its index. */
  get ref(): DeviceRef {
    return this.#ref
  }

  /** Takes one answer of the child (frames in base64); returns its raw results by key, for a recording. */
  take(handle: number, fast: string | null, slow: string | null): RawCalls {
    if (handle !== 0 || fast === null) {
      this.fail(handle)
      return new Map()
    }
    this.#fast = readFrame(layouts.fast, Buffer.from(fast, 'base64'))
    if (slow !== null) {
      this.#slow = readFrame(layouts.slow, Buffer.from(slow, 'base64'))
      this.#decodedSlow = null
    }
    this.#wantsSlow = slow === null && this.#lost()
    return slow === null ? this.#fast : new Map([...this.#fast, ...this.#slow])
  }

  /** Lays newer raw results over the older ones, as a recording gives them. */
  merge(fresh: RawCalls): void {
    for (const [key, call] of fresh) {
      const tier = IS_FAST.has(key) ? this.#fast : this.#slow
      tier.set(key, call)
      if (tier === this.#slow) this.#decodedSlow = null
    }
  }

  /** Nothing of this device can be read: every result carries the code. */
  fail(code: number): void {
    this.#fast = failed(FAST_KEYS, code)
    this.#slow = failed(SLOW_KEYS, code)
    this.#decodedSlow = null
    this.#wantsSlow = true
  }

  reading(index: number): DeviceReading {
    this.#decodedSlow ??= decodeSlow(this.#slow)
    const reading = decodeDevice(index, this.#fast, this.#lost() ? LOST : this.#decodedSlow)
    const { uuid, pciBusId } = reading.identity
    if (uuid.presence === 'value' || pciBusId.presence === 'value') {
      this.#ref = {
        index,
        ...(uuid.presence === 'value' ? { uuid: uuid.value } : {}),
        ...(pciBusId.presence === 'value' ? { pciBusId: pciBusId.value } : {}),
      }
    }
    return reading
  }

  #lost(): boolean {
    return FAST_KEYS.some((key) => this.#fast.get(key)?.code === GPU_IS_LOST)
  }
}
