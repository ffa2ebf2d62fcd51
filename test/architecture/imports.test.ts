import { build } from 'esbuild'
import t from 'tap'
import { isFile, ROOT, type Source, sources } from './sources.ts'

const ROOMS = ['protocol', 'firmware-probes', 'agent', 'oracle', 'dashboards', 'scripts', 'test'] as const
type Room = (typeof ROOMS)[number] | 'root'

/** Which rooms a room may import besides itself. */
const MAY_IMPORT: Record<Room, readonly Room[]> = {
  protocol: [],
  'firmware-probes': ['protocol'],
  agent: ['protocol', 'firmware-probes'],
  oracle: ['protocol'],
  dashboards: ['protocol'],
  root: ['agent', 'oracle', 'protocol', 'firmware-probes'],
  scripts: ['protocol', 'firmware-probes', 'agent', 'oracle', 'dashboards', 'root'],
  test: ['protocol', 'firmware-probes', 'agent', 'oracle', 'dashboards', 'scripts', 'root'],
}

const all = sources()
const roomOf = (path: string): Room => ROOMS.find((room) => path.startsWith(`${room}/`)) ?? 'root'

/** What is wrong with one import, or undefined. */
function fault(source: Source, { specifier, target }: Source['imports'][number]): string | undefined {
  const room = roomOf(source.path)
  if (target === null) {
    const node = specifier.startsWith('node:')
    if (node && (room === 'dashboards' || (room === 'protocol' && !source.path.startsWith('protocol/node/'))))
      return 'Node outside protocol/node'
    return undefined
  }
  if (specifier.startsWith('#') && /\.[jt]sx?$/.test(specifier))
    return 'a cross-room import with an extension'
  if (!isFile(target)) return 'no such file'
  const to = roomOf(target)
  if (to === room)
    return specifier.startsWith('#') && room !== 'test' ? 'an alias inside its own room' : undefined
  return MAY_IMPORT[room].includes(to) ? undefined : `${room} may not import ${to}`
}

t.test('rooms', async (t) => {
  t.ok(all.length > 100, `${all.length} source files`)
  const faults = all.flatMap((source) =>
    source.imports.flatMap((each) => {
      const wrong = fault(source, each)
      return wrong ? [`${source.path}: ${each.specifier}: ${wrong}`] : []
    }),
  )
  t.same(faults, [], 'imports go only as ARCHITECTURE allows')
})

t.test('the rules themselves', async (t) => {
  const source = (path: string): Source => ({ path, text: '', imports: [], barrel: false })
  const say = (path: string, specifier: string, target: string | null) =>
    fault(source(path), { specifier, target, typeOnly: false })
  t.match(
    say('oracle/a.ts', '../agent/cli/run.ts', 'agent/cli/run.ts') ?? '',
    /oracle may not import agent|no such file/,
  )
  t.equal(say('protocol/wire/a.ts', 'node:fs', null), 'Node outside protocol/node')
  t.equal(say('protocol/node/a.ts', 'node:fs', null), undefined)
  t.equal(
    say('protocol/bytes.ts', '../oracle/oracleErrors.ts', 'oracle/oracleErrors.ts'),
    'protocol may not import oracle',
  )
  t.equal(
    say('agent/a.ts', '../test/fixtures/corpus.ts', 'test/fixtures/corpus.ts'),
    'agent may not import test',
  )
  t.equal(say('agent/a.ts', '#protocol/bytes', 'protocol/bytes.ts'), undefined)
})

t.test('circles', async (t) => {
  const graph = new Map(all.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]))
  t.same(circles(graph), [], 'no file imports itself over others, types included')
  t.same(
    circles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ),
    ['a → b → c → a'],
    'and a circle would be found',
  )
})

t.test('protocol in a browser', async (t) => {
  const entryPoints = all
    .map((s) => s.path)
    .filter((p) => p.startsWith('protocol/') && !p.startsWith('protocol/node/'))
  const { outputFiles, warnings } = await build({
    absWorkingDir: ROOT,
    entryPoints,
    bundle: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@assay/source'],
    logLevel: 'silent',
  })
  t.equal(outputFiles.length, entryPoints.length, 'every file outside protocol/node bundles')
  t.same(warnings, [])
})

/** Every circle of a graph once, as a path that ends where it began. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node)
    if (at >= 0) found.push([...path.slice(at), node].join(' → '))
    if (at >= 0 || done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return found
}
