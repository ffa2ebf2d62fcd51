import t from 'tap'
import { killRun } from '../helpers/killRun.ts'

t.setTimeout(900_000)
t.test('kill -9 of broker, agent and node, ten times each: nothing lost, nothing twice', (t) =>
  killRun(t, 10),
)
