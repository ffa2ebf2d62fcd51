import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { probeError } from '../probeErrors.ts'

/** File descriptor of the progress word in a child. */
export const PROGRESS_FD = 4

const BYTES = 16
const NOTHING = -1

/** Which device a child is reading, and since when (CLOCK_MONOTONIC, which all processes of a host share). */
export type Touch = { readonly index: number; readonly sinceMs: number }

export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

function encode(index: number, buffer: Buffer): Buffer {
  buffer.writeInt32LE(index, 0)
  buffer.writeDoubleLE(monotonicMs(), 8)
  return buffer
}

/**
 * The parent's side: a nameless file of 16 bytes that a child overwrites before it touches a device. It costs no message
 * and can be read when the child is hung or dead.
 */
export class ProgressWord {
  readonly fd: number
  readonly #buffer = Buffer.alloc(BYTES)

  /** @throws AssayError AGENT_PROBE_FILE when no temporary file can be made */
  constructor() {
    this.fd = ProgressWord.#open()
    // Its blocks are taken now, so that a disk that fills up later does not stop the child.
    writeSync(this.fd, encode(NOTHING, this.#buffer), 0, BYTES, 0)
  }

  /** The device under the child's hands, or null between devices. */
  read(): Touch | null {
    if (readSync(this.fd, this.#buffer, 0, BYTES, 0) < BYTES) return null
    const index = this.#buffer.readInt32LE(0)
    return index === NOTHING ? null : { index, sinceMs: this.#buffer.readDoubleLE(8) }
  }

  close(): void {
    closeSync(this.fd)
  }

  static #open(): number {
    let last: unknown
    for (const folder of ['/dev/shm', tmpdir()]) {
      const path = join(folder, `assay-nvml-${process.pid}-${process.hrtime.bigint()}`)
      try {
        const fd = openSync(path, 'wx+', 0o600)
        unlinkSync(path)
        return fd
      } catch (error) {
        last = error
      }
    }
    throw probeError('AGENT_PROBE_FILE', { file: tmpdir(), found: (last as Error).message }, last)
  }
}

const own = Buffer.alloc(BYTES)

/** The child's side: says which device is touched next, or that none is. */
export function announce(index: number | null): void {
  writeSync(PROGRESS_FD, encode(index ?? NOTHING, own), 0, BYTES, 0)
}
