import type { SpoolFile, SpoolFs } from '../../../agent/spool/spoolFs.ts'

/** A file in memory: what was synced survives a power cut, what was only written may not. */
type MemoryFile = { synced: Buffer; written: Buffer }

/** A file system in memory behind the port of the spool, with faults on demand. */
export type FaultyFs = SpoolFs & {
  readonly files: Map<string, MemoryFile>
  /** Calls made so far. */
  calls(): number
  /** Makes the n-th call from now on fail with an errno; `null` for none. */
  failAt(call: number | null, code?: string): void
  /** Bytes that all files together may hold. */
  setCapacity(bytes: number): void
  /** Power cut: every file keeps what was synced and a random part of what was not. */
  cutPower(random: () => number): void
}

/** An empty file system. */
export function createFaultyFs(): FaultyFs {
  const files = new Map<string, MemoryFile>()
  let calls = 0
  let failing: { at: number; code: string } | null = null
  let capacity = Number.POSITIVE_INFINITY

  function call(): void {
    calls++
    if (failing && calls === failing.at) {
      const { code } = failing
      failing = null
      throw Object.assign(new Error(code), { code })
    }
  }
  const used = (): number => [...files.values()].reduce((sum, file) => sum + file.written.length, 0)
  const must = (path: string): MemoryFile => {
    const file = files.get(path)
    if (!file) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    return file
  }

  function handle(file: MemoryFile): SpoolFile {
    return {
      async write(bytes, at) {
        call()
        const grown = Math.max(0, at + bytes.length - file.written.length)
        if (used() + grown > capacity) {
          // A full disk takes what still fits.
          const fits = bytes.subarray(0, Math.max(0, bytes.length - grown))
          file.written = put(file.written, fits, at)
          throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
        }
        file.written = put(file.written, bytes, at)
      },
      async sync() {
        call()
        file.synced = Buffer.from(file.written)
      },
      async truncate(length) {
        call()
        file.written = Buffer.concat([file.written.subarray(0, length)])
      },
      async read(at, length) {
        return file.written.subarray(at, at + length)
      },
      async close() {},
    }
  }

  return {
    files,
    calls: () => calls,
    failAt(at, code = 'EIO') {
      failing = at === null ? null : { at: calls + at, code }
    },
    setCapacity(bytes) {
      capacity = bytes
    },
    cutPower(random) {
      for (const file of files.values()) {
        // Some prefix of what was written since the last sync may have reached the disk.
        const isKept = random() < 0.5
        const kept =
          file.synced.length + Math.floor(random() * (file.written.length - file.synced.length + 1))
        file.written = isKept
          ? Buffer.from(file.written.subarray(0, Math.max(0, kept)))
          : Buffer.from(file.synced)
        file.synced = Buffer.from(file.written)
      }
    },
    async mkdir() {
      call()
    },
    async list(directory) {
      return [...files.keys()]
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1))
    },
    async readFile(path) {
      return Buffer.from(must(path).written)
    },
    async open(path) {
      call()
      let file = files.get(path)
      if (!file) {
        file = { synced: Buffer.alloc(0), written: Buffer.alloc(0) }
        files.set(path, file)
      }
      return handle(file)
    },
    async rename(from, to) {
      call()
      files.set(to, must(from))
      files.delete(from)
    },
    async remove(path) {
      call()
      files.delete(path)
    },
    async syncDirectory() {
      call()
    },
  }
}

function put(old: Buffer, bytes: Uint8Array, at: number): Buffer {
  const out = Buffer.alloc(Math.max(old.length, at + bytes.length))
  old.copy(out)
  out.set(bytes, at)
  return out
}
