import { uintWord } from './abi.ts'
import type { CborValue } from './cbor.ts'
import type { ChainConfig, ChainToken, ChainView, ParentRound } from './chainView.ts'
import { asHex, asWord, hexItem } from './hexItem.ts'
import { asArray, asBool, asUint } from './shape.ts'

/** The CBOR form of a chain view: what a round bundle carries of the chain. */
export function chainViewItems(view: ChainView): CborValue {
  const { config, parent } = view
  return [
    hexItem(view.feedId, 32, 'feedId'),
    view.chainId,
    hexItem(view.healthOracle, 20, 'healthOracle'),
    hexItem(view.registry, 20, 'registry'),
    [view.block.number, hexItem(view.block.hash, 32, 'block.hash'), view.block.timestamp],
    [
      config.configId,
      config.signers.map((signer) => [signer.index, hexItem(signer.address, 20, 'signer')]),
      config.threshold,
      config.epochLengthS,
      config.heartbeatS,
      hexItem(config.rosterHash, 32, 'rosterHash'),
    ],
    hexItem(view.methodologyHash, 32, 'methodologyHash'),
    view.tokens.map(tokenItems),
    view.retired.map(tokenItems),
    parent && [
      parent.round,
      hexItem(parent.root, 32, 'parent.root'),
      hexItem(parent.digest, 32, 'parent.digest'),
      hexItem(parent.transaction, 32, 'parent.transaction'),
      parent.observedTo,
      parent.mapOpen,
      parent.complete,
    ],
  ]
}

/** @throws AssayError PROTO_SHAPE */
export function chainViewFromItems(value: CborValue | undefined): ChainView {
  const v = asArray(value, 'view', 10)
  const block = asArray(v[4], 'view.block', 3)
  return {
    feedId: asHex(v[0], 'view.feedId', 32),
    chainId: asUint(v[1], 'view.chainId'),
    healthOracle: asHex(v[2], 'view.healthOracle', 20),
    registry: asHex(v[3], 'view.registry', 20),
    block: {
      number: asUint(block[0], 'view.block.number'),
      hash: asHex(block[1], 'view.block.hash', 32),
      timestamp: asUint(block[2], 'view.block.timestamp'),
    },
    config: configFromItems(v[5]),
    methodologyHash: asHex(v[6], 'view.methodologyHash', 32),
    tokens: asArray(v[7], 'view.tokens').map(tokenFromItems),
    retired: asArray(v[8], 'view.retired').map(tokenFromItems),
    parent: v[9] === null ? null : parentFromItems(v[9]),
  }
}

function tokenItems(token: ChainToken): CborValue {
  return [
    uintWord(token.tokenId, 256, 'tokenId'),
    hexItem(token.assetId, 32, 'assetId'),
    token.generation,
    hexItem(token.agentId, 32, 'agentId'),
    hexItem(token.owner, 20, 'owner'),
    token.level,
  ]
}

function tokenFromItems(value: CborValue): ChainToken {
  const t = asArray(value, 'token', 6)
  return {
    tokenId: asWord(t[0], 'token.tokenId'),
    assetId: asHex(t[1], 'token.assetId', 32),
    generation: asUint(t[2], 'token.generation'),
    agentId: asHex(t[3], 'token.agentId', 32),
    owner: asHex(t[4], 'token.owner', 20),
    level: asUint(t[5], 'token.level'),
  }
}

function configFromItems(value: CborValue | undefined): ChainConfig {
  const c = asArray(value, 'config', 6)
  return {
    configId: asUint(c[0], 'config.configId'),
    signers: asArray(c[1], 'config.signers').map((item) => {
      const s = asArray(item, 'config.signers', 2)
      return { index: asUint(s[0], 'signer.index'), address: asHex(s[1], 'signer.address', 20) }
    }),
    threshold: asUint(c[2], 'config.threshold'),
    epochLengthS: asUint(c[3], 'config.epochLengthS'),
    heartbeatS: asUint(c[4], 'config.heartbeatS'),
    rosterHash: asHex(c[5], 'config.rosterHash', 32),
  }
}

function parentFromItems(value: CborValue | undefined): ParentRound {
  const p = asArray(value, 'parent', 7)
  return {
    round: asUint(p[0], 'parent.round'),
    root: asHex(p[1], 'parent.root', 32),
    digest: asHex(p[2], 'parent.digest', 32),
    transaction: asHex(p[3], 'parent.transaction', 32),
    observedTo: asUint(p[4], 'parent.observedTo'),
    mapOpen: asBool(p[5], 'parent.mapOpen'),
    complete: asBool(p[6], 'parent.complete'),
  }
}
