import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { openAgentKey, readAgentKey } from '../../../agent/keys/agentKey.ts'
import { readBoot, writeBoot } from '../../../agent/keys/bootCounter.ts'
import { lockStateDirectory, prepareStateDirectory } from '../../../agent/keys/stateDirectory.ts'
import { writeFileDurably } from '../../../agent/keys/writeFileDurably.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777

t.test('the key is made once, private, and signs what verifies', async (t) => {
  const path = join(t.testdir(), 'key.pem')
  t.equal(await readAgentKey(path), null)
  const [one, two] = await Promise.all([openAgentKey(path), openAgentKey(path)])
  t.equal(one.agentIdHex, two.agentIdHex, 'two starts at once end with one key')
  t.equal(modeOf(path), 0o600)
  t.match(readFileSync(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----/, 'PKCS#8')
  const again = await openAgentKey(path)
  t.equal(again.agentIdHex, one.agentIdHex)
  t.same(again.agentId, coseKeyThumbprint(again.signer.publicKey))
  const message = new Uint8Array([1, 2, 3])
  const signature = await again.signer.sign(message)
  t.ok(createNodePrimitives().verifyP256(again.signer.publicKey, message, signature))
})

t.test('a key that others may read is refused with the fix', async (t) => {
  const path = join(t.testdir(), 'key.pem')
  await openAgentKey(path)
  for (const mode of [0o640, 0o604, 0o660, 0o666]) {
    chmodSync(path, mode)
    await t.rejects(openAgentKey(path), {
      code: 'AGENT_KEY_PERMISSIONS',
      message: new RegExp(`chmod 600 ${path}`),
    })
  }
  chmodSync(path, 0o600)
  t.ok(await openAgentKey(path))
})

t.test('what is no P-256 key is refused and never replaced', async (t) => {
  const path = join(t.testdir(), 'key.pem')
  for (const text of ['', 'nonsense', readFileSync(new URL(import.meta.url), 'utf8')]) {
    writeFileSync(path, text, { mode: 0o600 })
    await t.rejects(openAgentKey(path), { code: 'AGENT_KEY_FORMAT' })
    t.equal(readFileSync(path, 'utf8'), text)
  }
})

t.test('one agent per state directory; a process that died holds nothing', async (t) => {
  const directory = join(t.testdir(), 'state')
  await prepareStateDirectory(directory)
  t.equal(modeOf(directory), 0o700)
  const lock = await lockStateDirectory(directory)
  await t.rejects(lockStateDirectory(directory), { code: 'AGENT_STATE_LOCKED' })
  await lock.release()
  const again = await lockStateDirectory(directory)
  await again.release()
  // What a killed process leaves behind: a socket file that nobody listens on.
  writeFileSync(join(directory, 'lock'), '')
  const third = await lockStateDirectory(directory)
  await third.release()
})

t.test('a state directory that cannot be one is a coded error', async (t) => {
  const directory = t.testdir({ file: '' })
  await t.rejects(prepareStateDirectory(join(directory, 'file')), { code: 'AGENT_STATE_DIRECTORY' })
  await t.rejects(prepareStateDirectory(join(directory, 'file', 'x')), { code: 'AGENT_STATE_DIRECTORY' })
})

t.test('the boot counter survives and a damaged one says nothing', async (t) => {
  const path = join(t.testdir(), 'boots.json')
  t.equal(await readBoot(path), 0)
  await writeBoot(path, 12)
  t.equal(await readBoot(path), 12)
  t.equal(modeOf(path), 0o600)
  for (const text of ['', '{', '{"boot":-1}', '{"boot":"9"}', 'null x']) {
    writeFileSync(path, text)
    t.equal(await readBoot(path), 0, text)
  }
})

t.test('a file is written whole or not at all', async (t) => {
  const directory = t.testdir()
  const path = join(directory, 'f')
  await writeFileDurably(path, 'one', { isNew: true })
  await t.rejects(writeFileDurably(path, 'two', { isNew: true }), { code: 'EEXIST' })
  t.equal(readFileSync(path, 'utf8'), 'one')
  await writeFileDurably(path, 'three')
  t.equal(readFileSync(path, 'utf8'), 'three')
  await t.rejects(writeFileDurably(join(directory, 'no', 'f'), 'x'), { code: 'ENOENT' })
})
