import { join } from 'node:path'
import { SPOOL_CLASSES, type SpoolClass } from '#protocol/wire/header'
import { agentError } from '../agentErrors.ts'
import type { SegmentName, SegmentStore } from './segmentStore.ts'
import { nodeSpoolFs, type SpoolFile, type SpoolFs } from './spoolFs.ts'

const QUARANTINE_LIMIT = 16 * 2 ** 20
/** Room for about a hundred tombstones. */
const STATE_BLOCK = 16 * 1024
const STATE_FILES = ['state-0', 'state-1'] as const

/** Segments as files `telemetry-00000001.seg` … in one directory; the state in two files that are written in turn. */
export function createDiskStore(directory: string, fs: SpoolFs = nodeSpoolFs): SegmentStore {
  const opened = new Map<string, SpoolFile>()

  const pathOf = (name: SegmentName): string =>
    join(directory, `${name.class}-${String(name.id).padStart(8, '0')}.seg`)

  async function fileOf(path: string): Promise<SpoolFile> {
    let file = opened.get(path)
    if (!file) {
      file = await fs.open(path)
      opened.set(path, file)
    }
    return file
  }

  async function close(path: string): Promise<void> {
    const file = opened.get(path)
    opened.delete(path)
    await file?.close()
  }

  async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    const file = await fs.open(path)
    try {
      await file.write(bytes, 0)
      await file.truncate(bytes.length)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  return {
    async start() {
      try {
        await fs.mkdir(directory)
        await fs.list(directory)
      } catch (cause) {
        throw agentError('AGENT_STATE_DIRECTORY', { directory, found: codeOf(cause) }, cause)
      }
    },
    async stop() {
      for (const path of [...opened.keys()]) await close(path)
    },
    async list() {
      const names = (await fs.list(directory)).map(parseName).filter((name) => name !== undefined)
      return names.sort((a, b) => a.id - b.id)
    },
    readAll: (name) => fs.readFile(pathOf(name)),
    async create(name) {
      try {
        await fileOf(pathOf(name))
        await fs.syncDirectory(directory)
      } catch (cause) {
        await close(pathOf(name)).catch(() => {})
        throw fault(cause, true)
      }
    },
    async append(name, bytes, at) {
      const file = await fileOf(pathOf(name)).catch((cause) => {
        throw fault(cause, true)
      })
      let isWritten = false
      try {
        await file.write(bytes, at)
        isWritten = true
        await file.sync()
      } catch (cause) {
        // After a failed sync nobody knows what the disk holds; after a failed write the file can be cut back.
        const isClean =
          !isWritten &&
          (await file.truncate(at).then(
            () => true,
            () => false,
          ))
        throw fault(cause, isClean)
      }
    },
    async read(name, offset, length) {
      return (await fileOf(pathOf(name))).read(offset, length)
    },
    async remove(name) {
      await close(pathOf(name))
      await fs.remove(pathOf(name))
    },
    async mend(name, good, damaged) {
      const side = join(directory, `damaged-${name.class}-${name.id}.bin`)
      const kept = damaged.subarray(0, QUARANTINE_LIMIT)
      await writeWhole(side, kept)
      const next = `${pathOf(name)}.new`
      await writeWhole(next, good)
      await close(pathOf(name))
      await fs.rename(next, pathOf(name))
      await fs.syncDirectory(directory)
    },
    async loadStates() {
      const states: Uint8Array[] = []
      for (const file of STATE_FILES) {
        const bytes = await fs.readFile(join(directory, file)).catch(() => null)
        if (bytes) states.push(bytes)
      }
      return states
    },
    async saveState(bytes, generation) {
      // In place, in turn, in whole blocks: needs no new space on a full disk, and the other file stays whole if this
      // write is cut.
      const padded = new Uint8Array(Math.ceil(bytes.length / STATE_BLOCK) * STATE_BLOCK)
      padded.set(bytes)
      const path = join(directory, STATE_FILES[generation % 2] as string)
      try {
        const file = await fileOf(path)
        await file.write(padded, 0)
        await file.sync()
      } catch (cause) {
        throw fault(cause, true)
      }
    },
  }
}

function parseName(file: string): SegmentName | undefined {
  const found = /^([a-z]+)-(\d{8,})\.seg$/.exec(file)
  const spoolClass = SPOOL_CLASSES.find((each) => each === found?.[1]) as SpoolClass | undefined
  return found && spoolClass ? { class: spoolClass, id: Number(found[2]) } : undefined
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}

/** ENOSPC and a quota are "full" when nothing was kept; everything else is a write fault. */
function fault(cause: unknown, isClean: boolean): Error {
  const found = codeOf(cause)
  const isFull = found === 'ENOSPC' || found === 'EDQUOT' || found === 'EFBIG'
  return agentError(isFull && isClean ? 'AGENT_SPOOL_FULL' : 'AGENT_SPOOL_WRITE', { found }, cause)
}
