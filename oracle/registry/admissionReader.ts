import type { JsonRpcProvider } from 'ethers'
import type { Admission } from '#protocol/wire/admission'
import type { ChainToken, Hex } from '#protocol/wire/chainView'
import type { Quorum } from '#protocol/wire/quorum'
import { loadArtifact } from './artifact.ts'
import type { Deployment } from './deploy.ts'

/** An admission as it was minted, read back from the transaction that carried it. */
export type MintedAdmission = { readonly admission: Admission; readonly quorum: Quorum }

/** Reads the admissions of live tokens back from the chain; each is asked for once. */
export class AdmissionReader {
  readonly #provider: JsonRpcProvider
  readonly #deployment: Deployment
  readonly #known = new Map<string, Promise<MintedAdmission | null>>()

  constructor(provider: JsonRpcProvider, deployment: Deployment) {
    this.#provider = provider
    this.#deployment = deployment
  }

  /** The signed admission of a token; null when its mint was not a direct call or the chain does not answer. */
  of(token: ChainToken): Promise<MintedAdmission | null> {
    const key = `${token.tokenId}/${token.generation}`
    const asked =
      this.#known.get(key) ??
      this.#read(token).catch(() => {
        this.#known.delete(key)
        return null
      })
    this.#known.set(key, asked)
    return asked
  }

  async #read(token: ChainToken): Promise<MintedAdmission | null> {
    const abi = loadArtifact('CaliberRegistry').interface
    const logs = await this.#provider.getLogs({
      address: this.#deployment.registry,
      fromBlock: this.#deployment.fromBlock,
      topics: abi.encodeFilterTopics('Admitted', [token.tokenId]),
    })
    const transaction =
      logs.at(-1) && (await this.#provider.getTransaction(logs.at(-1)?.transactionHash as string))
    const call = transaction && abi.parseTransaction(transaction)
    if (call?.name !== 'mint') return null
    const [a, bitmap, signatures] = call.args
    return {
      admission: {
        feedId: lower(a.feedId),
        configId: Number(a.configId),
        owner: lower(a.owner),
        tokenId: a.tokenId,
        assetId: lower(a.assetId),
        generation: Number(a.generation),
        agentId: lower(a.agentId),
        level: Number(a.level),
        tags: [...a.tags].map(lower),
        evidenceDigest: lower(a.evidenceDigest),
        expiry: Number(a.expiry),
      },
      quorum: {
        bitmap: Number(bitmap),
        signatures: Uint8Array.from(Buffer.from(signatures.slice(2), 'hex')),
      },
    }
  }
}

function lower(text: string): Hex {
  return text.toLowerCase() as Hex
}
