import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Interface, type InterfaceAbi } from 'ethers'
import type { Hex } from '#protocol/wire/chainView'

/** A compiled contract as it is committed. */
export type Artifact = { readonly contract: string; readonly interface: Interface; readonly bytecode: Hex }

export type ContractName = 'CaliberRegistry' | 'HealthOracle'

const loaded = new Map<ContractName, Artifact>()

/** Reads the committed artefact of a contract; the file belongs to the sources, also when running from dist/. */
export function loadArtifact(contract: ContractName): Artifact {
  const known = loaded.get(contract)
  if (known) return known
  const file = ['../contracts/artifacts/', '../../../oracle/contracts/artifacts/']
    .map((folder) => fileURLToPath(new URL(`${folder}${contract}.json`, import.meta.url)))
    .find((path) => existsSync(path))
  const { abi, bytecode } = JSON.parse(readFileSync(file as string, 'utf8')) as {
    abi: InterfaceAbi
    bytecode: Hex
  }
  const artifact = { contract, interface: new Interface(abi), bytecode }
  loaded.set(contract, artifact)
  return artifact
}
