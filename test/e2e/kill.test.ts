import t from 'tap'
import { killRun } from '../helpers/killRun.ts'

t.setTimeout(900_000)
t.test('kill -9 of broker, agent and node, twice each: nothing lost, nothing twice', (t) => killRun(t, 2))
