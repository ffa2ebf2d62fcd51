import fc from 'fast-check'
import t from 'tap'
import { AssayError } from '#protocol/assayError'
import { parseDcgmHealth } from '../../../firmware-probes/dcgm/dcgmHealth.ts'

const report = (body: object) => JSON.stringify({ header: ['Health Monitor Report'], body })

t.test('overall and incidents', async (t) => {
  t.same(parseDcgmHealth(report({ 'Overall Health': { value: 'Healthy' } })), {
    overall: 'healthy',
    incidents: [],
  })
  const memory = { value: 'Failure', overflow: ['A row remap failed.', 'Reset the GPU.'] }
  const gpu = { value: 'Failure', children: { Errors: { children: { 'Memory system': memory } } } }
  const health = parseDcgmHealth(
    report({ 'Overall Health': { value: 'Failure' }, GPU: { children: { 3: gpu } } }),
  )
  t.same(health, {
    overall: 'failure',
    incidents: [
      {
        entity: 'GPU',
        entityId: 3,
        system: 'Memory system',
        health: 'failure',
        text: 'A row remap failed. Reset the GPU.',
      },
    ],
  })
})

t.test('what is not one of the three words is unknown', async (t) => {
  for (const value of ['Internal error', '', 'healthy', 1, null]) {
    t.equal(parseDcgmHealth(report({ 'Overall Health': { value } })).overall, 'unknown')
  }
})

t.test('what dcgmi prints instead of a report', async (t) => {
  const line = 'Error: Health watches not enabled. Please enable watches.'
  t.throws(() => parseDcgmHealth(line), { code: 'AGENT_PROBE_FORMAT', facts: { found: line } })
  t.throws(() => parseDcgmHealth('{"body":{}}'), { code: 'AGENT_PROBE_FORMAT' })
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  fc.assert(
    fc.property(fc.json(), (json) => {
      try {
        parseDcgmHealth(json)
        return false
      } catch (error) {
        return error instanceof AssayError
      }
    }),
    { seed },
  )
})
