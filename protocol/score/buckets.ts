import type { AssetState, Bucket } from './assetState.ts'
import type { EpochFacts } from './epochFacts.ts'
import type { Methodology } from './methodologyTypes.ts'

/** Sums over the 30-day window that ends with the newest bucket. */
export type WindowSums = Readonly<Omit<Bucket, 'at'>>

const NONE: Omit<Bucket, 'at'> = {
  expected: 0,
  answered: 0,
  excused: 0,
  excusedS: 0,
  hotJudged: 0,
  hotMet: 0,
  slowJudged: 0,
  slowMet: 0,
  useCount: 0,
  useSum: 0,
}

/** The bucket in which an epoch counts, made when it is the first one there. A served epoch moves the window on. */
export function bucketOf(state: AssetState, facts: EpochFacts, { windows }: Methodology): Bucket {
  const at = Math.floor(facts.startS / windows.bucketS)
  const oldest = at - Math.floor(windows.presenceS / windows.bucketS)
  if (facts.served && (state.buckets[0]?.at ?? at) <= oldest)
    state.buckets = state.buckets.filter((b) => b.at > oldest)
  let bucket = state.buckets.at(-1)
  if (bucket?.at !== at) {
    bucket = { at, ...NONE }
    state.buckets.push(bucket)
  }
  return bucket
}

/** Whether an epoch has samples that tell anything of the conditions. */
export function hasConditions({ hot, slow, use }: EpochFacts): boolean {
  return hot.judged + slow.judged + use.count > 0
}

/** Adds the conditions that samples of an epoch showed; late samples count here too. */
export function addConditions(bucket: Bucket, facts: EpochFacts): void {
  bucket.hotJudged += facts.hot.judged
  bucket.hotMet += facts.hot.met
  bucket.slowJudged += facts.slow.judged
  bucket.slowMet += facts.slow.met
  bucket.useCount += facts.use.count
  bucket.useSum += facts.use.sum
}

/** Sums over all carried buckets. */
export function windowSums(buckets: readonly Bucket[]): WindowSums {
  const sums = { ...NONE }
  for (const bucket of buckets) {
    sums.expected += bucket.expected
    sums.answered += bucket.answered
    sums.excused += bucket.excused
    sums.excusedS += bucket.excusedS
    sums.hotJudged += bucket.hotJudged
    sums.hotMet += bucket.hotMet
    sums.slowJudged += bucket.slowJudged
    sums.slowMet += bucket.slowMet
    sums.useCount += bucket.useCount
    sums.useSum += bucket.useSum
  }
  return sums
}
