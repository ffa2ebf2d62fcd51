import { useEffect, useRef, useState } from 'preact/hooks'

/** Which rows of a long list are drawn: rows of one height in a box that scrolls. */
export type RowWindow = {
  readonly box: { current: HTMLDivElement | null }
  readonly first: number
  readonly last: number
  /** Pixels above and below the drawn rows. */
  readonly above: number
  readonly below: number
}

const SPARE = 8

/**
 * Draws only what is in sight and a few rows beside it, of `count` rows of `rowHeight` pixels. Rows carry `data-row`;
 * the up and down arrows move the focus between the links of rows, also to a row that was not drawn.
 */
export function useWindow(count: number, rowHeight: number): RowWindow {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800 })
  useEffect(() => {
    const element = box.current
    if (!element) return
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    const move = (event: KeyboardEvent): void => moveFocus(element, event, count, rowHeight)
    element.addEventListener('keydown', move)
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
      element.removeEventListener('keydown', move)
    }
  }, [count, rowHeight])
  const first = Math.max(0, Math.min(count - 1, Math.floor(view.top / rowHeight) - SPARE))
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + SPARE)
  return {
    box,
    first: Math.max(0, first),
    last,
    above: Math.max(0, first) * rowHeight,
    below: Math.max(0, count - last) * rowHeight,
  }
}

function moveFocus(box: HTMLElement, event: KeyboardEvent, count: number, rowHeight: number): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const at = (event.target as HTMLElement).closest('tr')?.dataset.row
  if (!step || at === undefined) return
  event.preventDefault()
  const next = Math.max(0, Math.min(count - 1, Number(at) + step))
  const top = next * rowHeight
  if (top < box.scrollTop) box.scrollTop = top
  // The head of the table covers about one row.
  else if (top + 2 * rowHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = top + 2 * rowHeight - box.clientHeight
  requestAnimationFrame(() => box.querySelector<HTMLElement>(`tr[data-row="${next}"] a`)?.focus())
}
