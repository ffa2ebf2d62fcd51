import type { FeedInfo } from '#protocol/http/feedInfo'
import type { Incident } from '#protocol/http/roundView'
import { durationText, utcText } from '../data/format.ts'
import { StateMark } from './figure.tsx'
import { Identifier } from './identifier.tsx'

/** What went wrong and who did it, newest first: the node's word. */
export function IncidentList(props: {
  readonly incidents: readonly Incident[]
  readonly feed: FeedInfo | null
  readonly now: number
}) {
  const { incidents, feed, now } = props
  if (incidents.length === 0) return <p class="muted">The node tells of none.</p>
  return (
    <ul class="incidents">
      {incidents.map((incident) => (
        <li
          key={`${incident.at}/${incident.kind}/${incident.text}`}
          data-source={`node ${feed?.nodeId.slice(0, 8) ?? ''}`}
          data-at={incident.at}
          data-state="server"
          data-incident={incident.kind}
        >
          <b>{incident.kind.replace(/_/g, ' ')}</b> {incident.text}
          <small title={utcText(incident.at)}>
            <StateMark state="server" />
            {durationText(now - incident.at)}
            {incident.nodeId ? (
              <>
                {' '}
                node <Identifier id={incident.nodeId} />
              </>
            ) : null}
            {incident.agentId ? (
              <>
                {' '}
                agent <Identifier id={incident.agentId} />
              </>
            ) : null}
          </small>
        </li>
      ))}
    </ul>
  )
}
