import t from 'tap'
import { DEMO_ASSETS } from './demoAssets.ts'
// @ts-expect-error: JavaScript of the page, without types
import { background, focusIn, toEnd, toStart, unsourced } from './inPage.mjs'
import { figure, pageHarness, row, text } from './pageHarness.ts'
import type { WorldAsset } from './signedWorld.ts'

const harness = await pageHarness()
if (harness) run(harness)

function run({ setUp }: NonNullable<typeof harness>): void {
  t.test('every number has its source, age and signature state, and nothing leaves the origin', async (t) => {
    const { page, url, world, requests, complaints } = await setUp(t)
    await page.goto(url)
    await page.waitForSelector('tr[data-asset]')
    t.match(
      await text(page.locator('body')),
      /^recording:test-h200x8, SYNTHETIC/,
      'the first line is the source',
    )
    t.equal(await page.locator('tr[data-asset]').count(), DEMO_ASSETS.length)
    const critical = row(page, world.assetIds[1])
    t.match(
      await text(critical),
      /Critical[\s\S]*3\s120 bp[\s\S]*L0 self-reported[\s\S]*412\.3 W[\s\S]*54 °C/,
    )
    t.match(await text(row(page, world.assetIds[3])), /Unknown[\s\S]*never[\s\S]*no reading/)
    t.match(await text(page.locator('.round-panel')), /posted[\s\S]*fresh for[\s\S]*Gas used[\s\S]*2 of 3/)
    const power = critical.locator('[data-figure="powerDrawW"]')
    t.equal(await power.getAttribute('data-state'), 'server')
    t.match(await power.getAttribute('data-source'), /^batch 1\/0 of agent .*recording:test-h200x8/)

    const check = async (where: string) =>
      t.same(await page.evaluate(unsourced), { bare: [], incomplete: [] }, `${where}: no number stands alone`)
    await check('fleet')
    await page.goto(`${url}/#/rounds`)
    await page.waitForSelector('table.rounds td')
    await check('rounds')
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await page.waitForSelector('.uplot')
    await page.click('.card details summary')
    await page.click('button.primary')
    await page.waitForSelector('[data-verdict]')
    await check('asset')
    t.match(await text(page.locator('.reasons')), /Replace the device/, 'a reason comes with its remedy')
    t.match(await text(page.locator('.not-proven')), /Legal title/)
    const foreign = requests.filter((request) => !request.startsWith(`${url}/`))
    t.same(foreign, [], 'no request leaves the origin')
    t.same(complaints, [])
  })

  t.test('what the node accepts is on the page within two seconds', async (t) => {
    const { page, url, world, view, n, round } = await setUp(t)
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await page.waitForSelector('figcaption [data-figure="powerDrawW"][data-source^="batch 1/0"]')
    const next = await world.batch(Date.now())
    view.show(next, round)
    const began = Date.now()
    view.emit({ kind: 'asset', assetId: world.assetIds[1] as string })
    await page.waitForSelector('figcaption [data-figure="powerDrawW"][data-source^="batch 1/1"]')
    t.ok(Date.now() - began < 2000, `a reading after ${Date.now() - began} ms`)
    view.show(next, await world.round(n + 1, next))
    const [summary] = await view.rounds(1)
    if (summary) view.emit({ kind: 'round', summary })
    await page.waitForSelector(`[data-figure="scoreBp"][data-source^="leaf of round ${n + 1}"]`)
    const text = 'two digests for one round'
    view.emit({ kind: 'incident', incident: { at: Date.now(), kind: 'equivocation', text } })
    await page.goto(`${url}/#/rounds`)
    await page.waitForSelector('[data-incident="equivocation"]')
    t.pass('a round and an incident appear')
  })

  t.test('old evidence, an old round and Unknown are never green', async (t) => {
    const { page, url, view, world } = await setUp(t)
    await page.goto(url)
    const colour = (code: number) => page.locator(`.chip[data-status="${code}"]`).first().evaluate(background)
    await page.waitForSelector('.chip[data-status="1"]')
    t.not(await colour(0), await colour(1))
    const first = row(page, world.assetIds[0])
    t.match(await text(first), /✓ Healthy/, 'a sign beside the colour')
    view.feedChange = { freshnessS: 0 }
    await page.reload()
    await first.locator('.was').waitFor()
    t.match(await text(first.locator('.cell-status')), /\? Unknown was Healthy[\s\S]*stale/)
    t.equal(await page.locator('.chip[data-status="1"]').count(), 0)
    view.feedChange = {}
    const latest = view.round
    view.round = async (n) => {
      const found = await latest(n)
      return found?.report ? { ...found, report: { ...found.report, validUntil: 1 } } : found
    }
    await page.reload()
    await first.locator('.was').waitFor()
    t.match(await text(page.locator('.round-panel')), /stale for/)
  })

  t.test('empty, refused, silent and not yet scored look different', async (t) => {
    const empty = await setUp(t, { assets: [], posted: false })
    await empty.page.goto(empty.url)
    await empty.page.waitForSelector('.notice-empty')
    t.match(await text(empty.page.locator('.notice-empty')), /No asset is admitted/)
    t.match(await text(empty.page.locator('.round-panel')), /No round has been posted yet/)

    const denied = await setUp(t)
    const refusal = { status: 403, json: { message: 'not your feed' } }
    await denied.page.route('**/api/v1/**', (route) => route.fulfill(refusal))
    await denied.page.goto(denied.url)
    await denied.page.waitForSelector('.notice-denied')
    t.match(await text(denied.page.locator('.notice-denied')), /not your feed/)

    const lost = await setUp(t)
    await lost.page.goto(lost.url)
    await lost.page.waitForSelector('tr[data-asset]')
    t.equal(await lost.page.locator('.notice').count(), 0)
    await lost.api.stop()
    await lost.page.waitForSelector('.notice-lost')
    t.equal(await lost.page.locator('tr[data-asset]').count(), DEMO_ASSETS.length, 'what was known stays')
    t.match(await text(lost.page.locator('.link')), /no word/)

    const waiting = await setUp(t, { posted: false })
    await waiting.page.goto(waiting.url)
    await waiting.page.waitForSelector('tr[data-asset]')
    t.match(await text(row(waiting.page, waiting.world.assetIds[0])), /Unknown[\s\S]*not scored/)
    t.equal(await figure(waiting.page, 'scoreBp').getAttribute('data-state'), 'unsigned')
  })

  t.test('of thousands of assets only those in sight are drawn, and the keyboard reaches all', async (t) => {
    const many = Array.from({ length: 3000 }, (_, i): WorldAsset => {
      const asset = DEMO_ASSETS[i % 3] as WorldAsset
      return i < 3 ? asset : { ...asset, metrics: undefined }
    })
    const { page, url } = await setUp(t, { assets: many })
    const began = Date.now()
    await page.goto(url)
    await page.waitForSelector('tr[data-asset]')
    t.ok(Date.now() - began < 3000, `first rows after ${Date.now() - began} ms`)
    t.ok((await page.locator('tr[data-asset]').count()) < 60)
    t.equal(await page.locator('table.fleet').getAttribute('aria-rowcount'), '3001')
    await page.selectOption('.tools select', 'token')
    await page.locator('.table-box').evaluate(toEnd)
    await page.waitForSelector('tr[aria-rowindex="3001"]')
    await page.locator('.table-box').evaluate(toStart)
    await page.waitForSelector('tr[data-row="0"]')
    await page.focus('tr[data-row="0"] a')
    for (let i = 1; i <= 40; i++) {
      await page.keyboard.press('ArrowDown')
      await page.waitForFunction(focusIn, String(i))
    }
    await page.keyboard.press('Enter')
    await page.waitForSelector('.asset-page h1')
    await page.goBack()
    await page.fill('.tools input', 'token-that-is-not-there')
    await page.waitForSelector('.notice-empty')
    await page.fill('.tools input', '')
    await page.click('.summary-item:has-text("Critical")')
    await page.waitForSelector('table.fleet[aria-rowcount="1001"]')
    t.pass('found, filtered, opened')
  })
}
