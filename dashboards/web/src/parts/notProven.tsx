import type { FeedInfo } from '#protocol/http/feedInfo'

/** What this feed does not prove, in sentences, always in sight. */
export function NotProven({ feed }: { readonly feed: FeedInfo | null }) {
  if (!feed) return null
  return (
    <section class="card not-proven" data-page>
      <h2>Not proven</h2>
      <ul>
        {feed.notProven.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  )
}
