import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { Hex } from '#protocol/wire/chainView'
import { initKeccak } from '#protocol/wire/keccak'
import { reportAddress } from '#protocol/wire/reportSignature'
import { oracleError } from '../oracleErrors.ts'
import { readOrCreateKeyFile } from './keyFile.ts'

/** The secp256k1 key that signs rounds and admissions; `address` is how the roster knows the node. */
export type ReportKey = { readonly secret: Uint8Array; readonly address: Hex }

/**
 * The report key of a PKCS#8 PEM file, made when there is none. A transmitter's account key has the same form.
 * @throws AssayError ORACLE_KEY_PERMISSIONS or ORACLE_KEY_FORMAT
 */
export async function loadReportKey(file: string): Promise<ReportKey> {
  await initKeccak()
  const pem = readOrCreateKeyFile(
    file,
    () =>
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      }) as string,
  )
  const secret = secretOf(pem, file)
  return { secret, address: reportAddress(secret) }
}

function secretOf(pem: string, file: string): Uint8Array {
  try {
    const jwk = createPrivateKey(pem).export({ format: 'jwk' })
    if (jwk.crv === 'secp256k1' && jwk.d) return new Uint8Array(Buffer.from(jwk.d, 'base64url'))
  } catch (cause) {
    throw oracleError('ORACLE_KEY_FORMAT', { file, wanted: 'secp256k1' }, cause)
  }
  throw oracleError('ORACLE_KEY_FORMAT', { file, wanted: 'secp256k1' })
}
