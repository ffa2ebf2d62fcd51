/** What this browser holds to be the right nodes of a feed, and since when. */
export type Pin = {
  readonly fingerprint: string
  readonly sinceMs: number
  readonly by: 'first visit' | 'you'
}

const key = (feedId: string): string => `assay.roster.${feedId}`

/** The pinned roster of a feed; on the first visit it is the one that the node shows, and that is said on the page. */
export function pinOf(feedId: string, shown: string): Pin {
  const stored = read(feedId)
  if (stored) return stored
  return storePin(feedId, shown, 'first visit')
}

/** Pins a fingerprint (64 hex digits) for a feed from now on. */
export function storePin(feedId: string, fingerprint: string, by: Pin['by']): Pin {
  const pin: Pin = { fingerprint, sinceMs: Date.now(), by }
  try {
    localStorage.setItem(key(feedId), JSON.stringify(pin))
  } catch {
    // A browser without storage pins for this visit only.
  }
  return pin
}

function read(feedId: string): Pin | undefined {
  try {
    const pin = JSON.parse(localStorage.getItem(key(feedId)) ?? 'null') as Pin | null
    return pin && /^[0-9a-f]{64}$/.test(pin.fingerprint) ? pin : undefined
  } catch {
    return undefined
  }
}
