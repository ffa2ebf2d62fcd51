import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing } from './realServer.ts'

/** Why certificates cannot be made here, or undefined. */
export const noOpenssl = (): string | undefined => missing('openssl', 'openssl')

/** A certificate and its key as PEM files. */
export type CertFiles = { readonly cert: string; readonly key: string }

/** A certificate authority for one test. */
export type TestAuthority = {
  readonly ca: string
  /** A server certificate for 127.0.0.1 and localhost. */
  server(name?: string): CertFiles
  /** A client certificate with this common name. */
  client(commonName: string): CertFiles
  remove(): void
}

/** Makes a P-256 authority with openssl in a temporary folder. */
export function createAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'assay-certs-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    ...['-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Assay test authority'],
  )

  function issue(file: string, commonName: string, extension: string): CertFiles {
    const files = { cert: at(`${file}.pem`), key: at(`${file}.key`) }
    if (existsSync(files.cert)) return files
    writeFileSync(at(`${file}.ext`), extension)
    openssl('req', ...newKey, '-keyout', files.key, '-out', `${file}.csr`, '-subj', `/CN=${commonName}`)
    openssl(
      'x509',
      ...['-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', files.cert, '-days', '2', '-extfile', `${file}.ext`],
    )
    return files
  }

  return {
    ca: at('ca.pem'),
    server: (name = 'server') =>
      issue(name, 'localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'),
    client: (commonName) =>
      issue(`client-${commonName.slice(0, 24)}`, commonName, 'extendedKeyUsage=clientAuth\n'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
