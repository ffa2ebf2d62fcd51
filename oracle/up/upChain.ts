import { readFileSync } from 'node:fs'
import type { JsonRpcProvider } from 'ethers'
import { fromHex, toHex0x } from '#protocol/bytes'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import type { Hex } from '#protocol/wire/chainView'
import { reportAddress } from '#protocol/wire/reportSignature'
import { type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { oracleError } from '../oracleErrors.ts'
import { startAnvil } from '../registry/anvil.ts'
import { openProvider } from '../registry/chainProvider.ts'
import { type Deployment, deployContracts } from '../registry/deploy.ts'
import { rpcCall } from '../registry/rpcCall.ts'

/** The chain of a local run: a fresh anvil, or one that was given. */
export type UpChain = {
  readonly url: string
  readonly chainId: number
  readonly local: boolean
  readonly provider: JsonRpcProvider
  /** Gives an account what it needs for gas. @throws AssayError ORACLE_UP when the chain does not let us */
  fund(address: Hex): Promise<void>
  stop(): Promise<void>
}

const GAS_MONEY = 10n ** 20n

/** Opens the chain at `rpc`, or starts a local one that mines every second. */
export async function openUpChain(rpc: string | undefined): Promise<UpChain> {
  const anvil = rpc ? undefined : await startAnvil()
  const url = rpc ?? (anvil?.url as string)
  const chainId = anvil?.chainId ?? Number(await rpcCall(url, 'eth_chainId', []))
  const provider = await openProvider(url, chainId)
  return {
    url,
    chainId,
    local: anvil !== undefined,
    provider,
    async fund(address) {
      try {
        await rpcCall(url, 'anvil_setBalance', [address, `0x${GAS_MONEY.toString(16)}`])
      } catch (cause) {
        if ((await provider.getBalance(address)) > 0n) return
        throw oracleError(
          'ORACLE_UP',
          {
            part: 'chain',
            found: `account ${address} is empty and ${url} is no development chain`,
            wanted: '--deployer-key-file with a funded key',
          },
          cause,
        )
      }
    },
    async stop() {
      provider.destroy()
      await anvil?.stop()
    },
  }
}

/** Deploys the contracts and opens the feed of `roster`. */
export async function deployFeed(
  chain: UpChain,
  deployerKey: Uint8Array,
  roster: Roster,
  epochLengthS: number,
): Promise<Deployment> {
  return deployContracts(chain.provider, deployerKey, toHex0x(roster.feedId), {
    signers: roster.nodes.map((node) => toHex0x(node.nodeId)),
    threshold: roster.threshold,
    validFrom: 0,
    validTo: 2 ** 40 - 1,
    epochLengthS,
    // Two epochs: with one, a round would go stale in the second or two that the next one needs to be posted.
    heartbeatS: 2 * epochLengthS,
    methodologyHash: methodologyHash(CHS1),
    rosterHash: toHex0x(rosterFingerprint(roster)),
  })
}

/** A secp256k1 key from a file of hex. @throws AssayError ORACLE_UP when it does not hold one */
export function readKeyFile(file: string): Uint8Array {
  const key = fromHex(readFileSync(file, 'utf8').trim())
  if (key?.length !== 32)
    throw oracleError('ORACLE_UP', { part: 'deployer key', found: file, wanted: '64 hex digits' })
  reportAddress(key)
  return key
}
