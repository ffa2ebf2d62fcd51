import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Locator, Page } from 'playwright-core'
import t from 'tap'
import { createApi } from '../../oracle/api/createApi.ts'
// @ts-expect-error: a build script without types
import { bundleWeb } from '../../scripts/bundle-web.mjs'
import { chromiumPath, startBrowser } from './browser.ts'
import { DEMO_ASSETS } from './demoAssets.ts'
import { EPOCH_S, signedWorld, type WorldAsset } from './signedWorld.ts'
import { worldView } from './worldView.ts'

type Test = { teardown(done: () => Promise<void>): void }
type SetUp = {
  readonly assets?: readonly WorldAsset[]
  readonly posted?: boolean
  readonly width?: number
  readonly dark?: boolean
}

/** The bundled page and a browser for one test file; undefined, with a printed reason, where there is no Chromium. */
export async function pageHarness() {
  const executable = chromiumPath()
  if (!executable) {
    const reason = 'no Chromium: set CHROMIUM_PATH or put chromium on PATH'
    if (process.env.ASSAY_REQUIRE_ALL === '1') t.fail(reason)
    else t.pass(reason, { skip: reason })
    return undefined
  }
  const webRoot = await mkdtemp(join(tmpdir(), 'assay-web-'))
  const sizes = (await bundleWeb(fileURLToPath(new URL('../..', import.meta.url)), webRoot)) as {
    readonly js: number
    readonly css: number
  }
  const browser = await startBrowser(executable)
  t.teardown(() => browser.close())
  return { sizes, setUp: (test: Test, options: SetUp = {}) => setUp(browser, webRoot, test, options) }
}

/** A node with a signed world, and a page that records what it asks for and complains about. */
async function setUp(browser: Browser, webRoot: string, test: Test, options: SetUp) {
  const { assets = DEMO_ASSETS, posted = true, width = 1440, dark = false } = options
  const world = await signedWorld(assets)
  const entry = await world.batch(Date.now())
  const n = Math.floor(Date.now() / 1000 / EPOCH_S)
  const round = await world.round(n, entry)
  const view = worldView(world, entry, posted ? round : null)
  const api = createApi(view, { webRoot })
  const { url } = await api.start('127.0.0.1', 0)
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  test.teardown(async () => {
    await context.close()
    await api.stop()
  })
  return { world, view, round, n, entry, api, url, page, requests, complaints }
}

/** The table row of an asset. */
export function row(page: Page, assetId: string | undefined): Locator {
  return page.locator(`tr[data-asset="${assetId}"]`)
}

/** The first figure of a name. */
export function figure(page: Page, name: string): Locator {
  return page.locator(`[data-figure="${name}"]`).first()
}

/** The text as drawn, line by line. */
export function text(locator: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what a reader sees is what is tested
  return locator.innerText()
}
