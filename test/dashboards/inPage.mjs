// Functions that run inside the page: Playwright sends their text there, so each stands alone.

/** Digits outside anything with a source, and figures that lack a part of theirs. */
export function unsourced() {
  const bare = []
  const walker = document.createTreeWalker(document.getElementById('app'), NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement
    // Not a measured number: an id, a name, the page's own sentence, a label of a chart's axis.
    if (!/\d/.test(node.textContent) || parent.closest('[data-id], [data-page], .uplot')) continue
    if (!parent.closest('[data-source]')) bare.push(`${parent.className}: ${node.textContent}`)
  }
  const incomplete = [...document.querySelectorAll('[data-figure], [data-source]')]
    .filter((each) => !each.dataset.source || !each.dataset.at || !each.dataset.state)
    .map((each) => each.outerHTML.slice(0, 120))
  return { bare, incomplete }
}

/** Pins a roster unless one is pinned already. */
export function pinOnce([feedId, fingerprint]) {
  const key = `assay.roster.${feedId}`
  if (localStorage.getItem(key) === null)
    localStorage.setItem(key, JSON.stringify({ fingerprint, sinceMs: 1_700_000_000_000, by: 'you' }))
}

/** Background colour of an element. */
export function background(element) {
  return getComputedStyle(element).backgroundColor
}

/** Scrolls a box to its end. */
export function toEnd(box) {
  box.scrollTo(0, box.scrollHeight)
}

/** Scrolls a box to its start. */
export function toStart(box) {
  box.scrollTo(0, 0)
}

/** How many pixels the document is wider than the window. */
export function tooWide() {
  return document.documentElement.scrollWidth - innerWidth
}

/** Whether the focus is in row `index`. */
export function focusIn(index) {
  return document.activeElement?.closest('tr')?.dataset.row === index
}

/** What axe, already loaded, finds that is serious or critical. */
export async function seriousFaults() {
  const { violations } = await globalThis.axe.run()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

/** Colours of the pixels of a chart: x positions (0 to 1) of columns where the line is drawn. */
export function drawnColumns(canvas) {
  const { width, height } = canvas
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
  const ink = document.createElement('canvas').getContext('2d')
  ink.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent')
  ink.fillRect(0, 0, 1, 1)
  const [r, g, b] = ink.getImageData(0, 0, 1, 1).data
  const columns = []
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; y++) {
      const at = 4 * (y * width + x)
      const near = Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 60
      if (near && data[at + 3] > 100) {
        columns.push(x / width)
        break
      }
    }
  return columns
}
