import koffi from 'koffi'
import { type NvmlCall, type NvmlTier, tierPlan } from './nvmlCalls.ts'
import { FIELD_BYTES, type FrameLayout, frameLayout, outOffsets } from './nvmlFrame.ts'

type Native = ReturnType<ReturnType<typeof koffi.load>['func']>

/** NVML_ERROR_FUNCTION_NOT_FOUND: what a driver too old for a function counts as. */
const FUNCTION_NOT_FOUND = 13

type Planned = {
  readonly native: Native | null
  readonly offset: number
  /** Arguments after the handle; buffers are views of the tier's working frame. */
  readonly args: readonly (number | Buffer | null)[]
}

type Tier = {
  readonly layout: FrameLayout
  readonly frame: Buffer
  readonly calls: readonly Planned[]
  readonly fieldValues: Native | null
}

/**
 * libnvidia-ml.so.1 by FFI. Every call here may block for ever or crash the process, so this class lives in a child
 * process only. Handles are 8-byte pointers passed as integers; every out parameter is a view of one zeroed frame.
 */
export class NvmlBinding {
  readonly #library: ReturnType<typeof koffi.load>
  readonly #tiers = new Map<NvmlTier, Tier>()
  readonly #symbols = new Map<string, Native | null>()
  readonly #pointer = Buffer.alloc(8)

  /** @throws Error of koffi when the library cannot be loaded. */
  constructor(path: string) {
    this.#library = koffi.load(path)
  }

  /** A function of the library, or null where this driver does not have it. `types` are koffi's names. */
  symbol(name: string, types: readonly string[]): Native | null {
    const known = this.#symbols.get(name)
    if (known !== undefined) return known
    let native: Native | null = null
    try {
      native = this.#library.func(name, 'int', [...types])
    } catch {
      native = null
    }
    this.#symbols.set(name, native)
    return native
  }

  /** Calls a function without a device and returns its code; a missing one counts as code 13. */
  call(name: string, types: readonly string[], ...args: unknown[]): number {
    const native = this.symbol(name, types)
    return native === null ? FUNCTION_NOT_FOUND : (native(...args) as number)
  }

  /** Driver version text, or null. */
  driverVersion(): string | null {
    const out = Buffer.alloc(80)
    const code = this.call('nvmlSystemGetDriverVersion', ['void *', 'unsigned int'], out, out.length)
    const end = out.indexOf(0)
    return code === 0 ? out.toString('latin1', 0, end < 0 ? out.length : end) : null
  }

  /** Devices that the driver counts. */
  count(): { readonly code: number; readonly count: number } {
    const out = Buffer.alloc(4)
    const code = this.call('nvmlDeviceGetCount_v2', ['void *'], out)
    return { code, count: code === 0 ? out.readUInt32LE() : 0 }
  }

  /** The handle at an index. */
  handle(index: number): { readonly code: number; readonly handle: bigint } {
    this.#pointer.fill(0)
    const code = this.call('nvmlDeviceGetHandleByIndex_v2', ['unsigned int', 'void *'], index, this.#pointer)
    return { code, handle: this.#pointer.readBigUInt64LE() }
  }

  /** Runs one tier of getters on a device; the frame it returns is overwritten by the next call for the tier. */
  sweep(tier: NvmlTier, handle: bigint): Buffer {
    const { layout, frame, calls, fieldValues } = this.#tier(tier)
    layout.template.copy(frame)
    for (const { native, offset, args } of calls) {
      frame.writeInt32LE(native === null ? FUNCTION_NOT_FOUND : (native(handle, ...args) as number), offset)
    }
    const { offset, ids } = layout.fields
    const values = frame.subarray(offset + 8, offset + 8 + ids.length * FIELD_BYTES)
    const code =
      fieldValues === null ? FUNCTION_NOT_FOUND : (fieldValues(handle, ids.length, values) as number)
    frame.writeInt32LE(code, offset)
    return frame
  }

  #tier(tier: NvmlTier): Tier {
    const known = this.#tiers.get(tier)
    if (known !== undefined) return known
    const layout = frameLayout(tier)
    const frame = Buffer.from(layout.template)
    const built: Tier = {
      layout,
      frame,
      calls: tierPlan(tier).calls.map((call) => this.#plan(call, layout, frame)),
      fieldValues: this.symbol('nvmlDeviceGetFieldValues', ['uint64_t', 'int', 'void *']),
    }
    this.#tiers.set(tier, built)
    return built
  }

  #plan(call: NvmlCall, layout: FrameLayout, frame: Buffer): Planned {
    const offset = layout.slots.get(call.key)?.offset ?? 0
    const types = ['uint64_t', ...call.params.map((p) => (typeof p === 'number' ? 'unsigned int' : 'void *'))]
    const outs = call.params.filter((p) => p !== null && typeof p !== 'number')
    const { offsets } = outOffsets(outs)
    let next = 0
    const args = call.params.map((param) => {
      if (param === null || typeof param === 'number') return param
      const at = offset + 8 + (offsets[next++] ?? 0)
      return frame.subarray(at, at + param.bytes)
    })
    let native = this.symbol(call.symbol, types)
    if (native === null && call.alias !== undefined) native = this.symbol(call.alias, types)
    return { native, offset, args }
  }
}
