/** One event as sent, or the mark that an asset changed (its data is read when it is sent). */
export type LoggedEvent =
  | { readonly id: string; readonly event: 'round' | 'incident'; readonly data: string }
  | { readonly id: string; readonly event: 'asset'; readonly assetId: string }

/** The last events of this process, so that a reader who was away for a moment misses none. */
export type EventLog = {
  append(event: 'round' | 'incident', data: string): LoggedEvent
  appendAsset(assetId: string): LoggedEvent
  newestId(): string
  /** Events after `id`, oldest first; undefined when `id` is not of this process or too old. */
  after(id: string): readonly LoggedEvent[] | undefined
}

/** An empty log of at most `capacity` events. `origin` tells this process from the ones before it. */
export function eventLog(origin: string, capacity: number): EventLog {
  const events: LoggedEvent[] = []
  let count = 0
  const nextId = () => `${origin}-${++count}`
  const keep = (event: LoggedEvent): LoggedEvent => {
    events.push(event)
    if (events.length > capacity) events.shift()
    return event
  }
  return {
    append: (event, data) => keep({ id: nextId(), event, data }),
    appendAsset: (assetId) => keep({ id: nextId(), event: 'asset', assetId }),
    newestId: () => `${origin}-${count}`,
    after(id) {
      const seen = id.startsWith(`${origin}-`) ? Number(id.slice(origin.length + 1)) : Number.NaN
      if (!Number.isSafeInteger(seen) || seen < count - events.length || seen > count) return undefined
      return events.slice(events.length - (count - seen))
    },
  }
}
