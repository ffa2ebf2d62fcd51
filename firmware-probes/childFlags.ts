const WITH_VALUE: ReadonlySet<string> = new Set([
  ...['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C'],
])

/**
 * The flags of this process that a child of the same program needs to load its modules: loaders and conditions. Flags
 * that are about this process alone (an inspector's port, a script given on the command line) stay here.
 */
export function childFlags(execArgv: readonly string[] = process.execArgv): readonly string[] {
  const kept: string[] = []
  for (let i = 0; i < execArgv.length; i++) {
    const flag = execArgv[i] ?? ''
    const [name = ''] = flag.split('=', 1)
    if (!WITH_VALUE.has(name)) continue
    kept.push(flag)
    if (flag === name) kept.push(execArgv[++i] ?? '')
  }
  return kept
}
