import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FetchRequest, type JsonRpcApiProviderOptions, JsonRpcProvider, Network } from 'ethers'
import t, { type Test } from 'tap'
import type { AssayError } from '#protocol/assayError'
import { packExceptions } from '#protocol/wire/exceptions'
import { reportAddress } from '#protocol/wire/reportSignature'
import { loadArtifact } from '../../../oracle/registry/artifact.ts'
import { ChainReader } from '../../../oracle/registry/chainReader.ts'
import type { SignedRound } from '../../../oracle/registry/roundCalls.ts'
import { sendAll } from '../../../oracle/registry/sendAll.ts'
import { Transmitter, type TransmitterOptions } from '../../../oracle/registry/transmitter.ts'
import { bytesOf, chainSkip, reportOf, startTestChain, type TestChain } from './testChain.ts'

/** A provider that can lose, refuse or double what is sent through it. */
class FaultyProvider extends JsonRpcProvider {
  before: (method: string) => void = () => undefined
  after: (method: string) => void = () => undefined

  override async send(method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> {
    this.before(method)
    const result = await super.send(method, params as unknown[])
    this.after(method)
    return result
  }
}

function faulty(at: TestChain): FaultyProvider {
  const options: JsonRpcApiProviderOptions = {
    staticNetwork: Network.from(31337),
    cacheTimeout: -1,
    batchMaxCount: 1,
  }
  return new FaultyProvider(new FetchRequest(at.chain.url), 31337, options)
}

type Running = {
  readonly transmitter: Transmitter
  readonly problems: AssayError[]
  readonly journalFile: string
}

async function setUp(t: Test, options: { blockTimeS?: number } = {}) {
  const at = await startTestChain(options)
  t.teardown(() => at.stop())
  const folder = t.testdir()
  const reader = new ChainReader(at.provider, { ...at.deployment, feedId: at.feedId })
  const head = async () =>
    (await at.provider.getBlock('latest')) as NonNullable<Awaited<ReturnType<typeof at.provider.getBlock>>>
  const nextRound = async (count = 0, change: Parameters<typeof reportOf>[3] = {}): Promise<SignedRound> => {
    const view = await reader.read((await head()).number)
    const entries = Array.from({ length: count }, (_, i) => ({
      tokenId: BigInt(i + 1),
      generation: 1,
      status: 1,
      level: 2,
      triggers: 0,
    }))
    const exceptions = packExceptions(entries)
    const round = Math.max(Math.floor(view.block.timestamp / 5), (view.parent?.round ?? 0) + 1)
    const signed = reportOf(at, view, round, { exceptionsHash: exceptions.hash, ...change })
    return { report: signed.report, quorum: signed.quorum, exceptions }
  }
  const run = async (name: string, change: Partial<TransmitterOptions> = {}): Promise<Running> => {
    const problems: AssayError[] = []
    const key = bytesOf(`transmitter ${name}`)
    const journalFile = join(folder, `${name}.journal`)
    const transmitter = new Transmitter({
      provider: at.provider,
      chainId: 31337,
      healthOracle: at.deployment.healthOracle,
      feedId: at.feedId,
      key,
      journalFile,
      confirmations: 0,
      pollMs: 20,
      onProblem: (error) => problems.push(error),
      ...change,
    })
    await transmitter.start()
    t.teardown(() => transmitter.stop())
    return { transmitter, problems, journalFile }
  }
  const fund = (name: string, wei = 10n ** 20n) =>
    at.chain.fund(reportAddress(bytesOf(`transmitter ${name}`)), wei)
  const nonce = (name: string) =>
    at.provider.getTransactionCount(reportAddress(bytesOf(`transmitter ${name}`)))
  const view = async () => reader.read((await head()).number)
  return { at, run, fund, nonce, nextRound, view }
}

const until = async (what: () => boolean) => {
  while (!what()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('rounds with and without exceptions', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nonce, nextRound, view } = await setUp(t)
  await fund('a')
  const { transmitter, problems, journalFile } = await run('a')
  const first = await transmitter.submit(await nextRound(600))
  t.equal(first.outcome, 'mine')
  t.match((await view()).parent, { complete: true, mapOpen: true })
  const abi = loadArtifact('HealthOracle').interface
  const data = abi.encodeFunctionData('statusOf', [at.feedId, 600, 1])
  const answer = await at.provider.call({ to: at.deployment.healthOracle, data })
  t.same([...abi.decodeFunctionResult('statusOf', answer)].slice(0, 2), [1n, 2n])

  await at.provider.send('evm_increaseTime', [5])
  await at.provider.send('evm_mine', [])
  const before = await nonce('a')
  t.equal((await transmitter.submit(await nextRound())).outcome, 'mine')
  t.equal(await nonce('a'), before + 1)

  const stale = await transmitter.submit(
    await nextRound(0, { prevRoot: `0x${'11'.repeat(32)}`, round: 2 ** 31 }),
  )
  t.match(stale, {
    outcome: 'refused',
    error: { code: 'ORACLE_CHAIN_REVERT', message: /WrongParent|RoundNot/ },
  })
  t.equal(await nonce('a'), before + 1, 'a refused round uses no nonce')
  t.same(problems, [])
  t.same(
    readFileSync(journalFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"row":"sent"')).length,
    readFileSync(journalFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"row":"settled"')).length,
  )
})

t.test('a lost broadcast, a restart and a torn journal', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nonce, nextRound, view } = await setUp(t)
  await fund('b')
  const provider = faulty(at)
  t.teardown(() => provider.destroy())
  let dropped = 0
  provider.before = (method) => {
    if (method !== 'eth_sendRawTransaction') return
    dropped++
    throw new Error('connection reset')
  }
  const crashed = await run('b', { provider })
  const round = await nextRound(3)
  const lost = crashed.transmitter.submit(round)
  await until(() => dropped > 1)
  await crashed.transmitter.stop()
  t.match(await lost, { outcome: 'stopped' })
  t.match(crashed.problems, [{ code: 'ORACLE_CHAIN_UNREACHABLE' }])
  t.equal(await nonce('b'), 0)
  appendFileSync(crashed.journalFile, '{"row":"sent","sent":{"nonce":7')

  const again = await run('b')
  t.match(await again.transmitter.submit(round), { outcome: 'other' }, 'the journal finished it first')
  t.equal(await nonce('b'), 1, 'once')
  t.match((await view()).parent, { round: round.report.round, complete: true })
})

t.test('an answer that got lost: already known is success', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nonce, nextRound } = await setUp(t)
  await fund('c')
  const provider = faulty(at)
  t.teardown(() => provider.destroy())
  let sent = 0
  provider.before = (method) => {
    if (method === 'eth_sendRawTransaction') sent++
  }
  provider.after = (method) => {
    if (method === 'eth_sendRawTransaction') throw new Error('socket hang up')
  }
  await at.provider.send('evm_setAutomine', [false])
  const { transmitter, problems } = await run('c', { provider })
  const result = transmitter.submit(await nextRound())
  await until(() => sent > 1)
  await at.provider.send('evm_mine', [])
  t.match(await result, { outcome: 'mine' })
  t.equal(await nonce('c'), 1)
  t.match(problems, [{ code: 'ORACLE_CHAIN_UNREACHABLE' }])
})

