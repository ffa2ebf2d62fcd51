import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ADMISSION_TYPE } from '#protocol/wire/admission'
import { REPORT_TYPE } from '#protocol/wire/report'
import { compileContracts } from '../../scripts/contracts.mjs'

const contracts = fileURLToPath(new URL('../../oracle/contracts', import.meta.url))

t.test('the committed artefacts are what the pinned compiler makes of the sources', async (t) => {
  const compiled = compileContracts()
  t.same(readdirSync(join(contracts, 'artifacts')).sort(), Object.keys(compiled).sort())
  for (const [name, text] of Object.entries(compiled)) {
    const committed = readFileSync(join(contracts, 'artifacts', name), 'utf8')
    t.ok(committed === text, `${name}: the same bytes; otherwise run node scripts/contracts.mjs`)
    const { deployedBytes, solc } = JSON.parse(text)
    t.ok(deployedBytes < 24_576, `${name}: ${deployedBytes} bytes, below the limit of EIP-170`)
    t.match(solc, /^0\.8\.30\+/)
  }
})

t.test('both sides sign the same types', async (t) => {
  const source = (name: string) => readFileSync(join(contracts, 'src', name), 'utf8')
  t.ok(source('HealthOracle.sol').includes(`"${REPORT_TYPE}"`))
  t.ok(source('CaliberRegistry.sol').includes(`"${ADMISSION_TYPE}"`))
})
