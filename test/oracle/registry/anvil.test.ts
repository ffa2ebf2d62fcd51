import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startAnvil } from '../../../oracle/registry/anvil.ts'
import { openProvider } from '../../../oracle/registry/chainProvider.ts'
import { rpcCall } from '../../../oracle/registry/rpcCall.ts'
import { chainSkip } from './testChain.ts'

const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test('a chain starts, mines by itself, and stops', { skip: chainSkip() }, async (t) => {
  const chain = await startAnvil({ chainId: 4242 })
  const provider = await openProvider(chain.url, 4242)
  const first = await provider.getBlockNumber()
  await new Promise((resolve) => provider.once('block', (number) => number > first && resolve(number)))
  t.ok((await provider.getBlockNumber()) > first)
  await chain.fund(`0x${'01'.repeat(20)}`, 5n)
  t.equal(await provider.getBalance(`0x${'01'.repeat(20)}`), 5n)
  t.same(await rpcCall(chain.url, 'eth_accounts', []), [], 'no account whose key everyone knows')
  provider.destroy()
  await chain.stop()
  t.notOk(alive(chain.pid))
  await t.rejects(rpcCall(chain.url, 'eth_chainId', []), { code: 'ORACLE_CHAIN_UNREACHABLE' })
})

t.test('a chain that cannot start says why', { skip: chainSkip() }, async (t) => {
  await t.rejects(startAnvil({ args: ['--no-such-argument'] }), {
    code: 'ORACLE_CHAIN_START',
    message: /no-such-argument/,
  })
})

const noGuard = existsSync('/usr/bin/setpriv') ? false : 'setpriv of util-linux is not here'

t.test('the chain ends with a process that was killed', { skip: chainSkip() || noGuard }, async (t) => {
  const code = `import { startAnvil } from ${JSON.stringify(fileURLToPath(new URL('../../../oracle/registry/anvil.ts', import.meta.url)))}
    const chain = await startAnvil()
    console.log(chain.pid)
    setInterval(() => undefined, 1000)`
  const parent = spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (line) => resolve(Number(line))),
  )
  t.ok(alive(pid))
  parent.kill('SIGKILL')
  const deadline = Date.now() + 10_000
  while (alive(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
  t.notOk(alive(pid))
  if (alive(pid)) process.kill(pid)
})
