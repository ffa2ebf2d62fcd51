import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Writes a file whole or not at all, mode 0600, durable when this returns. With `isNew` an existing file is never
 * replaced: the call then fails with EEXIST.
 */
export async function writeFileDurably(
  path: string,
  bytes: string | Uint8Array,
  { isNew = false } = {},
): Promise<void> {
  const directory = dirname(path)
  const draft = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  let file: FileHandle | undefined
  try {
    file = await open(draft, 'wx', 0o600)
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
    file = undefined
    // A link, unlike a rename, refuses to replace what stands there.
    if (isNew) await link(draft, path)
    else await rename(draft, path)
  } finally {
    await file?.close()
    await rm(draft, { force: true })
  }
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
