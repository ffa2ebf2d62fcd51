import t from 'tap'
import type { Hex } from '#protocol/wire/chainView'
import { reportAddress } from '#protocol/wire/reportSignature'
import { mintAdmissions } from '../../../oracle/registry/admit.ts'
import { loadArtifact } from '../../../oracle/registry/artifact.ts'
import { openProvider } from '../../../oracle/registry/chainProvider.ts'
import { ChainReader } from '../../../oracle/registry/chainReader.ts'
import { sendAll } from '../../../oracle/registry/sendAll.ts'
import { admissionOf, chainSkip, hexOf, startTestChain } from './testChain.ts'

t.test('a deployment, its admissions and its chain view', { skip: chainSkip() }, async (t) => {
  const started = performance.now()
  const at = await startTestChain()
  t.teardown(() => at.stop())
  t.comment(`deployed in ${Math.round(performance.now() - started)} ms`)
  const reader = new ChainReader(at.provider, { ...at.deployment, feedId: at.feedId })
  const before = await reader.read(await at.provider.getBlockNumber())
  t.match(before, {
    chainId: 31337,
    tokens: [],
    parent: null,
    methodologyHash: at.config.methodologyHash,
    config: { configId: 1, threshold: 3, epochLengthS: 5, heartbeatS: 3600, rosterHash: hexOf('roster') },
  })
  t.same(
    before.config.signers.map((signer) => signer.address),
    at.config.signers,
  )

  const minted = await mintAdmissions(at.provider, at.deployerKey, at.deployment.registry, [
    admissionOf(at, 2),
    admissionOf(at, 1),
  ])
  t.same(
    minted.map((m) => m.tokenId),
    [2n, 1n],
  )
  const view = await reader.read(await at.provider.getBlockNumber())
  t.same(
    view.tokens.map((token) => [token.tokenId, token.assetId, token.generation, token.owner]),
    [1, 2].map((i) => [BigInt(i), hexOf(`asset ${i}`), 1, `0x${'0a'.repeat(20)}`]),
  )
  const fresh = new ChainReader(at.provider, { ...at.deployment, feedId: at.feedId, logRange: 2 })
  t.same(await fresh.read(view.block.number), view, 'folding from the start gives the same view')
  t.same(await reader.read(before.block.number), before, 'an earlier block still gives the earlier view')

  const refusals: [string, Parameters<typeof admissionOf>[2], RegExp][] = [
    ['token id used', { tokenId: 1n, assetId: hexOf('asset 9') }, /TokenIdUsed\(1\)/],
    ['asset live', { tokenId: 3n, assetId: hexOf('asset 1') }, /AssetIsLive\(0x[0-9a-f]{64}, 1\)/],
    ['expired', { tokenId: 3n, expiry: 1 }, /AdmissionExpired\(1, /],
    ['generation 0', { tokenId: 3n, generation: 0 }, /BadGeneration\(0\)/],
    ['other config', { tokenId: 3n, configId: 2 }, /UnknownConfig/],
  ]
  for (const [name, change, wanted] of refusals) {
    await t.rejects(
      mintAdmissions(at.provider, at.deployerKey, at.deployment.registry, [admissionOf(at, 3, change)]),
      { code: 'ORACLE_CHAIN_REVERT', message: wanted },
      name,
    )
  }
  const foreign = admissionOf(at, 3)
  await t.rejects(
    mintAdmissions(at.provider, at.deployerKey, at.deployment.registry, [
      { ...foreign, admission: { ...foreign.admission, owner: `0x${'0b'.repeat(20)}` } },
    ]),
    { code: 'ORACLE_CHAIN_REVERT', message: /WrongSigner\(0, / },
    'an owner that nobody signed',
  )
})

t.test('another chain than configured', { skip: chainSkip() }, async (t) => {
  const at = await startTestChain()
  t.teardown(() => at.stop())
  const latest = await at.provider.getBlockNumber()
  const nowhere = {
    ...at.deployment,
    feedId: at.feedId,
    healthOracle: at.deployment.registry.replace(/..$/, '00') as Hex,
  }
  await t.rejects(new ChainReader(at.provider, nowhere).read(latest), { code: 'ORACLE_CHAIN_CONTRACT' })
  const elsewhere = { ...at.deployment, feedId: hexOf('another feed') }
  await t.rejects(new ChainReader(at.provider, elsewhere).read(latest), { code: 'ORACLE_CHAIN_CONFIG' })
  await t.rejects(new ChainReader(at.provider, elsewhere).read(latest + 9), { code: 'ORACLE_CHAIN_REORG' })
  await t.rejects(openProvider(at.chain.url, 1), {
    code: 'ORACLE_CHAIN_ID',
    facts: { found: 31337, wanted: 1 },
  })
  await t.rejects(openProvider('http://127.0.0.1:1', 1), { code: 'ORACLE_CHAIN_UNREACHABLE' })
})

t.test('transfers, retirements and reorganisations', { skip: chainSkip() }, async (t) => {
  const at = await startTestChain()
  t.teardown(() => at.stop())
  const { provider, deployerKey, deployment } = at
  const reader = new ChainReader(provider, { ...deployment, feedId: at.feedId })
  const now = async () => reader.read(await provider.getBlockNumber())
  const deployer = reportAddress(deployerKey)
  const abi = loadArtifact('CaliberRegistry').interface
  const call = (name: string, args: readonly unknown[]) =>
    sendAll(provider, deployerKey, [
      { what: name, to: deployment.registry, data: abi.encodeFunctionData(name, args), gasLimit: 300_000n },
    ])
  const other: Hex = `0x${'0c'.repeat(20)}`
  await mintAdmissions(provider, deployerKey, deployment.registry, [
    admissionOf(at, 1, { owner: deployer }),
    admissionOf(at, 2, { owner: deployer }),
  ])
  await call('transferFrom', [deployer, other, 1])
  const moved = await now()
  t.same(
    moved.tokens.map((token) => token.owner),
    [other, deployer],
  )
  await call('retire', [2])
  const retired = await now()
  t.same(
    [
      retired.tokens.map((token) => token.tokenId),
      retired.retired.map((token) => [token.tokenId, token.owner]),
    ],
    [[1n], [[2n, deployer]]],
  )
  await t.rejects(call('retire', [1]), { code: 'ORACLE_CHAIN_REVERT', message: /NotSurrendered\(1, / })

  // The last two blocks, the refused call and the retirement, are replaced by empty ones.
  await provider.send('anvil_reorg', [2, []])
  const after = await now()
  t.same(after.tokens, moved.tokens, 'what the reorganisation removed is forgotten')
  t.same(after.retired, [])
  t.not(after.block.hash, retired.block.hash)
})
