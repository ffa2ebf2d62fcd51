// Compiles oracle/contracts/src with the pinned solc and writes the artefacts that the oracle deploys.
// `node scripts/contracts.mjs` writes them; the test of the artefacts compares them with a fresh compilation.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const root = join(fileURLToPath(import.meta.url), '../..')
const sources = join(root, 'oracle/contracts/src')
const artifacts = join(root, 'oracle/contracts/artifacts')

/** Contracts that are deployed: each gets one artefact. */
const DEPLOYED = ['CaliberRegistry', 'HealthOracle']

/** Compiles every source. Returns the text of each artefact by file name; throws with the compiler's messages. */
export function compileContracts() {
  const names = readdirSync(sources).filter((name) => name.endsWith('.sol'))
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(
      names.map((name) => [`src/${name}`, { content: readFileSync(join(sources, name), 'utf8') }]),
    ),
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 10_000 },
      metadata: { bytecodeHash: 'none', appendCBOR: false },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  }
  const find = (path) => {
    try {
      return { contents: readFileSync(join(root, 'node_modules', path), 'utf8') }
    } catch {
      return { error: `${path} is not installed` }
    }
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }))
  const problems = (output.errors ?? []).filter((problem) => problem.severity !== 'info')
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.formattedMessage).join('\n'))
  return Object.fromEntries(
    DEPLOYED.map((name) => {
      const { abi, evm } = output.contracts[`src/${name}.sol`][name]
      const artifact = {
        contract: name,
        solc: solc.version(),
        evmVersion: 'cancun',
        deployedBytes: evm.deployedBytecode.object.length / 2,
        abi,
        bytecode: `0x${evm.bytecode.object}`,
      }
      return [`${name}.json`, `${JSON.stringify(artifact)}\n`]
    }),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(compileContracts())) {
    writeFileSync(join(artifacts, name), text)
    console.log(`${name}: ${JSON.parse(text).deployedBytes} bytes deployed, ${text.length} bytes of artefact`)
  }
}
