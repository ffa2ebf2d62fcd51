import { toHex } from '#protocol/bytes'
import { decodeRoster, rosterFingerprint } from '#protocol/wire/roster'
import type { AgentSettings } from '../agentSettings.ts'
import { httpRequest } from '../enrol/httpRequest.ts'
import { type DoctorLine, fine, wrong } from './doctorLine.ts'

/** Reachability and roster of every configured node, and this host's clock against theirs and the chain's. */
export async function checkNodes(settings: AgentSettings, now: () => number): Promise<DoctorLine[]> {
  const urls = settings['roster.nodes']
  if (urls.length === 0)
    return [
      wrong(
        'warn',
        'oracle nodes',
        'none configured',
        'the URLs of the nodes of the feed',
        'Set roster.nodes; until then the agent signs and spools only.',
      ),
    ]
  const rosters = await Promise.all(urls.map((url) => checkRoster(settings, url)))
  const clocks = await Promise.all(urls.map((url) => checkClock(settings, url, now)))
  return [...rosters, ...clocks.flat()]
}

async function checkRoster(settings: AgentSettings, url: string): Promise<DoctorLine> {
  const what = `node ${url}`
  const pinned = settings['roster.fingerprint']
  const wanted = pinned === null ? 'a roster' : `the roster ${pinned.slice(0, 16)}…`
  try {
    const timeoutMs = settings['roster.requestTimeout']
    const { status, body } = await httpRequest({ url: `${base(url)}/roster`, method: 'GET', timeoutMs })
    if (status !== 200) throw new Error(`HTTP ${status}`)
    const fingerprint = toHex(rosterFingerprint(decodeRoster(body)))
    if (pinned === null)
      return wrong(
        'warn',
        what,
        `roster ${fingerprint}, not pinned`,
        'roster.fingerprint as the operator of the feed published it',
        `Compare it with the published one, then set roster.fingerprint: "${fingerprint}".`,
      )
    if (fingerprint === pinned) return fine(what, `roster ${fingerprint.slice(0, 16)}…`, wanted)
    const mend = 'Compare roster.fingerprint with the one that the operator of the feed published.'
    return wrong('fail', what, `another roster, ${fingerprint}`, wanted, mend)
  } catch (error) {
    const mend = 'Check roster.nodes, the network and its firewalls; the agent spools meanwhile.'
    return wrong('fail', what, (error as Error).message, wanted, mend)
  }
}

/** A node's clock is only a hint; the newest round gives a time that the chain has certainly passed. */
async function checkClock(settings: AgentSettings, url: string, now: () => number): Promise<DoctorLine[]> {
  const limit = settings['clock.skewLimit']
  const wanted = `within ${limit / 1000} s`
  const mend = 'Start time synchronisation (chrony or systemd-timesyncd).'
  const feed = (await json(settings, `${base(url)}/api/v1/feed`)) as { now?: unknown } | null
  const round = (await json(settings, `${base(url)}/api/v1/rounds/latest`)) as {
    report?: { observedTo?: unknown }
  } | null
  const lines: DoctorLine[] = []
  if (typeof feed?.now === 'number') {
    const skew = now() - feed.now
    const found = `${(skew / 1000).toFixed(1)} s ahead of ${url}`
    lines.push(
      Math.abs(skew) <= limit ? fine('clock', found, wanted) : wrong('warn', 'clock', found, wanted, mend),
    )
  }
  const chainMs = Number(round?.report?.observedTo) * 1000
  if (Number.isFinite(chainMs) && chainMs > 0) {
    const behind = chainMs - now()
    const found = behind > 0 ? `${(behind / 1000).toFixed(1)} s behind the chain` : 'not behind the chain'
    lines.push(
      behind <= limit
        ? fine('clock and chain time', found, wanted)
        : wrong('fail', 'clock and chain time', found, wanted, mend),
    )
  }
  return lines
}

async function json(settings: AgentSettings, url: string): Promise<unknown> {
  try {
    const timeoutMs = settings['roster.requestTimeout']
    const { status, body } = await httpRequest({ url, method: 'GET', timeoutMs })
    return status === 200 ? JSON.parse(Buffer.from(body).toString('utf8')) : null
  } catch {
    return null
  }
}

const base = (url: string): string => url.replace(/\/$/, '')
