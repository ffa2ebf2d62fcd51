import type { Methodology } from './methodologyTypes.ts'
import { REASONS } from './reasons.ts'

export type { Methodology }

const DAY_S = 86_400

/**
 * CHS-1, version 1: every number that a score or a status depends on. Its hash is on chain; a change of any value is
 * a new methodology. Curves and weights are priors until fleet data replace them.
 *
 * Never measured: a null field counts as the worst value that it allows. On top of that the total is capped:
 *
 * | never-measured factor | profile demands it | profile does not |
 * |---|---|---|
 * | any | 2500, and status Unknown (provisional) | — |
 * | P, G | | 6000: Degraded at best, zero points for the factor |
 * | A, L, H | | 2500 |
 * | T, U, O | | 6900: never Healthy |
 *
 * In a profile that does not demand a factor, its *absence* (null or stale) caps no lower than that row; positive
 * evidence (moved out, place in doubt) still caps by the linear rule. So in no profile does missing beat stale, and
 * in `production` missing never beats any value at all.
 */
export const CHS1: Methodology = {
  id: 'CHS-1',
  version: 1,
  weights: { A: 2000, L: 1500, H: 2500, T: 500, P: 1500, U: 500, G: 1000, O: 500 },
  grades: [
    { grade: 'A', from: 8500 },
    { grade: 'B', from: 7000 },
    { grade: 'C', from: 5500 },
    { grade: 'D', from: 4000 },
    { grade: 'E', from: 0 },
  ],
  authenticity: {
    subscore: [1500, 4000, 6000, 8000, 9500, 10_000],
    cap: [3000, 5500, 7000, 8500, 10_000, 10_000],
    gradeOfLevel: [1, 1, 2, 3, 4, 4, 4],
  },
  presence: {
    up: [
      [0, 0],
      [5000, 2000],
      [9000, 7000],
      [9700, 9500],
      [9900, 10_000],
    ],
    gapHours: [
      [0, 10_000],
      [6, 9500],
      [24, 8500],
      [72, 6000],
      [168, 3000],
      [480, 500],
      [720, 0],
    ],
    excusedMostBp: 1000,
  },
  hazard: {
    base: { dc: 500, consumer: 700 },
    ageDays: [
      [0, 15_000],
      [90, 10_000],
      [730, 10_000],
      [1095, 12_000],
      [1460, 15_000],
      [1825, 20_000],
      [2190, 25_000],
      [2920, 30_000],
    ],
    families: [
      {
        name: 'memory',
        rules: [
          {
            field: 'ueUnmit90',
            steps: [
              [1, 70_000],
              [2, 100_000],
            ],
            reason: 'H02',
          },
          { field: 'ueUnmit365', steps: [[1, 30_000]], reason: 'H02' },
          {
            field: 'ueMit90',
            steps: [
              [1, 20_000],
              [3, 40_000],
            ],
            reason: 'H03',
          },
          {
            field: 'remaps',
            steps: [
              [1, 15_000],
              [3, 25_000],
              [9, 40_000],
            ],
            reason: 'H04',
          },
          { field: 'remapPending', steps: [[1, 20_000]], reason: 'H05' },
        ],
      },
      { name: 'bus', rules: [{ field: 'xid79_90', steps: [[1, 50_000]], reason: 'H06' }] },
      {
        name: 'link',
        rules: [
          {
            field: 'nvlink30',
            steps: [
              [1, 13_000],
              [10, 20_000],
            ],
            reason: 'H07',
          },
        ],
      },
      {
        name: 'firmware',
        rules: [
          {
            field: 'gsp30',
            steps: [
              [1, 12_000],
              [3, 15_000],
            ],
            reason: 'H08',
          },
        ],
      },
    ],
    most: 100_000,
    pd12m: [
      [0, 0],
      [500, 488],
      [1000, 952],
      [2000, 1813],
      [4000, 3297],
      [7000, 5034],
      [10_000, 6321],
      [15_000, 7769],
      [20_000, 8647],
      [30_000, 9502],
      [50_000, 9933],
      [100_000, 10_000],
    ],
    subscore: [
      [0, 10_000],
      [300, 9500],
      [600, 9000],
      [1200, 8000],
      [2500, 6000],
      [5000, 3000],
      [8000, 1000],
      [10_000, 0],
    ],
    gates: [
      { field: 'remapFail', at: 1, cap: 2000, reason: 'H01' },
      { field: 'xid79_90', at: 2, cap: 2500, reason: 'H09' },
      { field: 'sramThreshold', at: 1, cap: 3000, reason: 'H10' },
    ],
  },
  unsupported: {
    fields: {
      dc: ['sramThreshold'],
      consumer: [
        'remapFail',
        'remapPending',
        'remaps',
        'sramThreshold',
        'ueMit90',
        'ueUnmit365',
        'ueUnmit90',
      ],
    },
    hardwareCap: 8500,
  },
  thermal: {
    hot: [
      [0, 10_000],
      [500, 9000],
      [2000, 7000],
      [5000, 4000],
      [10_000, 2000],
    ],
    slow: [
      [0, 10_000],
      [100, 9000],
      [500, 7000],
      [2000, 3000],
      [10_000, 0],
    ],
    hotMarginC: 5,
    slowMask: 0xe8,
  },
  performance: {
    ratio: [
      [5000, 0],
      [7000, 3000],
      [8000, 6000],
      [9000, 8500],
      [9500, 9500],
      [9700, 10_000],
    ],
    staleDays: [
      [7, 10_000],
      [14, 7000],
      [30, 3000],
      [60, 0],
    ],
  },
  use: {
    paid: [
      [0, 3000],
      [2000, 6000],
      [5000, 9000],
      [7000, 10_000],
    ],
    unverifiedCap: 6000,
  },
  geography: {
    days: [
      [1, 10_000],
      [7, 8500],
      [30, 5000],
      [90, 0],
    ],
    suspectCap: 3000,
  },
  obsolescence: {
    months: [
      [0, 10_000],
      [24, 9000],
      [48, 7000],
      [72, 4500],
      [96, 2000],
      [120, 500],
    ],
  },
  caps: {
    linear: { factors: ['A', 'L', 'H', 'G'], floor: 2500, slope: 7500 },
    identityConflict: 0,
    mandatoryNotMeasured: 2500,
    notMeasured: { A: 2500, L: 2500, H: 2500, T: 6900, P: 6000, U: 6900, G: 6000, O: 6900 },
  },
  confidence: {
    trustOfTag: { measured: 10_000, modelled: 6000, declared: 3000, 'not-measured': 0 },
    evidenceOfGrade: [2000, 4500, 6000, 8000, 9500, 10_000],
    exposure: [
      [0, 2000],
      [96, 5000],
      [2880, 10_000],
    ],
    lowBelow: 4000,
  },
  tags: {
    assurance: 'measured',
    hbExpected: 'measured',
    hbValid: 'measured',
    hbExcused: 'declared',
    hoursSinceHb: 'measured',
    cls: 'modelled',
    ageDays: 'declared',
    ueUnmit90: 'measured',
    ueUnmit365: 'measured',
    ueMit90: 'measured',
    remaps: 'measured',
    remapPending: 'measured',
    remapFail: 'measured',
    xid79_90: 'measured',
    nvlink30: 'measured',
    gsp30: 'measured',
    sramThreshold: 'measured',
    hotBp: 'measured',
    slowBp: 'measured',
    perfBp: 'measured',
    perfAgeDays: 'measured',
    utilBp: 'measured',
    incomeVerified: 'declared',
    loc: 'measured',
    locAgeDays: 'measured',
    monthsSinceLaunch: 'modelled',
    identityConflict: 'measured',
  },
  worst: {
    assurance: 0,
    hbExpected: 0,
    hbValid: 0,
    hbExcused: 0,
    hoursSinceHb: 720,
    cls: 'consumer',
    ageDays: 2920,
    ueUnmit90: 2,
    ueUnmit365: 1,
    ueMit90: 3,
    remaps: 9,
    remapPending: true,
    remapFail: true,
    xid79_90: 2,
    nvlink30: 10,
    gsp30: 3,
    sramThreshold: true,
    hotBp: 10_000,
    slowBp: 10_000,
    perfBp: 0,
    perfAgeDays: 60,
    utilBp: 0,
    incomeVerified: false,
    loc: 'OUT',
    locAgeDays: 90,
    monthsSinceLaunch: 120,
    identityConflict: true,
  },
  essential: {
    A: { fields: ['assurance'], every: true },
    L: { fields: ['hbExpected', 'hbValid', 'hoursSinceHb'], every: true },
    H: { fields: ['ueUnmit90', 'remaps'], every: false },
    T: { fields: ['hotBp', 'slowBp'], every: false },
    P: { fields: ['perfBp', 'perfAgeDays'], every: true },
    U: { fields: ['utilBp'], every: true },
    G: { fields: ['loc', 'locAgeDays'], every: true },
    O: { fields: ['monthsSinceLaunch'], every: true },
  },
  profiles: {
    production: { mandatory: ['A', 'L', 'H', 'P', 'G'], minLevel: 1 },
    up: { mandatory: ['A', 'L', 'H'], minLevel: 0 },
  },
  xid: {
    mitigated: [63, 94, 156, 160],
    unmitigated: [92, 95, 140, 161],
    open: [48, 171, 172],
    remapFailure: [64],
    busDrop: [79, 167],
    link: [74, 136, 144, 145, 146, 147, 148, 149, 150, 155, 173],
    firmware: [62, 119, 120, 122],
  },
  windows: {
    bucketS: 21_600,
    presenceS: 30 * DAY_S,
    eventDayS: DAY_S,
    shortDays: 30,
    midDays: 90,
    longDays: 365,
    reclassS: 7 * DAY_S,
  },
  status: {
    freshS: 21_600,
    levelTtlS: 7 * DAY_S,
    critical: 4000,
    degraded: 7000,
    worseMargin: 100,
    betterMargin: 200,
    debounceEpochs: 3,
    rollbackEpochs: 2,
    absentS: DAY_S,
    cleanS: 14 * DAY_S,
    withheldS: DAY_S,
    retiredPagesFailure: 60,
  },
  monitoring: { pendingS: 7 * DAY_S, confirmedS: 14 * DAY_S, excusedMostS: 72 * 3600 },
  loss: { watchS: DAY_S, pendingS: 7 * DAY_S, confirmedS: 30 * DAY_S },
  reasons: REASONS,
}
