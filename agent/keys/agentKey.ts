import { generateKeyPair } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { toHex } from '#protocol/bytes'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import type { Signer } from '#protocol/primitives'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { agentError } from '../agentErrors.ts'
import { writeFileDurably } from './writeFileDurably.ts'

/** The telemetry key of this agent (level L0: a file, no TPM). */
export type AgentKey = {
  readonly signer: Signer
  /** COSE key thumbprint of the first key; 32 bytes. */
  readonly agentId: Uint8Array
  readonly agentIdHex: string
}

/**
 * The key of a PKCS#8 PEM file, made there when the file is missing: atomically, once, mode 0600, never replaced.
 * @throws AssayError AGENT_KEY_PERMISSIONS, AGENT_KEY_FORMAT or AGENT_STATE_DIRECTORY
 */
export async function openAgentKey(path: string): Promise<AgentKey> {
  const known = await readAgentKey(path)
  if (known) return known
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  try {
    await writeFileDurably(path, pem, { isNew: true })
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code
    if (found !== 'EEXIST') throw agentError('AGENT_STATE_DIRECTORY', { path, found }, cause)
  }
  const written = await readAgentKey(path)
  if (!written) throw agentError('AGENT_STATE_DIRECTORY', { path, found: 'no key after writing it' })
  return written
}

/**
 * The key of a file, or null when there is none.
 * @throws AssayError AGENT_KEY_PERMISSIONS when group or others may read it, or AGENT_KEY_FORMAT
 */
export async function readAgentKey(path: string): Promise<AgentKey | null> {
  let pem: string
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0)
      throw agentError('AGENT_KEY_PERMISSIONS', {
        path,
        found: `mode ${(mode & 0o777).toString(8).padStart(4, '0')}`,
        wanted: 'mode 0600',
        run: `chmod 600 ${path}`,
      })
    pem = await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    if ((cause as { code?: string }).code === 'AGENT_KEY_PERMISSIONS') throw cause
    throw agentError('AGENT_STATE_DIRECTORY', { path, found: (cause as NodeJS.ErrnoException).code }, cause)
  }
  try {
    const signer = createNodeSigner(pem)
    const agentId = coseKeyThumbprint(signer.publicKey)
    return { signer, agentId, agentIdHex: toHex(agentId) }
  } catch (cause) {
    throw agentError('AGENT_KEY_FORMAT', { path }, cause)
  }
}
