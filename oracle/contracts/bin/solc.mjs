// What forge runs as its compiler: the pinned solc package of npm, behind the command line of the native one.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import solc from 'solc'

const args = process.argv.slice(2)
const base = args.includes('--base-path') ? args[args.indexOf('--base-path') + 1] : '.'

function find(path) {
  try {
    return { contents: readFileSync(resolve(base, path), 'utf8') }
  } catch {
    return { error: `${path} cannot be read from ${resolve(base)}` }
  }
}

if (args.includes('--version')) {
  console.log('solc, the solidity compiler commandline interface')
  console.log(`Version: ${solc.version().replace('Emscripten.clang', 'Linux.g++')}`)
} else if (args.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8'), { import: find }))
} else {
  console.error('solc: only --version and --standard-json are supported here')
  process.exit(2)
}
