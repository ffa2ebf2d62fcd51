import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import t from 'tap'

type Suites = Record<string, { test_results: Record<string, { status: string; reason: string | null }> }>

const contracts = fileURLToPath(new URL('../../oracle/contracts', import.meta.url))

function forgeBinary(): string | undefined {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/forge-${process.platform}-${arch}/bin/forge`)
  } catch {
    return undefined
  }
}

function run(
  binary: string,
  args: readonly string[],
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { cwd: contracts, env: { ...process.env, NO_COLOR: '1' } })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

const binary = forgeBinary()
if (!binary && process.env.ASSAY_REQUIRE_ALL === '1') t.fail('forge is required and not installed')

t.test(
  'forge unit and fuzz tests',
  { skip: binary ? false : 'forge is not installed', timeout: 180_000 },
  async (t) => {
    t.comment('fuzz seed 0x2a, see oracle/contracts/foundry.toml')
    const { code, out, err } = await run(binary as string, ['test', '--json'])
    const from = out.indexOf('{')
    t.ok(from >= 0, `forge answers${from < 0 ? `: ${err.slice(-2000)}${out.slice(-2000)}` : ''}`)
    const suites: Suites = from < 0 ? {} : JSON.parse(out.slice(from))
    for (const [suite, { test_results }] of Object.entries(suites)) {
      for (const [name, { status, reason }] of Object.entries(test_results)) {
        t.equal(status, 'Success', `${suite.split(':')[1]} ${name}${reason ? `: ${reason}` : ''}`)
      }
    }
    t.ok(Object.keys(suites).length >= 5, 'every suite ran')
    t.equal(code, 0)
  },
)
