import type { EpochAnchor, EpochClock } from '../registry/epochClock.ts'
import type { OpenEpoch } from './ports.ts'

/** Epochs kept before the parent round, for entries that quote an older one. */
const KEPT_BEFORE = 4

/** The existing epochs around the present, in order and without a hole, read from the chain. */
export class EpochTable {
  private readonly clock: EpochClock
  private rows: EpochAnchor[] = []

  constructor(clock: EpochClock) {
    this.clock = clock
  }

  /** The newest existing epoch known, or undefined before the first. */
  newest(): EpochAnchor | undefined {
    return this.rows.at(-1)
  }

  /** The existing epoch before `n`, if it is in the table. */
  before(n: number): EpochAnchor | undefined {
    return this.rows.findLast((row) => row.n < n)
  }

  /** All rows as the round engine takes them. */
  all(): OpenEpoch[] {
    return this.rows.map(({ n, epochId, startS, block }) => ({ n, epochId, startS, anchor: block }))
  }

  /**
   * Appends the next existing epoch once its anchor is final; null while there is none. The first call begins at the
   * newest one and looks back as far as {@link fill} was told to.
   */
  async advance(): Promise<EpochAnchor | null> {
    const last = this.rows.at(-1)
    const next = last ? await this.clock.next(last) : await this.clock.latest()
    if (next) this.rows.push(next)
    return next
  }

  /** Completes the table back to some epochs before `round`, walking the chain forward from there. */
  async fill(round: number): Promise<void> {
    const newest = this.newest()
    const from = Math.max(0, round - KEPT_BEFORE)
    if (!newest || (this.rows[0] as EpochAnchor).n <= from) return
    let found: EpochAnchor | null = null
    for (let n = from; n < newest.n && !found; n++) found = await this.clock.epoch(n)
    const rows: EpochAnchor[] = []
    while (found && found.n < newest.n) {
      rows.push(found)
      found = await this.clock.next(found)
    }
    this.rows = [...rows, ...this.rows.filter((row) => row.n >= newest.n)]
  }

  /** Forgets what no round can refer to any more. */
  trim(round: number): void {
    while (this.rows.length > 2 && (this.rows[1] as EpochAnchor).n <= round - KEPT_BEFORE) this.rows.shift()
  }

  /** Starts anew after a reorganisation below a final anchor. */
  reset(): void {
    this.rows = []
  }
}
