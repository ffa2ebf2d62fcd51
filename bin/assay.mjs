#!/usr/bin/env node
// The command as installed: runs the build, and makes it first on a fresh checkout.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
if (!existsSync(join(root, 'dist', 'assay.js'))) {
  const setup = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs'), '--build'], {
    stdio: ['ignore', 2, 2],
  })
  if (setup.status !== 0) process.exit(setup.status ?? 1)
}
await import('../dist/assay.js')
