// The process in which every NVML call is made. A hung or crashing driver takes this process and nothing else.
import koffi from 'koffi'
import { EventWait } from './eventWait.ts'
import type { DeviceRaw, FromChild, ToChild } from './messages.ts'
import { NvmlBinding } from './nvmlBinding.ts'
import { announce } from './progressWord.ts'

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

/** A hung native call keeps `process.exit` from returning, so the kernel is asked to end this process with its parent. */
function dieWithParent(): void {
  try {
    const libc = koffi.load('libc.so.6')
    libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)')(
      PR_SET_PDEATHSIG,
      SIGKILL,
      0,
      0,
      0,
    )
  } catch {
    // Another libc: the closed channel still ends every child that is not hung.
  }
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C and service managers signal the whole group; a reader that ended by that would look like a crash.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined)
}

function say(message: FromChild): void {
  if (process.connected) process.send?.(message)
}

function serve(nvml: NvmlBinding): void {
  const events = new EventWait(nvml, say)
  const read = (index: number, slow: boolean): DeviceRaw => {
    announce(index)
    const { code, handle } = nvml.handle(index)
    const text = (tier: 'fast' | 'slow') => nvml.sweep(tier, handle).toString('base64')
    const fast = code === 0 ? text('fast') : null
    return { index, handle: code, fast, slow: code === 0 && slow ? text('slow') : null }
  }
  process.on('message', (message: ToChild) => {
    if (message.ask === 'sample') {
      const devices = message.indices.map((index) => read(index, message.slow))
      announce(null)
      say({ say: 'swept', id: message.id, devices, ...nvml.count() })
    } else if (message.ask === 'listen') events.listen(message.indices)
    else events.hush()
  })
}

/** Where drivers put the library beside the loader's own path: distributions and the GPU container images. */
const FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/local/nvidia/lib64',
]

/** The library by path, or by name from the loader's path and the usual folders; else the first reason. */
function load(library: string): NvmlBinding | Error {
  const places = library.includes('/')
    ? [library]
    : [library, ...FOLDERS.map((folder) => `${folder}/${library}`)]
  let first: Error | null = null
  for (const place of places) {
    try {
      return new NvmlBinding(place)
    } catch (cause) {
      first ??= cause as Error
    }
  }
  return first ?? new Error(library)
}

function usable(): NvmlBinding | null {
  const refuse = (stage: 'load' | 'symbol' | 'init', code: number, text: string) => {
    say({ say: 'unusable', stage, code, text })
    return null
  }
  const nvml = load(process.argv[2] ?? 'libnvidia-ml.so.1')
  if (nvml instanceof Error) return refuse('load', 0, nvml.message)
  const init = nvml.symbol('nvmlInit_v2', [])
  const byIndex = nvml.symbol('nvmlDeviceGetHandleByIndex_v2', ['unsigned int', 'void *'])
  if (init === null || byIndex === null)
    return refuse('symbol', 13, 'nvmlInit_v2, nvmlDeviceGetHandleByIndex_v2')
  const code = nvml.call('nvmlInit_v2', [])
  return code === 0 ? nvml : refuse('init', code, '')
}

dieWithParent()
const nvml = usable()
if (nvml !== null) {
  serve(nvml)
  say({ say: 'ready', driver: nvml.driverVersion(), count: nvml.count().count })
}
