import type { Page } from 'playwright-core'
import t from 'tap'
import type { AssetProof } from '#protocol/verify/assetProof'
// @ts-expect-error: JavaScript of the page, without types
import { pinOnce } from './inPage.mjs'
import { figure, pageHarness, row, text } from './pageHarness.ts'

const harness = await pageHarness()
if (harness) run(harness)

function run({ setUp }: NonNullable<typeof harness>): void {
  t.test('Verify turns every check green; what cannot be checked here is said, not green', async (t) => {
    const { page, url, world } = await setUp(t)
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await figure(page, 'scoreBp').waitFor()
    t.equal(
      await figure(page, 'scoreBp').getAttribute('data-state'),
      'server',
      'before: the word of the node',
    )
    await verify(page, '[data-verdict="holds"]')
    const { transaction, ...others } = await stepStates(page)
    t.equal(Object.keys(others).length, 11)
    t.same([...new Set(Object.values(others))], ['true'])
    t.equal(transaction, 'null')
    t.match(await text(page.locator('[data-step="transaction"]')), /not proven here/)
    t.equal(await figure(page, 'scoreBp').getAttribute('data-state'), 'verified')
    t.equal(await figure(page, 'powerDrawW').getAttribute('data-state'), 'verified')

    await page.goto(`${url}/#/`)
    const silent = row(page, world.assetIds[3])
    await silent.locator('button').click()
    await silent.locator('.check-good').waitFor()
    const stateOf = (name: string) => silent.locator(`[data-figure="${name}"]`).getAttribute('data-state')
    t.equal(await stateOf('status'), 'verified')
    t.equal(await stateOf('powerDrawW'), 'unsigned', 'no reading is never verified')
    t.equal(await figure(page, 'round').getAttribute('data-state'), 'verified')
  })

  t.test('one flipped byte in anything served turns its check red within a second', async (t) => {
    const { page, url, world, view, round } = await setUp(t)
    view.show(await world.batch(Date.now() + 3000), round)
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await verify(page, '[data-verdict="holds"]')
    for (const [what, name, change] of FLIPS) {
      view.tamper = change
      const began = Date.now()
      await verify(page, `[data-step="${name}"][data-ok="false"]`)
      const took = Date.now() - began
      t.ok(took < 1000, `${what}: "${name}" red after ${took} ms`)
      t.match(await text(page.locator('[data-verdict]')), /Does not hold/)
      view.tamper = (proof) => proof
      await verify(page, '[data-verdict="holds"]')
    }
    view.tamperEntry = (bytes) => {
      bytes[bytes.length - 2] = (bytes.at(-2) as number) ^ 4
      return bytes
    }
    await verify(page, '[data-step="reading"][data-ok="false"]')
    t.equal(await figure(page, 'powerDrawW').getAttribute('data-state'), 'failed', 'archived entry: readings')
    view.tamperEntry = (bytes) => bytes
    view.tamper = () => ({ type: 'nonsense' })
    await verify(page, '[data-step="shape"][data-ok="false"]')
    t.equal(await figure(page, 'scoreBp').getAttribute('data-state'), 'failed', 'no proof at all')
    view.assetProof = async () => undefined
    await verify(page, '.verdict-bad:has-text("gives no proof")')
    t.equal(
      await figure(page, 'scoreBp').getAttribute('data-state'),
      'server',
      'not given: the word of the node',
    )
  })

  t.test('a score that the page shows and nobody signed is caught', async (t) => {
    const { page, url, world, view } = await setUp(t)
    const honest = view.assets
    view.assets = async () => {
      const found = await honest()
      return { ...found, assets: found.assets.map((asset) => ({ ...asset, scoreBp: 9999 })) }
    }
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await verify(page, '[data-step="shown"][data-ok="false"]')
    t.equal(await figure(page, 'scoreBp').getAttribute('data-state'), 'failed')
    t.match(await text(page.locator('[data-step="shown"]')), /shown score: 9999, signed: 3120/)
  })

  t.test('another roster than the pinned one is caught, until the reader pins it', async (t) => {
    const { page, url, world } = await setUp(t)
    const right = world.fingerprint
    await page.addInitScript(pinOnce, [world.feedId, `00${right.slice(2)}`])
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await page.waitForSelector('details.pin[open]')
    await verify(page, '[data-step="roster"][data-ok="false"]')
    t.equal((await stepStates(page)).quorum, 'null', 'nothing is passed under a wrong roster')
    t.equal(await figure(page, 'scoreBp').getAttribute('data-state'), 'failed')
    await page.fill('details.pin input', right)
    await page.click('details.pin button')
    await verify(page, '[data-verdict="holds"]')
  })

  t.test('a check holds for the numbers that it checked, not for newer ones', async (t) => {
    const { page, url, world, view, n, round } = await setUp(t)
    await page.goto(`${url}/#/asset/${world.assetIds[1]}`)
    await verify(page, '[data-verdict="holds"]')
    const next = await world.batch(Date.now())
    view.show(next, round)
    view.emit({ kind: 'asset', assetId: world.assetIds[1] as string })
    await page.waitForSelector('[data-figure="powerDrawW"][data-source^="batch 1/1"][data-state="server"]')
    t.equal(await figure(page, 'scoreBp').getAttribute('data-state'), 'verified', 'the round is the same')
    view.show(next, await world.round(n + 1, next))
    const [summary] = await view.rounds(1)
    if (summary) view.emit({ kind: 'round', summary })
    const score = `[data-figure="scoreBp"][data-source^="leaf of round ${n + 1}"]`
    await page.waitForSelector(`${score}[data-state="server"]`)
    await page.check('.tick input')
    await page.waitForSelector(`${score}[data-state="verified"]`)
    t.pass('keep verifying checks again by itself')
  })
}

