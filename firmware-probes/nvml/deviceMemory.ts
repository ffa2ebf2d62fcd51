import type { DeviceReading, DeviceRef } from '#protocol/wire/reading'
import { decodeDevice } from './decodeDevice.ts'
import { tierPlan } from './nvmlCalls.ts'
import { frameLayout, type RawCall, type RawCalls, readFrame } from './nvmlFrame.ts'

/** NVML_ERROR_GPU_IS_LOST */
const GPU_IS_LOST = 15

const layouts = { fast: frameLayout('fast'), slow: frameLayout('slow') }

const keysOf = (tier: 'fast' | 'slow') => [
  ...tierPlan(tier).calls.map((call) => call.key),
  ...tierPlan(tier).fields.map((id) => `field(${id})`),
]
const FAST_KEYS = keysOf('fast')
const SLOW_KEYS = keysOf('slow')

/** Raw results that all carry one code: a device that could not be read at all. */
export function failedCalls(code: number): RawCalls {
  const failed: RawCall = { code, out: Buffer.alloc(0) }
  return new Map([...FAST_KEYS, ...SLOW_KEYS].map((key) => [key, failed]))
}

/**
 * The latest raw results of one index: the fast tier of this sample over the slow tier read some seconds ago. A device
 * that says it is lost takes its older results with it, so that nothing of a lost GPU is shown as a value.
 */
export class DeviceMemory {
  readonly #calls = new Map<string, RawCall>()
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

  /** Takes one answer of the child; returns the new raw results, for a recording. */
  take(handle: number, fast: Buffer | null, slow: Buffer | null): RawCalls {
    if (handle !== 0 || fast === null) {
      this.fail(handle)
      return new Map()
    }
    const fresh = readFrame(layouts.fast, fast)
    if (slow !== null) for (const [key, call] of readFrame(layouts.slow, slow)) fresh.set(key, call)
    this.merge(fresh)
    this.#wantsSlow = slow === null && this.#lost()
    return fresh
  }

  /** Lays newer raw results over the older ones. */
  merge(fresh: RawCalls): void {
    for (const [key, call] of fresh) this.#calls.set(key, call)
  }

  /** Nothing of this device can be read: every result carries the code. */
  fail(code: number): void {
    for (const [key, call] of failedCalls(code)) this.#calls.set(key, call)
    this.#wantsSlow = true
  }

  reading(index: number): DeviceReading {
    const reading = decodeDevice(index, this.#lost() ? this.#lostCalls() : this.#calls)
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
    return FAST_KEYS.some((key) => this.#calls.get(key)?.code === GPU_IS_LOST)
  }

  #lostCalls(): RawCalls {
    const calls = new Map(this.#calls)
    for (const key of SLOW_KEYS) calls.set(key, { code: GPU_IS_LOST, out: Buffer.alloc(0) })
    return calls
  }
}
