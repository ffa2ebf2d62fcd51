import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { protoError } from '#protocol/protoErrors'
import { decodeCbor } from '#protocol/wire/cbor'
import { decodeFile } from '#protocol/wire/file'
import type { ApiLog } from '../../../oracle/api/answerErrors.ts'
import { buildApi } from '../../../oracle/api/buildApi.ts'
import { oracleError } from '../../../oracle/oracleErrors.ts'
import { DEMO_ASSETS } from '../../dashboards/demoAssets.ts'
import { signedWorld } from '../../dashboards/signedWorld.ts'
import { worldView } from '../../dashboards/worldView.ts'

const world = await signedWorld(DEMO_ASSETS)
const entry = await world.batch(1_800_000_000_000)
const round = await world.round(360_000_000, entry)
const assetId = world.assetIds[1] as string

async function setUp(options: { webRoot?: string | null; log?: ApiLog } = {}) {
  const view = worldView(world, entry, round)
  const app = buildApi(view, {
    webRoot: options.webRoot ?? null,
    ...(options.log ? { log: options.log } : {}),
  })
  t.teardown(() => app.close())
  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'GET', url, headers })
  return { view, app, get }
}

t.test('readers get the feed, assets, series, rounds, proofs and incidents', async (t) => {
  const { get, view } = await setUp()
  view.incidentList = [{ at: 1, kind: 'dissent', nodeId: 'aa', text: 'another digest' }]
  const feed = (await get('/api/v1/feed')).json()
  t.match(feed, { source: { name: 'recording:test-h200x8', synthetic: true }, roster: { threshold: 2 } })
  t.equal((await get('/api/v1/assets')).json().assets.length, DEMO_ASSETS.length)
  t.equal((await get(`/api/v1/assets/${assetId}`)).json().scoreBp, 3120)
  const series = (
    await get(`/api/v1/assets/${assetId}/series?metric=powerDrawW&metric=temperatureGpuC&since=0&max=300`)
  ).json()
  t.equal(series.times.length, 300)
  t.equal(series.series.powerDrawW[130], null, 'a gap stays a gap')
  t.equal((await get('/api/v1/rounds')).json().rounds.length, 1)
  t.equal((await get('/api/v1/rounds/latest')).json().round, 360_000_000)
  t.equal((await get('/api/v1/rounds/360000000')).json().report.round, 360_000_000)
  t.equal((await get(`/api/v1/assets/${assetId}/proof?round=360000000`)).json().assetId, assetId)
  t.same((await get('/api/v1/incidents')).json().incidents, view.incidentList)
  const file = await get(`/api/v1/verify/file/${assetId}`)
  t.equal(
    file.headers['content-disposition'],
    `attachment; filename="${assetId.slice(0, 12)}-360000000.assay"`,
  )
  const { kind, body, digestHolds } = decodeFile(file.rawPayload, noblePrimitives.sha256)
  t.ok(kind === 'assetProof' && digestHolds, 'an Assay file')
  t.same(JSON.parse(new TextDecoder().decode(body)), (await get(`/api/v1/assets/${assetId}/proof`)).json())
  t.equal((await get('/api/v1/assets')).headers['cache-control'], 'no-store')
})

t.test('agents enrol, ask for their head, and get the roster that they pin', async (t) => {
  const { get, app, view } = await setUp()
  const cose = Buffer.from('d284', 'hex')
  const enrol = (payload: Buffer | string, type: string) =>
    app.inject({ method: 'POST', url: '/enrol', payload, headers: { 'content-type': type } })
  t.same((await enrol(cose, 'application/cbor')).json(), { agentId: world.agentId, state: 'pending' })
  t.same([...(view.enrolled[0] ?? [])], [...cose], 'the bytes as they came')
  t.match((await enrol('{}', 'application/json')).json(), { code: 'ORACLE_API_MEDIA' })
  t.match((await enrol('x', 'text/plain')).json(), { code: 'ORACLE_API_MEDIA' })
  t.match((await enrol(Buffer.alloc(0), 'application/cbor')).json(), { code: 'ORACLE_API_BODY' })
  const big = await enrol(Buffer.alloc(256 * 1024 + 1), 'application/cbor')
  t.equal(big.statusCode, 413)
  t.match(big.json(), { code: 'ORACLE_API_BODY' })
  t.match((await get(`/agents/${world.agentId}/head`)).json(), { boot: 1, seq: 0, hash: entry.hash })
  t.match((await get(`/agents/${'00'.repeat(32)}/head`)).json(), { code: 'ORACLE_API_NOT_FOUND' })
  t.equal((await get('/agents')).json().agents[0].agentId, world.agentId)
  const roster = await get('/roster')
  t.equal(roster.headers['content-type'], 'application/cbor')
  t.same(new Uint8Array(roster.rawPayload), world.rosterBytes)
})

t.test('peers get archived entries, round objects, state and admissions', async (t) => {
  const { get, app } = await setUp()
  const range = await get(`/archive/${world.agentId}/1/0-1023`)
  t.same(decodeCbor(new Uint8Array(range.rawPayload)), [entry.bytes])
  t.same(decodeCbor(new Uint8Array((await get(`/archive/${world.agentId}/2/0-9`)).rawPayload)), [])
  t.match((await get(`/archive/${world.agentId}/1/0-1024`)).json(), { code: 'ORACLE_API_PARAMETER' })
  t.match((await get(`/archive/${world.agentId}/1/9-1`)).json(), { code: 'ORACLE_API_PARAMETER' })
  const one = await get(`/archive/entry/${entry.hash}`)
  t.same(new Uint8Array(one.rawPayload), entry.bytes)
  t.match(one.headers['cache-control'], 'immutable')
  t.match((await get('/peer/rounds/360000000')).json(), { n: 360_000_000 })
  t.match((await get('/peer/rounds/1')).json(), { code: 'ORACLE_API_NOT_FOUND' })
  t.same([...(await get('/peer/states/360000000')).rawPayload], [0x80])
  t.equal((await get('/peer/states/1')).statusCode, 404)
  const admission = round.proof(0).admission?.admission
  const post = (payload: object) => app.inject({ method: 'POST', url: '/admissions', payload })
  t.equal((await post({ ...admission })).json().signature, `0x${'11'.repeat(64)}`)
  const bad = await post({ ...admission, tokenId: 1 })
  t.equal(bad.statusCode, 400)
  t.match(bad.json(), { code: 'PROTO_SHAPE', message: /admission.tokenId/ })
})

