// Compiles the TypeScript rooms to dist/ and bundles the web page. tsc is incremental; the bundle takes under a second.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Builds dist/ under `root`; `run(what, command, args)` runs one command and stops the process if it fails. */
export async function build(root, run) {
  run('building', process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
  ])
  if (!existsSync(join(root, 'dashboards/web/src/main.tsx'))) return
  const { bundleWeb } = await import('./bundle-web.mjs')
  await bundleWeb(root)
}
