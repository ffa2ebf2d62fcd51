/** Hex text with a 0x prefix, lower case. */
export type Hex = `0x${string}`

/** One existing epoch (PROTOCOL §2). `startS` is in seconds of Unix time. */
export type EpochRef = { readonly n: number; readonly epochId: Hex; readonly startS: number }

/** One roster node as HealthOracle's config knows it. */
export type RosterSigner = { readonly index: number; readonly address: Hex }

/** A roster as HealthOracle holds it (PROTOCOL §1). Seconds throughout. */
export type ChainConfig = {
  readonly configId: number
  readonly signers: readonly RosterSigner[]
  readonly threshold: number
  /** Length of an epoch; the same in every config of a feed. */
  readonly epochLengthS: number
  readonly heartbeatS: number
  /** Hash of the off-chain roster document that this config mirrors. */
  readonly rosterHash: Hex
}

/** One live token: minted by an M-signed admission and not retired. */
export type ChainToken = {
  readonly tokenId: bigint
  readonly assetId: Hex
  readonly generation: number
  readonly agentId: Hex
  readonly owner: Hex
  /** Assurance level of the admission. */
  readonly level: number
}

/** The last accepted report on chain; `null` parent means the empty state and prevRoot 0. */
export type ParentRound = {
  readonly round: number
  readonly root: Hex
  /** EIP-712 digest of the accepted report. */
  readonly digest: Hex
  readonly transaction: Hex
  /** Start of its epoch, in seconds: what the heartbeat counts from. */
  readonly observedTo: number
  readonly mapOpen: boolean
  /** Whether all of its exception chunks are on chain: the contract takes the next round only then. */
  readonly complete: boolean
}

/**
 * Everything of the chain that a round may depend on, read at one final block: the anchor of the next epoch
 * (PROTOCOL §6.2). Two honest nodes have the same view for the same block hash.
 */
export type ChainView = {
  readonly feedId: Hex
  readonly chainId: number
  readonly healthOracle: Hex
  readonly registry: Hex
  readonly block: { readonly number: number; readonly hash: Hex; readonly timestamp: number }
  /** The config that is valid at the block's timestamp; of two that overlap, the newer. */
  readonly config: ChainConfig
  readonly methodologyHash: Hex
  /** Ascending by tokenId. */
  readonly tokens: readonly ChainToken[]
  readonly retired: readonly ChainToken[]
  readonly parent: ParentRound | null
}
