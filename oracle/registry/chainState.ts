import type { Log } from 'ethers'
import type { ChainConfig, ChainToken, Hex, ParentRound } from '#protocol/wire/chainView'
import { loadArtifact } from './artifact.ts'

/** A config with the time for which it holds. */
export type DatedConfig = ChainConfig & {
  readonly methodologyHash: Hex
  readonly validFrom: number
  readonly validTo: number
}

/** What the events of one feed add up to. */
export type ChainState = {
  readonly configs: Map<number, DatedConfig>
  readonly tokens: Map<bigint, ChainToken>
  readonly retired: Map<bigint, ChainToken>
  parent: ParentRound | null
}

/** The state before the first event. */
export function emptyChainState(): ChainState {
  return { configs: new Map(), tokens: new Map(), retired: new Map(), parent: null }
}

/** Folds events of HealthOracle and CaliberRegistry over the state of one feed, in chain order; changes the state. */
export function chainFold(feedId: Hex): (state: ChainState, log: Log) => void {
  const interfaces = [loadArtifact('HealthOracle').interface, loadArtifact('CaliberRegistry').interface]
  return (state, log) => {
    const event = interfaces.map((abi) => abi.parseLog(log)).find((parsed) => parsed !== null)
    if (!event) return
    const args = event.args
    if (event.fragment.inputs.some((input) => input.name === 'feedId') && lower(args.feedId) !== feedId)
      return
    switch (event.name) {
      case 'ConfigSet': {
        const config = args.config
        state.configs.set(Number(args.configId), {
          configId: Number(args.configId),
          signers: [...config.signers].map((address, index) => ({ index, address: lower(address) })),
          threshold: Number(config.threshold),
          epochLengthS: Number(config.epochLength),
          heartbeatS: Number(config.heartbeat),
          rosterHash: lower(config.rosterHash),
          methodologyHash: lower(config.methodologyHash),
          validFrom: Number(config.validFrom),
          validTo: Number(config.validTo),
        })
        return
      }
      case 'ConfigEnds': {
        const config = state.configs.get(Number(args.configId))
        if (config) state.configs.set(config.configId, { ...config, validTo: Number(args.validTo) })
        return
      }
      case 'Admitted':
        state.tokens.set(args.tokenId, {
          tokenId: args.tokenId,
          assetId: lower(args.assetId),
          generation: Number(args.generation),
          agentId: lower(args.agentId),
          owner: lower(args.owner),
          level: Number(args.level),
        })
        return
      case 'Transfer': {
        const token = state.tokens.get(args.tokenId)
        if (token && BigInt(args.to) !== 0n)
          state.tokens.set(args.tokenId, { ...token, owner: lower(args.to) })
        return
      }
      case 'Retired': {
        const token = state.tokens.get(args.tokenId)
        if (token) state.retired.set(args.tokenId, token)
        state.tokens.delete(args.tokenId)
        return
      }
      case 'RoundPosted':
        state.parent = {
          round: Number(args.round),
          root: lower(args.root),
          digest: lower(args.digest),
          transaction: lower(log.transactionHash),
          // HeadWord.sol: observedTo at bit 80, complete at 240, mapOpen at 248.
          observedTo: Number((args.head >> 80n) & 0xffffffffffn),
          mapOpen: ((args.head >> 248n) & 1n) === 1n,
          complete: ((args.head >> 240n) & 1n) === 1n,
        }
        return
      case 'ExceptionsApplied':
        if (state.parent && args.complete) state.parent = { ...state.parent, complete: true }
    }
  }
}

function lower(text: string): Hex {
  return text.toLowerCase() as Hex
}
