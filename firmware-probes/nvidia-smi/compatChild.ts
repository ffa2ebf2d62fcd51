// Runs node-nvidia-smi in a process of its own. The package runs `nvidia-smi` through a shell from PATH without a time
// limit, so what bounds it is this process: its parent chose the PATH, gave it a group of its own and kills the group.
import { createRequire } from 'node:module'

type Smi = (callback: (error: unknown, data?: unknown) => void) => void

const smi = createRequire(import.meta.url)('node-nvidia-smi') as Smi

process.on('disconnect', () => process.exit(0))
smi((error, data) => {
  const found = error instanceof Error ? error.message : String(error)
  process.send?.(error ? { error: found.slice(0, 300) } : { data }, () => process.exit(0))
})
