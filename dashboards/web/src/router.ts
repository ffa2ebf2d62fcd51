/** Where in the page a reader is. Addresses are stable: they can be sent to somebody else. */
export type Route =
  | { readonly page: 'fleet' }
  | { readonly page: 'asset'; readonly assetId: string }
  | { readonly page: 'rounds' }

/** The route of a location hash; anything unknown is the fleet. */
export function route(hash: string): Route {
  const [page, id] = hash.replace(/^#\/?/, '').split('/')
  if (page === 'asset' && /^[0-9a-f]{64}$/.test(id ?? '')) return { page, assetId: id as string }
  if (page === 'rounds') return { page }
  return { page: 'fleet' }
}

/** The address of a route. */
export function href(to: Route): string {
  if (to.page === 'asset') return `#/asset/${to.assetId}`
  return to.page === 'rounds' ? '#/rounds' : '#/'
}
