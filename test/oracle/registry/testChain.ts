import { createHash } from 'node:crypto'
import type { JsonRpcProvider } from 'ethers'
import { type Admission, admissionDigest } from '#protocol/wire/admission'
import type { ChainView, Hex } from '#protocol/wire/chainView'
import type { SigningDomain } from '#protocol/wire/eip712'
import { noExceptions } from '#protocol/wire/exceptions'
import { packQuorum, type Quorum } from '#protocol/wire/quorum'
import { type Report, reportDigest } from '#protocol/wire/report'
import { reportAddress, signDigest } from '#protocol/wire/reportSignature'
import { anvilBinary, type LocalChain, startAnvil } from '../../../oracle/registry/anvil.ts'
import { openProvider } from '../../../oracle/registry/chainProvider.ts'
import { type Deployment, deployContracts, type FeedConfig } from '../../../oracle/registry/deploy.ts'

/** A deployment on a chain of its own, for one test file. */
export type TestChain = {
  readonly chain: LocalChain
  readonly provider: JsonRpcProvider
  readonly feedId: Hex
  readonly nodeKeys: readonly Uint8Array[]
  readonly deployerKey: Uint8Array
  readonly config: FeedConfig
  readonly deployment: Deployment
  stop(): Promise<void>
}

/** A fixed 32-byte value for a name: keys and ids of tests. */
export function bytesOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(name).digest())
}

/** The same as 0x text. */
export function hexOf(name: string): Hex {
  return `0x${Buffer.from(bytesOf(name)).toString('hex')}`
}

/** Why a chain cannot run here, or false. Fails instead where every real component is required. */
export function chainSkip(): string | false {
  if (anvilBinary() !== undefined) return false
  if (process.env.ASSAY_REQUIRE_ALL === '1') throw new Error('anvil is required and not installed')
  return 'anvil is not installed on this platform'
}

/** Starts anvil (every transaction mines a block unless `blockTimeS` says otherwise) and deploys a 3-of-5 feed. */
export async function startTestChain(
  options: {
    blockTimeS?: number
    nodes?: number
    threshold?: number
    epochLengthS?: number
    args?: readonly string[]
  } = {},
): Promise<TestChain> {
  const chain = await startAnvil({ blockTimeS: options.blockTimeS ?? 0, args: options.args ?? [] })
  const provider = await openProvider(chain.url, chain.chainId)
  const deployerKey = bytesOf('deployer')
  const nodeKeys = Array.from({ length: options.nodes ?? 5 }, (_, i) => bytesOf(`node ${i}`))
  const feedId = hexOf('feed')
  const config: FeedConfig = {
    signers: nodeKeys.map(reportAddress),
    threshold: options.threshold ?? 3,
    validFrom: 0,
    validTo: 2 ** 40 - 1,
    epochLengthS: options.epochLengthS ?? 5,
    heartbeatS: 3600,
    methodologyHash: hexOf('methodology'),
    rosterHash: hexOf('roster'),
  }
  await chain.fund(reportAddress(deployerKey), 10n ** 20n)
  const deployment = await deployContracts(provider, deployerKey, feedId, config)
  return {
    chain,
    provider,
    feedId,
    nodeKeys,
    deployerKey,
    config,
    deployment,
    stop: async () => {
      provider.destroy()
      await chain.stop()
    },
  }
}

/** Signatures of the given nodes over a digest. */
export function signedBy(
  at: Pick<TestChain, 'nodeKeys'>,
  digest: Uint8Array,
  indices: readonly number[],
): Quorum {
  return packQuorum(new Map(indices.map((i) => [i, signDigest(digest, at.nodeKeys[i] as Uint8Array)])))
}

/** The signing domains of a deployment. */
export function domainsOf(deployment: Deployment): { oracle: SigningDomain; registry: SigningDomain } {
  return {
    oracle: { chainId: deployment.chainId, verifyingContract: deployment.healthOracle },
    registry: { chainId: deployment.chainId, verifyingContract: deployment.registry },
  }
}

/** A signed admission of token `tokenId`, changed by `change`. */
export function admissionOf(at: TestChain, tokenId: number, change: Partial<Admission> = {}) {
  const admission: Admission = {
    feedId: at.feedId,
    configId: 1,
    owner: `0x${'0a'.repeat(20)}`,
    tokenId: BigInt(tokenId),
    assetId: hexOf(`asset ${tokenId}`),
    generation: 1,
    agentId: hexOf('agent'),
    level: 0,
    tags: [],
    evidenceDigest: hexOf('evidence'),
    expiry: 2 ** 40,
    ...change,
  }
  const digest = admissionDigest(domainsOf(at.deployment).registry, admission)
  return { admission, quorum: signedBy(at, digest, [0, 2, 4]) }
}

/** A signed report of round `round` over the view, changed by `change`. */
export function reportOf(at: TestChain, view: ChainView, round: number, change: Partial<Report> = {}) {
  const observedTo = round * view.config.epochLengthS
  const report: Report = {
    feedId: at.feedId,
    configId: view.config.configId,
    round,
    epochId: hexOf(`epoch ${round}`),
    prevRoot: view.parent?.root ?? `0x${'00'.repeat(32)}`,
    root: hexOf(`root ${round}`),
    leafCount: 1,
    observedFrom: observedTo,
    observedTo,
    validUntil: view.block.timestamp + view.config.heartbeatS,
    mapOpen: true,
    exceptionsHash: noExceptions(),
    aggregateHash: hexOf('aggregate'),
    methodologyHash: view.methodologyHash,
    ackListsHash: hexOf('ack lists'),
    ...change,
  }
  const digest = reportDigest(domainsOf(at.deployment).oracle, report)
  return { report, digest, quorum: signedBy(at, digest, [0, 1, 3]) }
}
