import t from 'tap'
import { childFlags } from '../../firmware-probes/childFlags.ts'

t.test('loaders and conditions go to a child, nothing else does', async (t) => {
  t.same(childFlags([]), [])
  const flags = ['--import=tsx', '--conditions=@assay/source', '--inspect-brk=9229', '-e', 'code', '--test']
  t.same(childFlags(flags), ['--import=tsx', '--conditions=@assay/source'])
  t.same(childFlags(['-C', 'a', '--require', './x.cjs', '-e', 'code']), ['-C', 'a', '--require', './x.cjs'])
  t.same(childFlags(['--import=file:///runner.mjs', '--import', '/opt/trace.mjs', '--import', 'tsx']), [
    '--import',
    'tsx',
  ])
})
