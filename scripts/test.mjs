// Runs the checks and the tests, and ends with the plain line `N passed, N failed, N skipped`.
//   (no flag)     types, formatting, lint, then every test under test/ but test/soak
//   --contracts   the contract suites only      --soak   the long ones only      FILE…   just these files
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = (name) => join(root, 'node_modules', '.bin', name)
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('--'))
const named = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const counts = { passed: 0, failed: 0, skipped: 0 }

/** Runs one whole-tree check; it counts as one test. */
function check(what, command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status === 0) counts.passed++
  else counts.failed++
  console.log(`${status === 0 ? 'ok' : 'not ok'} - ${what}`)
  if (status !== 0) console.log(`${stdout}${stderr}`.split('\n').slice(0, 200).join('\n'))
}

function filesUnder(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort()
}

function chosenFiles() {
  if (named.length > 0) return named
  if (flags.includes('--soak')) return filesUnder('test/soak')
  if (flags.includes('--contracts')) return filesUnder('test/contracts')
  return filesUnder('test').filter((file) => !file.startsWith(join('test', 'soak')))
}

/** Runs test files under tap; shows each file's verdict, every failure with its diagnostics, and every skip's reason. */
async function runTap(files) {
  mkdirSync(join(root, '.tap'), { recursive: true })
  const log = createWriteStream(join(root, '.tap', 'last.tap'))
  const child = spawn(bin('tap'), ['run', '-R', 'tap', ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let diagnostics = 0
  let summary
  for await (const line of createInterface({ input: child.stdout })) {
    log.write(`${line}\n`)
    const total = /^# \{ total: (\d+)(.*)\}/.exec(line)
    if (total) summary = line
    const failing = /^\s*not ok /.test(line)
    if (failing) diagnostics = 40
    if (/^(ok|not ok) /.test(line) || failing || / # SKIP/.test(line)) console.log(line)
    else if (diagnostics > 0) {
      diagnostics = /^\s*\.\.\.$/.test(line) ? 0 : diagnostics - 1
      console.log(line)
    }
  }
  const code = await new Promise((resolve) => child.on('close', resolve))
  const count = (name) => Number(new RegExp(`${name}: (\\d+)`).exec(summary ?? '')?.[1] ?? 0)
  counts.passed += count('pass')
  counts.failed += count('fail')
  counts.skipped += count('skip') + count('todo')
  if (code !== 0 && count('fail') === 0) counts.failed++
}

if (named.length === 0 && flags.length === 0) {
  check('types', bin('tsc'), ['-p', 'tsconfig.json'])
  if (existsSync(join(root, 'dashboards/web/tsconfig.json')))
    check('types of the page', bin('tsc'), ['-p', 'dashboards/web/tsconfig.json'])
  check('format and lint', bin('biome'), ['check', '.'])
}
const files = chosenFiles()
if (files.length > 0) await runTap(files)
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