const FLIPS: readonly (readonly [what: string, step: string, change: (proof: AssetProof) => unknown])[] = [
  ['signed header', 'header', (p) => ({ ...p, entry: { ...p.entry, cose: flip(p.entry?.cose ?? '', 90) } })],
  ['segment', 'segment', (p) => ({ ...p, entry: { ...p.entry, body: flip(p.entry?.body ?? '', 30) } })],
  ['agent key', 'header', (p) => ({ ...p, agentKey: flip(p.agentKey, 20) })],
  ['roster', 'roster', (p) => ({ ...p, roster: flip(p.roster, 60) })],
  ['report', 'quorum', (p) => ({ ...p, report: { ...p.report, root: flip(p.report.root, 5) } })],
  [
    'report signature',
    'quorum',
    (p) => ({ ...p, signatures: p.signatures.map((s) => ({ ...s, signature: flip(s.signature, 9) })) }),
  ],
  ['ack list', 'ackLists', (p) => ({ ...p, ackLists: p.ackLists.with(0, flip(p.ackLists[0] ?? '', 60)) })],
  ['Merkle proof', 'merkle', (p) => ({ ...p, proof: p.proof.map((each) => flip(each, 3)) })],
  ['leaf', 'merkle', (p) => ({ ...p, leaf: { ...p.leaf, scoreBp: p.leaf.scoreBp ^ 1 } })],
  [
    'admission',
    'admission',
    (p) => ({
      ...p,
      admission: {
        ...p.admission,
        signatures: p.admission?.signatures.map((s) => ({ ...s, signature: flip(s.signature, 9) })),
      },
    }),
  ],
]

async function verify(page: Page, until: string): Promise<void> {
  await page.click('button.primary')
  await page.waitForSelector(until)
}

function stepStates(page: Page): Promise<Record<string, string>> {
  return page.$$eval('[data-step]', (items) =>
    Object.fromEntries(items.map((item) => [item.getAttribute('data-step'), item.getAttribute('data-ok')])),
  )
}

function flip(hex: string, at: number): string {
  const start = (hex.startsWith('0x') ? 2 : 0) + 2 * at
  const byte = Number.parseInt(hex.slice(start, start + 2), 16) ^ 0x10
  return hex.slice(0, start) + byte.toString(16).padStart(2, '0') + hex.slice(start + 2)
}