t.test('an empty account, funded later', { skip: chainSkip() }, async (t) => {
  const { run, fund, nonce, nextRound } = await setUp(t)
  const { transmitter, problems } = await run('d')
  const result = transmitter.submit(await nextRound())
  await until(() => problems.length > 0)
  t.match(problems, [{ code: 'ORACLE_TRANSMITTER_EMPTY', facts: { found: 0n } }])
  t.equal(await nonce('d'), 0, 'no nonce is taken')
  await fund('d')
  t.match(await result, { outcome: 'mine' })
  t.equal(problems.length, 1, 'told once')
})

t.test('a fee that is too low is raised under the same nonce', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nonce, nextRound } = await setUp(t)
  await fund('e')
  await at.provider.send('evm_setAutomine', [false])
  const { transmitter, journalFile } = await run('e', { bumpAfterBlocks: 2 })
  const result = transmitter.submit(await nextRound())
  const sentRows = () =>
    readFileSync(journalFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"row":"sent"'))
      .map((line) => JSON.parse(line).sent)
  await until(() => sentRows().length === 1)
  // The base fee jumps above the first offer, so blocks pass without the transaction.
  const offer = BigInt(sentRows()[0].maxFeePerGas)
  while (sentRows().length < 2) {
    await at.provider.send('anvil_setNextBlockBaseFeePerGas', [`0x${(offer + 1n).toString(16)}`])
    await at.provider.send('evm_mine', [])
  }
  t.ok(BigInt(sentRows()[1].maxFeePerGas) >= (offer * 9n) / 8n, 'at least an eighth more')
  t.equal(sentRows()[1].nonce, sentRows()[0].nonce)
  const mined = new AbortController()
  result.finally(() => mined.abort())
  while (!mined.signal.aborted) {
    await at.provider.send('evm_mine', [])
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.match(await result, { outcome: 'mine' })
  t.equal(await nonce('e'), 1)
})

