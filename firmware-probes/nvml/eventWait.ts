import { EVENT_XID } from './eventTypes.ts'
import type { FromChild } from './messages.ts'
import type { NvmlBinding } from './nvmlBinding.ts'
import { announce } from './progressWord.ts'

/** Longest single wait, so that a request to stop is seen within a second. */
const WAIT_MS = 1000
const TIMEOUT = 10

type Async = { async(...args: unknown[]): void }

/**
 * Waits for XIDs on a thread of its own, so that a process can sample at the same time. Runs in the child only.
 * NVML drops what happened before a device was registered: `listening` says from when on nothing is missed.
 */
export class EventWait {
  readonly #nvml: NvmlBinding
  readonly #say: (message: FromChild) => void
  readonly #indexOf = new Map<bigint, number>()
  readonly #data = Buffer.alloc(32)
  #set = 0n
  #on = false

  constructor(nvml: NvmlBinding, say: (message: FromChild) => void) {
    this.#nvml = nvml
    this.#say = say
  }

  /** Registers the devices, reports which could not be, and begins to wait. */
  listen(indices: readonly number[]): void {
    if (this.#on) return
    const failed: { index: number; code: number }[] = []
    const pointer = Buffer.alloc(8)
    const created = this.#nvml.call('nvmlEventSetCreate', ['void *'], pointer)
    if (created !== 0) {
      this.#say({ say: 'deaf', code: created })
      return
    }
    this.#set = pointer.readBigUInt64LE()
    for (const index of indices) {
      announce(index)
      const code = this.#register(index)
      if (code !== 0) failed.push({ index, code })
    }
    announce(null)
    this.#on = true
    this.#say({ say: 'listening', failed })
    this.#wait()
  }

  /** Stops reporting; the wait under way ends by itself within a second and is not renewed. */
  hush(): void {
    this.#on = false
  }

  #register(index: number): number {
    const { code, handle } = this.#nvml.handle(index)
    if (code !== 0) return code
    this.#indexOf.set(handle, index)
    const types = Buffer.alloc(8)
    const supported = this.#nvml.call(
      'nvmlDeviceGetSupportedEventTypes',
      ['uint64_t', 'void *'],
      handle,
      types,
    )
    if (supported !== 0) return supported
    const mask = types.readBigUInt64LE() & EVENT_XID
    if (mask === 0n) return 3
    return this.#nvml.call(
      'nvmlDeviceRegisterEvents',
      ['uint64_t', 'uint64_t', 'uint64_t'],
      handle,
      mask,
      this.#set,
    )
  }

  #wait(): void {
    const native = this.#nvml.symbol('nvmlEventSetWait_v2', ['uint64_t', 'void *', 'unsigned int'])
    if (native === null) {
      this.#say({ say: 'deaf', code: 13 })
      return
    }
    this.#data.fill(0)
    ;(native as unknown as Async).async(this.#set, this.#data, WAIT_MS, (error: unknown, code: number) => {
      if (!this.#on) return
      const failed = error === null || error === undefined ? code : 999
      if (failed === 0) this.#report()
      if (failed === 0 || failed === TIMEOUT) {
        this.#wait()
        return
      }
      this.#on = false
      this.#say({ say: 'deaf', code: failed })
    })
  }

  #report(): void {
    const index = this.#indexOf.get(this.#data.readBigUInt64LE(0))
    if (index === undefined) return
    const [type, data] = [this.#data.readBigUInt64LE(8).toString(), this.#data.readBigUInt64LE(16).toString()]
    this.#say({ say: 'event', index, type, data, atMs: Date.now() })
  }
}
