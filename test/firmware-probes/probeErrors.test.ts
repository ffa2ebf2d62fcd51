import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PROBE_ERRORS } from '../../firmware-probes/probeErrors.ts'

const root = new URL('../..', import.meta.url).pathname

t.test('every code that a probe gives has a row, and every row is given somewhere', async (t) => {
  const used = new Set<string>()
  for (const room of ['firmware-probes', 'agent/cli']) {
    for (const file of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('probeErrors.ts')) continue
      for (const [, code = ''] of readFileSync(join(root, room, file), 'utf8').matchAll(
        /'(AGENT_PROBE_[A-Z_]+)'/g,
      ))
        used.add(code)
    }
  }
  const rows = new Set(Object.keys(PROBE_ERRORS))
  t.same(
    [...used].filter((code) => !rows.has(code)),
    [],
  )
  t.same(
    [...rows].filter((code) => !used.has(code)),
    [],
  )
})
