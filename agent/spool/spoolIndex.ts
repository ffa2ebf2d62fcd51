import { type Position, SPOOL_CLASSES, type SpoolClass } from '#protocol/wire/header'
import type { SegmentName } from './segmentStore.ts'

/** Where one held entry stands. `offset` and `length` are those of its payload. */
export type EntryPlace = { segment: SegmentName; ordinal: number; offset: number; length: number }

type Segment = {
  readonly name: SegmentName
  /** Parallel arrays, ascending by ordinal: a few bytes per entry, so that a full spool fits in memory. */
  readonly ordinals: number[]
  readonly offsets: number[]
  readonly lengths: number[]
  /** Position in the arrays of the first entry still held. */
  first: number
  /** Highest ordinal ever put in. */
  last: number
}

/** Which entries are held and where, by class, segment and ordinal. No I/O. */
export class SpoolIndex {
  #segments: Record<SpoolClass, Segment[]> = { telemetry: [], event: [], evidence: [] }
  #bytes: Record<SpoolClass, number> = { telemetry: 0, event: 0, evidence: 0 }
  #count = 0
  /** Ordinal of seq 0 of each boot that the index knows, ascending. */
  #boots: { boot: number; first: number }[] = []

  get count(): number {
    return this.#count
  }

  bytes(spoolClass: SpoolClass): number {
    return this.#bytes[spoolClass]
  }

  addSegment(name: SegmentName): void {
    this.#segments[name.class].push({
      name,
      ordinals: [],
      offsets: [],
      lengths: [],
      first: 0,
      last: 0,
    })
  }

  /** Adds an entry to the newest segment of its class (or to the one named); ordinals must rise within a segment. */
  add(name: SegmentName, ordinal: number, position: Position, offset: number, length: number): void {
    const segment = this.#segments[name.class].findLast((each) => each.name.id === name.id) as Segment
    segment.ordinals.push(ordinal)
    segment.offsets.push(offset)
    segment.lengths.push(length)
    segment.last = ordinal
    this.#bytes[name.class] += length
    this.#count++
    this.noteBoot(position, ordinal)
  }

  /** Learns which ordinals a boot has from any entry of it. */
  noteBoot(position: Position, ordinal: number): void {
    const first = ordinal - position.seq
    if (this.#boots.some((each) => each.boot === position.boot)) return
    this.#boots.push({ boot: position.boot, first })
    this.#boots.sort((a, b) => a.first - b.first || a.boot - b.boot)
  }

  /** The ordinal of a position, undefined for a boot that is not known. */
  ordinalOf(position: Position): number | undefined {
    const at = this.#boots.findIndex((each) => each.boot === position.boot)
    const boot = this.#boots[at]
    if (!boot) return undefined
    const ordinal = boot.first + position.seq
    const next = this.#boots[at + 1]
    return next && ordinal >= next.first ? undefined : ordinal
  }

  positionOf(ordinal: number): Position | undefined {
    const boot = this.#boots.findLast((each) => each.first <= ordinal)
    return boot && { boot: boot.boot, seq: ordinal - boot.first }
  }

  find(ordinal: number): EntryPlace | undefined {
    for (const spoolClass of SPOOL_CLASSES) {
      for (const segment of this.#segments[spoolClass]) {
        const at = segment.last < ordinal ? -1 : lowerBound(segment.ordinals, ordinal, segment.first)
        if (at < 0 || segment.ordinals[at] !== ordinal) continue
        return place(segment, at)
      }
    }
    return undefined
  }

  /** Held ordinals after `after`, ascending, at most `most`. */
  next(after: number, most: number): number[] {
    const found: number[] = []
    for (const spoolClass of SPOOL_CLASSES) {
      let left = most
      for (const segment of this.#segments[spoolClass]) {
        if (left === 0) break
        if (segment.last <= after) continue
        for (
          let at = lowerBound(segment.ordinals, after + 1, segment.first);
          at < segment.ordinals.length;
          at++
        ) {
          if (left-- === 0) break
          found.push(segment.ordinals[at] as number)
        }
        left = Math.max(left, 0)
      }
    }
    return found.sort((a, b) => a - b).slice(0, most)
  }

  /** Forgets everything up to an ordinal, in one class or in all; answers how many entries that were. */
  forgetUpTo(ordinal: number, only?: SpoolClass): number {
    let forgotten = 0
    for (const spoolClass of only ? [only] : SPOOL_CLASSES) {
      for (const segment of this.#segments[spoolClass]) {
        while (
          segment.first < segment.ordinals.length &&
          (segment.ordinals[segment.first] as number) <= ordinal
        ) {
          this.#bytes[spoolClass] -= segment.lengths[segment.first] as number
          segment.first++
          forgotten++
        }
        if (segment.first > 1024 && segment.first * 2 > segment.ordinals.length) shorten(segment)
      }
    }
    this.#count -= forgotten
    return forgotten
  }

  /** Forgets one entry. */
  forget(ordinal: number): void {
    const found = this.find(ordinal)
    if (!found) return
    const segment = this.#segments[found.segment.class].find(
      (each) => each.name.id === found.segment.id,
    ) as Segment
    const at = lowerBound(segment.ordinals, ordinal, segment.first)
    segment.ordinals.splice(at, 1)
    segment.offsets.splice(at, 1)
    segment.lengths.splice(at, 1)
    this.#bytes[found.segment.class] -= found.length
    this.#count--
  }

  /** Entries held in the oldest segment of a class that still holds one, the segment `except` left out. */
  oldest(spoolClass: SpoolClass, except: SegmentName | null): EntryPlace[] {
    for (const segment of this.#segments[spoolClass]) {
      if (segment.first >= segment.ordinals.length) continue
      if (except && segment.name.id === except.id) return []
      return segment.ordinals.slice(segment.first).map((_, i) => place(segment, segment.first + i))
    }
    return []
  }

  /** Takes out segments that hold nothing any more, those in `except` left out. */
  takeEmpty(except: readonly (SegmentName | null)[]): SegmentName[] {
    const taken: SegmentName[] = []
    for (const spoolClass of SPOOL_CLASSES) {
      this.#segments[spoolClass] = this.#segments[spoolClass].filter((segment) => {
        const isKept =
          segment.first < segment.ordinals.length ||
          except.some((each) => each?.class === spoolClass && each.id === segment.name.id)
        if (!isKept) taken.push(segment.name)
        return isKept
      })
    }
    return taken
  }

  /** Forgets boots that end before an ordinal. */
  forgetBoots(before: number): void {
    while (this.#boots[1] && this.#boots[1].first <= before) this.#boots.shift()
  }
}

function place(segment: Segment, at: number): EntryPlace {
  return {
    segment: segment.name,
    ordinal: segment.ordinals[at] as number,
    offset: segment.offsets[at] as number,
    length: segment.lengths[at] as number,
  }
}

function shorten(segment: Segment): void {
  segment.ordinals.splice(0, segment.first)
  segment.offsets.splice(0, segment.first)
  segment.lengths.splice(0, segment.first)
  segment.first = 0
}

/** First position at or after `from` whose number is not below `wanted`. */
function lowerBound(numbers: readonly number[], wanted: number, from: number): number {
  let low = from
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] as number) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
