import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
// @ts-expect-error: JavaScript of the page, without types
import { drawnColumns, seriousFaults, tooWide } from './inPage.mjs'
import { pageHarness } from './pageHarness.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const harness = await pageHarness()
if (harness) run(harness)

function run({ setUp, sizes }: NonNullable<typeof harness>): void {
  for (const { width, dark } of [
    { width: 1440, dark: false },
    { width: 1440, dark: true },
    { width: 360, dark: false },
  ])
    t.test(`accessible and not too wide at ${width} pixels, ${dark ? 'dark' : 'light'}`, async (t) => {
      const { page, url, world } = await setUp(t, { width, dark })
      for (const hash of ['#/', '#/rounds', `#/asset/${world.assetIds[1]}`]) {
        const where = hash.slice(0, 8)
        await page.goto(`${url}/${hash}`)
        await page.waitForSelector('.card .figure')
        if (hash.includes('asset')) {
          await page.click('button.primary')
          await page.waitForSelector('[data-verdict]')
        }
        t.equal(await page.evaluate(tooWide), 0, `${where}: no sideways scroll`)
        await page.evaluate(axeSource)
        t.same(await page.evaluate(seriousFaults), [], `${where}: axe finds nothing serious`)
      }
    })

  t.test('a time without readings is a gap in the line', async (t) => {
    const { page, url, world } = await setUp(t)
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    const chart = page.locator('[data-chart="powerDrawW"] canvas')
    await chart.waitFor()
    let columns: number[] = []
    // The line comes with the answer of the node, after the empty axes.
    for (let i = 0; i < 200 && columns.length === 0; i++) {
      await page.evaluate('new Promise((done) => requestAnimationFrame(done))')
      columns = (await chart.evaluate(drawnColumns)) as number[]
    }
    const widest = Math.max(...columns.slice(1).map((x, i) => x - (columns[i] ?? 0)))
    const share = widest / ((columns.at(-1) ?? 0) - (columns[0] ?? 0))
    t.ok(share > 0.07 && share < 0.13, `a gap of ${share} where 29 of 300 readings are missing`)
  })

  t.test('the first load is small', async (t) => {
    t.ok(sizes.js <= 100_000, `${sizes.js} bytes of script and ${sizes.css} of style after gzip`)
  })
}