t.test('a reorganisation that removes the round', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nonce, nextRound, view } = await setUp(t)
  await fund('f')
  const { transmitter } = await run('f', { confirmations: 3 })
  const round = await nextRound()
  const result = transmitter.submit(round)
  const posted = async () => (await view()).parent?.round === round.report.round
  while (!(await posted())) await new Promise((resolve) => setTimeout(resolve, 10))
  await at.provider.send('anvil_reorg', [1, []])
  t.equal((await view()).parent, null, 'gone')
  while (!(await posted())) await new Promise((resolve) => setTimeout(resolve, 10))
  await at.provider.send('anvil_mine', ['0x3'])
  t.match(await result, { outcome: 'mine' })
  t.equal(await nonce('f'), 1)
})

t.test('someone else uses the account', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nonce, nextRound } = await setUp(t)
  await fund('l')
  const provider = faulty(at)
  t.teardown(() => provider.destroy())
  let dropped = 0
  let down = true
  provider.before = (method) => {
    if (method !== 'eth_sendRawTransaction' || !down) return
    dropped++
    throw new Error('connection reset')
  }
  const { transmitter, problems } = await run('l', { provider })
  const result = transmitter.submit(await nextRound())
  await until(() => dropped > 0)
  await sendAll(at.provider, bytesOf('transmitter l'), [
    { what: 'foreign', to: transmitter.address, data: '0x', gasLimit: 21_000n },
  ])
  down = false
  t.match(await result, { outcome: 'mine' })
  t.ok(problems.some((problem) => problem.code === 'ORACLE_TRANSMITTER_NONCE'))
  t.equal(await nonce('l'), 2, 'the round went under the next nonce')
})

t.test('a fee at its cap is told and not exceeded', { skip: chainSkip() }, async (t) => {
  const { at, run, fund, nextRound } = await setUp(t)
  await fund('m')
  await at.provider.send('evm_setAutomine', [false])
  const cap = 2_000_000_000n
  const { transmitter, problems, journalFile } = await run('m', { bumpAfterBlocks: 1, maxFeePerGas: cap })
  const result = transmitter.submit(await nextRound())
  const mine = async (baseFee: bigint) => {
    await at.provider.send('anvil_setNextBlockBaseFeePerGas', [`0x${baseFee.toString(16)}`])
    await at.provider.send('evm_mine', [])
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  while (!problems.some((problem) => problem.code === 'ORACLE_TRANSMITTER_STUCK')) await mine(cap + 1n)
  for (const line of readFileSync(journalFile, 'utf8').split('\n')) {
    if (line.includes('"row":"sent"')) t.ok(BigInt(JSON.parse(line).sent.maxFeePerGas) <= cap)
  }
  const done = new AbortController()
  result.finally(() => done.abort())
  while (!done.signal.aborted) await mine(1_000n)
  t.match(await result, { outcome: 'mine' })
})

t.test('two transmitters race', { skip: chainSkip() }, async (t) => {
  const { run, fund, nextRound, view } = await setUp(t)
  await fund('g')
  await fund('h')
  const [g, h] = [await run('g'), await run('h')]
  const round = await nextRound(300)
  const outcomes = await Promise.all([g.transmitter.submit(round), h.transmitter.submit(round)])
  t.same(outcomes.map((o) => o.outcome).filter((o) => o === 'mine').length >= 1, true)
  t.notOk(outcomes.some((o) => o.outcome === 'refused' || o.outcome === 'superseded'))
  t.match((await view()).parent, { round: round.report.round, complete: true })
})

t.test('the wrong chain', { skip: chainSkip() }, async (t) => {
  const { run } = await setUp(t)
  await t.rejects(run('i', { chainId: 1 }), { code: 'ORACLE_CHAIN_ID' })
  await t.rejects(run('k', { healthOracle: `0x${'12'.repeat(20)}` }), { code: 'ORACLE_CHAIN_CONTRACT' })
  await t.rejects(run('j', { journalFile: '/nonexistent/folder/j' }), { code: 'ORACLE_TRANSMITTER_JOURNAL' })
})
