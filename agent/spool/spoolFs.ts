import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'

/** An open file of the spool. */
export type SpoolFile = {
  /** Writes all bytes at an offset. */
  write(bytes: Uint8Array, at: number): Promise<void>
  /** fdatasync. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  read(at: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** The few file operations that the spool uses, as a port: tests put faults and power cuts behind it. */
export type SpoolFs = {
  mkdir(directory: string): Promise<void>
  list(directory: string): Promise<string[]>
  readFile(path: string): Promise<Uint8Array>
  /** Opens for reading and writing, 0600; creates the file where it is missing. */
  open(path: string): Promise<SpoolFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(directory: string): Promise<void>
}

/** The real file system. */
export const nodeSpoolFs: SpoolFs = {
  async mkdir(directory) {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  },
  list: (directory) => readdir(directory),
  readFile: (path) => readFile(path),
  async open(path) {
    const handle = await open(path, 'a+', 0o600)
    await handle.close()
    const file = await open(path, 'r+')
    return {
      async write(bytes, at) {
        let done = 0
        while (done < bytes.length) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
          done += bytesWritten
        }
      },
      sync: () => file.datasync(),
      truncate: (length) => file.truncate(length),
      async read(at, length) {
        const buffer = Buffer.alloc(length)
        const { bytesRead } = await file.read(buffer, 0, length, at)
        return buffer.subarray(0, bytesRead)
      },
      close: () => file.close(),
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(directory) {
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}
