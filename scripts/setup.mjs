// Makes a checkout runnable: installs what package-lock.json pins, builds what changed, links the `assay` command.
// Each step is skipped when its result is already there, so `npm start` after `npm test` does nothing twice.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `assay: found Node ${process.versions.node}, wanted 20.19 or newer: install a newer Node and run again`,
  )
  process.exit(1)
}

/** Runs one command in the checkout and ends this process with its exit code if it fails. */
function run(what, command, args) {
  console.error(`assay: ${what} …`)
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.status !== 0) {
    console.error(`assay: ${what} failed (${command} ${args.join(' ')})`)
    process.exit(result.status ?? 1)
  }
}

// Not `npm ci`: it refuses a lockfile that lacks an optional binary of a platform nobody here has. `--no-save` takes
// every version from the lockfile all the same and writes nothing back.
function installIfNeeded() {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.assay-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  run('installing packages', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, digest)
}

function linkCommand() {
  const link = join(root, 'node_modules', '.bin', 'assay')
  mkdirSync(dirname(link), { recursive: true })
  if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync(join('..', '..', 'bin', 'assay.mjs'), link)
  chmodSync(join(root, 'bin', 'assay.mjs'), 0o755)
}

installIfNeeded()
linkCommand()
if (process.argv.includes('--build')) {
  const { build } = await import('./build.mjs')
  await build(root, run)
}
