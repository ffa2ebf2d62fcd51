import type { Entry } from '#protocol/wire/entry'
import { hexKey } from '../archive/hexKey.ts'
import { peekSegment } from './peekSegment.ts'
import { VERDICTS } from './verdicts.ts'

/** What can be found against an authentic entry without decoding its columns: a code of {@link VERDICTS}. */
export function entryVerdict(entry: Entry): number {
  const count = entry.header.segments.length
  const seen = new Set<string>()
  for (let i = 0; i < count; i++) {
    const peek = peekSegment(entry.bodies[i] as Uint8Array)
    if (!peek) return VERDICTS.segment_malformed
    if (peek.kind !== 'telemetry') continue
    const subject = peek.subject ? hexKey(peek.subject) : 'host'
    if (seen.has(subject)) return VERDICTS.asset_twice
    seen.add(subject)
  }
  return VERDICTS.clean
}
