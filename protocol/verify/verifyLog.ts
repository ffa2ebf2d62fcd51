import { sameBytes, toHex } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { verifySign1 } from '../wire/cose.ts'
import { coseKeyThumbprint } from '../wire/coseKey.ts'
import { checkBodies, type Entry, entrySegments, parseEntry } from '../wire/entry.ts'
import type { LogExport } from '../wire/fileBodies.ts'
import { comparePositions, type Header } from '../wire/header.ts'
import { CheckFailure, type Finding, type RunCheck } from './fileChecks.ts'
import { short } from './verifyEntry.ts'

/** The checks of one entry on its own: `entry`, `agentKey`, `signature`, `bodies`, `segments`. */
export function verifyLoneEntry(log: LogExport, run: RunCheck, primitives: Primitives): void {
  const entry = run('entry', () => {
    const [bytes] = log.entries
    if (!bytes || log.entries.length !== 1)
      throw new CheckFailure(`the file holds ${log.entries.length} entries, wanted 1`)
    const value = parseEntry(bytes, primitives)
    return { value, detail: `${value.header.kind}, ${place(value.header)}, id ${short(value.hash)}` }
  })
  run('agentKey', () => agentKey(entry, log.agentKey))
  run('signature', () => {
    requireSignature(entry, log.agentKey, primitives)
    return { value: null, detail: `ES256 by agent ${short(entry.header.agentId)}, low-s` }
  })
  run('bodies', () => {
    checkBodies(entry, primitives)
    return {
      value: null,
      detail: `${entry.bodies.length} parts have the digests that the signed header lists`,
    }
  })
  run('segments', () => segments(entry))
}

/**
 * The checks of one log of many entries: `agentKey`, `signatures`, `bodies`, `links`. `before` is the hash that the
 * first entry must link to, when the reader knows it. Gives the entries in log order.
 */
export function verifyLog(
  log: LogExport,
  before: Uint8Array | null,
  run: RunCheck,
  primitives: Primitives,
): Entry[] {
  const entries = run('entries', () => {
    const value = log.entries.map((bytes, i) => at(i, () => parseEntry(bytes, primitives)))
    return { value, detail: `${value.length} entries of key ${short(coseKeyThumbprint(log.agentKey))}` }
  })
  run('agentKey', () => {
    const found = entries.map((entry, i) => at(i, () => agentKey(entry, log.agentKey)))
    return found[0] ?? { value: null, detail: 'no entry' }
  })
  run('signatures', () => {
    for (const [i, entry] of entries.entries()) at(i, () => requireSignature(entry, log.agentKey, primitives))
    return { value: null, detail: `${entries.length} headers are signed by the agent` }
  })
  run('bodies', () => {
    for (const [i, entry] of entries.entries()) at(i, () => checkBodies(entry, primitives))
    return { value: null, detail: 'every part has the digest that its signed header lists' }
  })
  run('links', () => links(entries, before))
  return entries
}

function agentKey(entry: Entry, key: Uint8Array): Finding<null> {
  const thumbprint = coseKeyThumbprint(key)
  const { kid, agentId } = entry.header
  if (!sameBytes(kid, thumbprint))
    throw new CheckFailure(`the header names key ${short(kid)}, the key in the file is ${short(thumbprint)}`)
  if (!sameBytes(agentId, thumbprint))
    throw new CheckFailure(
      `the key in the file is not the first key of agent ${short(agentId)}; a rotated key needs its rotation entries`,
    )
  return { value: null, detail: `its thumbprint is the agent id ${toHex(agentId)}` }
}

function requireSignature(entry: Entry, key: Uint8Array, primitives: Primitives): void {
  if (!verifySign1(entry.sign1, key, primitives))
    throw new CheckFailure('the signature of the header does not verify under the key of the agent')
}

function segments(entry: Entry): Finding<null> {
  const decoded = entrySegments(entry)
  const subjects = decoded.flatMap((each) =>
    each.kind === 'telemetry' ? [each.subject ? toHex(each.subject) : 'host'] : [],
  )
  const twice = subjects.find((subject, i) => subjects.indexOf(subject) !== i)
  if (twice) throw new CheckFailure(`subject ${twice} occurs twice`)
  const events = decoded.length - subjects.length
  return {
    value: null,
    detail: `${subjects.length} of telemetry with ${entry.header.times.length} sample times, ${events} of events`,
  }
}

/** Every entry comes after the one before and links to it, directly or over tombstones that a later header carries. */
function links(entries: readonly Entry[], before: Uint8Array | null): Finding<null> {
  const gaps = new Map<string, Uint8Array>()
  for (const { header } of entries)
    for (const tombstone of header.tombstones) gaps.set(toHex(tombstone.firstPrev), tombstone.lastHash)
  let bridged = 0
  let last = before
  entries.forEach((entry, i) => {
    const previous = entries[i - 1]
    if (previous && comparePositions(previous.header, entry.header) >= 0)
      throw new CheckFailure(
        `entry ${i + 1} (${place(entry.header)}) does not come after the one before (${place(previous.header)}): ` +
          'a fork, or the wrong order',
      )
    // Each tombstone is used once, so that a ring of them cannot hold the reader up.
    while (last && !sameBytes(last, entry.header.prev)) {
      const over = gaps.get(toHex(last))
      if (!over)
        throw new CheckFailure(
          `entry ${i + 1} (${place(entry.header)}) links to ${short(entry.header.prev)}, wanted ${short(last)}`,
        )
      gaps.delete(toHex(last))
      last = over
      bridged++
    }
    last = entry.hash
  })
  const start = before || entries.length === 0 ? '' : '; what comes before the first is not in the file'
  return {
    value: null,
    detail: `every entry links to the one before, ${bridged} gaps told by tombstones${start}`,
  }
}

function place(header: Header): string {
  return `boot ${header.boot}, sequence ${header.seq}`
}

function at<T>(index: number, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new CheckFailure(`entry ${index + 1}: ${(error as Error).message}`)
  }
}
