import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { agentError } from '../agentErrors.ts'

/**
 * The enrolment token: from a file that only this user may read, from standard input (`-`), or from a systemd
 * credential of that name. Never from an argument or a variable, where others could see it. Null when none is named.
 * @throws AssayError AGENT_TOKEN_FILE
 */
export async function readToken(
  source: string | null,
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<string | null> {
  if (source === null) return null
  if (source === '-') {
    let text = ''
    for await (const part of input) text += part
    return checked(text, 'standard input')
  }
  const credentials = process.env.CREDENTIALS_DIRECTORY
  const path = credentials && !source.includes('/') ? join(credentials, source) : source
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0 && !credentials)
      throw agentError('AGENT_TOKEN_FILE', {
        path,
        found: `mode ${(mode & 0o777).toString(8).padStart(4, '0')}`,
        wanted: 'mode 0600',
      })
    return checked(await readFile(path, 'utf8'), path)
  } catch (cause) {
    if ((cause as { code?: string }).code === 'AGENT_TOKEN_FILE') throw cause
    throw agentError('AGENT_TOKEN_FILE', { path, found: (cause as NodeJS.ErrnoException).code }, cause)
  }
}

function checked(text: string, path: string): string {
  const token = text.trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(token))
    throw agentError('AGENT_TOKEN_FILE', {
      path,
      found: token === '' ? 'nothing' : 'spaces or control characters',
      wanted: 'one word',
    })
  return token
}
