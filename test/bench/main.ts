import { cpus, totalmem } from 'node:os'

// `npm run bench [-- NAME…] [--json]`: every figure that the README quotes, measured here and now.
const BENCHES: Readonly<Record<string, () => Promise<() => Promise<object>>>> = {
  bytes: async () => (await import('./bytes.ts')).benchBytes,
  ingest: async () => (await import('./ingest.ts')).benchIngest,
  agent: async () => (await import('./agent.ts')).benchAgent,
  xid: async () => (await import('./xid.ts')).benchXid,
  start: async () => (await import('./start.ts')).benchStart,
  gas: async () => (await import('./gas.ts')).benchGas,
  page: async () => (await import('./page.ts')).benchPage,
}

const json = process.argv.includes('--json')
const named = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const unknown = named.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; wanted any of: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

const results: Record<string, unknown> = {
  machine: {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  },
}
for (const name of named.length > 0 ? named : Object.keys(BENCHES)) {
  if (!json) console.error(`${name} …`)
  const bench = await (BENCHES[name] as (typeof BENCHES)[string])()
  results[name] = await bench()
  if (!json) console.log(`${name}: ${JSON.stringify(results[name], null, 2)}`)
}
if (json) console.log(JSON.stringify(results))
process.exit(0)
