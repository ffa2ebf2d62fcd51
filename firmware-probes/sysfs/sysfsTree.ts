import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ABSENT, errorCell, FORBIDDEN, type TextCell, textCell } from '#protocol/wire/cell'

/** A text of sysfs. `empty` is a file that is there and says nothing: neither absent nor a value. */
export type SysfsText = TextCell | { readonly presence: 'empty' }

/** Bytes of sysfs, or why there are none. */
export type SysfsBytes =
  | { readonly presence: 'value'; readonly bytes: Buffer }
  | Exclude<TextCell, { presence: 'value' }>

const EMPTY = { presence: 'empty' } as const

type NoValue = Exclude<TextCell, { presence: 'value' }>

/** What a failed system call says about a reading. */
function reasonOf(error: unknown): NoValue {
  const { code, errno } = error as { code?: string; errno?: number }
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENODEV') return ABSENT
  if (code === 'EACCES' || code === 'EPERM') return FORBIDDEN
  return errorCell(Math.abs(errno ?? 5))
}

/** The part of the file system that the readers of /sys and /proc use; tests may refuse what root may read. */
export type SysfsFiles = {
  readonly read: (path: string) => Buffer
  readonly list: (path: string) => readonly string[]
  readonly link: (path: string) => string
}

const hostFiles: SysfsFiles = {
  read: (path) => readFileSync(path),
  list: (path) => readdirSync(path),
  link: (path) => readlinkSync(path),
}

/** Reads below a root, `/` on a host and a folder in tests, and tells absent, forbidden, empty and failed apart. */
export class SysfsTree {
  readonly #root: string
  readonly #files: SysfsFiles

  constructor(root = '/', files: SysfsFiles = hostFiles) {
    this.#root = root
    this.#files = files
  }

  bytes(path: string): SysfsBytes {
    try {
      return { presence: 'value', bytes: this.#files.read(join(this.#root, path)) }
    } catch (error) {
      return reasonOf(error)
    }
  }

  /** One line of text without its surrounding blanks and without control characters. */
  text(path: string): SysfsText {
    const read = this.bytes(path)
    if (read.presence !== 'value') return read
    const text = read.bytes
      .toString('utf8')
      .replace(/[^\x20-\x7e\n]/g, '')
      .trim()
    return text === '' ? EMPTY : textCell(text)
  }

  /** Names in a folder; none where it is not there or may not be read. */
  names(path: string): readonly string[] {
    try {
      return [...this.#files.list(join(this.#root, path))].sort()
    } catch {
      return []
    }
  }

  /** Last part of where a link points. */
  linkName(path: string): SysfsText {
    try {
      return textCell(basename(this.#files.link(join(this.#root, path))))
    } catch (error) {
      return reasonOf(error)
    }
  }
}
