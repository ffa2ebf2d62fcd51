import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ourFiles, ROOT, sources } from './sources.ts'

const LONGEST = 500
const files = ourFiles()
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const lines = (text: string) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

t.test('length', async (t) => {
  const code = files.filter((path) => /\.(tsx?|mjs|sol|c|h|css)$/.test(path))
  const sized = code.map((path) => ({ path, lines: lines(read(path)) })).sort((a, b) => a.lines - b.lines)
  t.comment(
    `${sized.length} files, median ${sized[sized.length >> 1]?.lines} lines, longest ${sized.at(-1)?.lines}`,
  )
  t.same(
    sized.filter((file) => file.lines > LONGEST),
    [],
    `no file has more than ${LONGEST} lines`,
  )
})

t.test('barrels', async (t) => {
  t.same(
    sources()
      .filter((source) => source.barrel)
      .map((source) => source.path),
    [],
    'no file only passes on others',
  )
})

t.test('what must not be in the tree', async (t) => {
  const text = files.filter((path) => !/\.(png|jpg|ico|woff2?|so|gz|wasm)$/.test(path))
  // Put together here, so that this file does not hold what it looks for.
  const registry = ['registry', 'npmjs', 'org'].join('\\.')
  const patterns: [string, RegExp][] = [
    ['the address of a package registry', new RegExp(registry, 'i')],
    [
      'a path of one machine',
      new RegExp(`(?<![\\w.$}-])/(${['work', 'root', 'Users'].join('|')})/\\w|/home/\\w+/`),
    ],
    ['a note to come back', new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`)],
    ['a home directory', new RegExp(homedir().length > 5 ? homedir() : '\\u0000 none')],
  ]
  for (const [name, pattern] of patterns) {
    const found = text.filter((path) => pattern.test(read(path)))
    t.same(found, [], `no ${name}`)
  }
})

t.test('the lockfile', async (t) => {
  const lock = JSON.parse(read('package-lock.json'))
  const packages = Object.entries<Record<string, unknown>>(lock.packages)
  t.same(
    packages.filter(([, each]) => each.resolved).map(([name]) => name),
    [],
    'names no address to load from',
  )
  const bare = packages.filter(
    ([name, each]) => name !== '' && !each.integrity && !each.link && !each.inBundle,
  )
  t.same(
    bare.map(([name]) => name),
    [],
    'pins every package by its digest',
  )
  const manifest = JSON.parse(read('package.json'))
  const loose = Object.entries<string>({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  }).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  t.same(loose, [], 'and package.json names exact versions')
})
