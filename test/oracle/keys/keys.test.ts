import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { recoverSigner, signDigest } from '#protocol/wire/reportSignature'
import { loadReportKey } from '../../../oracle/keys/reportKey.ts'
import { loadTransportKey } from '../../../oracle/keys/transportKey.ts'
import { primitives } from '../../helpers/signedLog.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-keys-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('keys are made once, mode 600, and sign', async (t) => {
  const file = join(folder, 'deep', 'report.pem')
  const key = await loadReportKey(file)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'deep')).mode & 0o777, 0o700)
  t.same(await loadReportKey(file), key, 'the same key the second time')
  const digest = new Uint8Array(32).fill(7)
  t.equal(recoverSigner(digest, signDigest(digest, key.secret)), key.address)

  const transport = loadTransportKey(join(folder, 'transport.pem'))
  const message = new Uint8Array([1, 2, 3])
  t.ok(primitives.verifyP256(transport.publicKey, message, await transport.sign(message)))
  t.same(loadTransportKey(join(folder, 'transport.pem')).publicKey, transport.publicKey)
})

t.test('loose permissions, the wrong curve and rubbish are refused', async (t) => {
  const file = join(folder, 'loose.pem')
  loadTransportKey(file)
  chmodSync(file, 0o640)
  t.throws(() => loadTransportKey(file), { code: 'ORACLE_KEY_PERMISSIONS' })
  chmodSync(file, 0o600)
  await t.rejects(loadReportKey(file), { code: 'ORACLE_KEY_FORMAT' }, 'a P-256 key is no report key')
  const report = join(folder, 'other.pem')
  await loadReportKey(report)
  t.throws(() => loadTransportKey(report), { code: 'ORACLE_KEY_FORMAT' })
  const rubbish = join(folder, 'rubbish.pem')
  writeFileSync(rubbish, 'nothing', { mode: 0o600 })
  t.throws(() => loadTransportKey(rubbish), { code: 'ORACLE_KEY_FORMAT' })
  await t.rejects(loadReportKey(rubbish), { code: 'ORACLE_KEY_FORMAT' })
})
