import { FetchRequest, JsonRpcProvider, Network } from 'ethers'
import { oracleError } from '../oracleErrors.ts'
import { rpcCall } from './rpcCall.ts'

/**
 * Opens a chain by its RPC address after asking it who it is. Throws ORACLE_CHAIN_UNREACHABLE when it does not answer
 * and ORACLE_CHAIN_ID when it is another chain. End it with `destroy()`.
 */
export async function openProvider(url: string, chainId: number): Promise<JsonRpcProvider> {
  const found = Number(await rpcCall(url, 'eth_chainId', []))
  if (found !== chainId) throw oracleError('ORACLE_CHAIN_ID', { found, wanted: chainId })
  const request = new FetchRequest(url)
  request.timeout = 15_000
  return new JsonRpcProvider(request, chainId, {
    staticNetwork: Network.from(chainId),
    cacheTimeout: -1,
    batchMaxCount: 1,
    pollingInterval: 200,
  })
}
