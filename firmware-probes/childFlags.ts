const WITH_VALUE: ReadonlySet<string> = new Set([
  ...['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C'],
])

/**
 * The flags of this process that a child of the same program needs to load its modules: loaders named as packages, and
 * conditions. What is about this process alone stays here: an inspector's port, a script of the command line, and
 * loaders given by their place on disk, which are those of tracers and test runners.
 */
export function childFlags(execArgv: readonly string[] = process.execArgv): readonly string[] {
  const kept: string[] = []
  for (let i = 0; i < execArgv.length; i++) {
    const flag = execArgv[i] ?? ''
    const [name = ''] = flag.split('=', 1)
    if (!WITH_VALUE.has(name)) continue
    const parts = flag === name ? [flag, execArgv[++i] ?? ''] : [flag]
    const value = flag === name ? (parts[1] ?? '') : flag.slice(name.length + 1)
    if (!/^(?:file:|\/)/.test(value)) kept.push(...parts)
  }
  return kept
}
