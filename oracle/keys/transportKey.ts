import { generateKeyPairSync } from 'node:crypto'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import type { Signer } from '#protocol/primitives'
import { oracleError } from '../oracleErrors.ts'
import { readOrCreateKeyFile } from './keyFile.ts'

/**
 * The P-256 transport key of a PKCS#8 PEM file, made when there is none: signs acks, ack lists, notices, proposals.
 * @throws AssayError ORACLE_KEY_PERMISSIONS or ORACLE_KEY_FORMAT
 */
export function loadTransportKey(file: string): Signer {
  const pem = readOrCreateKeyFile(
    file,
    () =>
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      }) as string,
  )
  try {
    return createNodeSigner(pem)
  } catch (cause) {
    throw oracleError('ORACLE_KEY_FORMAT', { file, wanted: 'P-256' }, cause)
  }
}