t.test('health and metrics', async (t) => {
  const { get, view } = await setUp()
  t.equal((await get('/healthz')).statusCode, 200)
  view.health = async () => ({ ok: false, round: null, problems: ['the chain does not answer'] })
  const sick = await get('/healthz')
  t.equal(sick.statusCode, 503)
  t.same(sick.json().problems, ['the chain does not answer'])
  const text = (await get('/metrics')).body
  t.match(text, /assay_test_total 1/)
  t.match(text, /assay_oracle_http_request_seconds_count\{method="GET",route="\/healthz",status="503"\} 1/)
  t.equal(text.match(/# TYPE assay_oracle_http_request_seconds/g)?.length, 1)
})

t.test('errors are one object with a code and a remedy, and tell nothing from inside', async (t) => {
  const logged: unknown[] = []
  const { get, app, view } = await setUp({ log: (facts) => logged.push(facts) })
  const refuse = async (error: Error) => {
    view.feed = async () => {
      throw error
    }
    return get('/api/v1/feed')
  }
  const inside = await refuse(new Error('password of the database'))
  t.equal(inside.statusCode, 500)
  t.match(inside.json(), { code: 'ORACLE_API_INTERNAL', mend: /log/ })
  t.notMatch(inside.body, /password/)
  t.equal(logged.length, 1)
  t.equal((await refuse(protoError('PROTO_CBOR'))).statusCode, 400)
  t.equal((await refuse(oracleError('ORACLE_CHAIN_UNREACHABLE'))).statusCode, 503)
  t.equal((await refuse(oracleError('ORACLE_CHAIN_REVERT'))).statusCode, 409)
  t.equal(logged.length, 1, 'coded errors are answers, not failures')
  t.match((await get('/api/v1/nothing')).json(), { code: 'ORACLE_API_ROUTE' })
  t.match((await get('/nothing')).json(), { code: 'ORACLE_API_ROUTE' })
  const broken = await app.inject({
    method: 'POST',
    url: '/admissions',
    payload: '{',
    headers: { 'content-type': 'application/json' },
  })
  t.match([broken.statusCode, broken.json()], [400, { code: 'ORACLE_API_BODY' }])
})

t.test('parameters of any other form are refused before the node is asked', async () => {
  const { get, view } = await setUp()
  const paths = (word: string) => [
    `/agents/${word}/head`,
    `/archive/${word}/1/0-1`,
    `/archive/${world.agentId}/${word}/0-1`,
    `/archive/${world.agentId}/1/${word}`,
    `/archive/entry/${word}`,
    `/peer/rounds/${word}`,
    `/peer/states/${word}`,
    `/api/v1/assets/${word}`,
    `/api/v1/assets/${assetId}/series?metric=${word}&since=${word}`,
    `/api/v1/assets/${assetId}/proof?round=${word}`,
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc
          .string({ minLength: 1, maxLength: 80 })
          .filter((word) => !/^([0-9]+(-[0-9]+)?|latest|\.{1,2})$/.test(word)),
        fc.constantFrom('-1', '1e3', '0x10', '01', '9007199254740993', assetId.toUpperCase(), `${assetId}00`),
      ),
      fc.nat(9),
      async (word, which) => {
        const answer = await get(paths(encodeURIComponent(word))[which] as string)
        const { code } = answer.json()
        const refused = ['ORACLE_API_PARAMETER', 'ORACLE_API_ROUTE', 'ORACLE_API_BODY'].includes(code)
        if (!refused || answer.statusCode < 400 || answer.statusCode >= 500)
          throw new Error(`${paths(word)[which]} gave ${answer.statusCode} ${answer.body.slice(0, 80)}`)
      },
    ),
    { numRuns: 200, verbose: 1 },
  )
  if (view.reads.size > 0) throw new Error('the node was asked')
})

t.test('the page is served with its digest, packed, and forbids other origins', async (t) => {
  const webRoot = await mkdtemp(join(tmpdir(), 'assay-page-'))
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Assay</title>')
  await writeFile(join(webRoot, 'main.js'), 'let assay = 1')
  const { get } = await setUp({ webRoot })
  const page = await get('/')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.headers['content-security-policy'], /^default-src 'self'; object-src 'none'/)
  t.notMatch(page.headers['content-security-policy'], /unsafe|https?:|\*/)
  const again = await get('/', { 'if-none-match': String(page.headers.etag) })
  t.equal(again.statusCode, 304)
  t.equal(again.body, '')
  const packed = await get('/main.js', { 'accept-encoding': 'gzip, br' })
  t.equal(gunzipSync(packed.rawPayload).toString(), 'let assay = 1')
  t.match((await get('/main.css')).json(), { code: 'ORACLE_API_PAGE' })
  t.match((await (await setUp()).get('/')).json(), { code: 'ORACLE_API_PAGE' })
  t.match((await get('/api/v1/feed')).headers['x-content-type-options'], 'nosniff')
})
