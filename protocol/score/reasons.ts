/** What a reason code says to a person, and what that person can do. `wire` is the 16-bit code of a leaf. */
export type Reason = { readonly wire: number; readonly text: string; readonly remedy: string }

/**
 * Every reason that a score or a status may name. Wire codes are never reused: hundreds are the group (1 authenticity,
 * 2 identity, 3 presence, 4 hardware, 5 thermal, 6 performance, 7 use, 8 geography, 9 obsolescence, 10 confidence,
 * 11 not measured, 12 status and monitoring).
 */
export const REASONS = {
  A01: {
    wire: 101,
    text: 'The assurance level caps the score',
    remedy: 'Raise the assurance level: TPM-held key, measured host, then GPU attestation.',
  },
  A02: {
    wire: 102,
    text: 'The assurance level is below the highest',
    remedy: 'Add the evidence of the next level, or a fresh physical inspection.',
  },
  A03: {
    wire: 103,
    text: 'Self-reported (L0): the host vouches for itself, which caps the score',
    remedy: 'Enrol the host key in a TPM and attest the GPU.',
  },
  I01: {
    wire: 201,
    text: 'Another asset claims the same identity',
    remedy: 'Prove the device with GPU attestation; the registry nodes resolve the conflict.',
  },
  I02: {
    wire: 202,
    text: 'Serial or invoice does not match the enrolled identity',
    remedy: 'Correct the documents, or enrol the device that is there.',
  },
  I03: {
    wire: 203,
    text: 'A lifetime counter went backwards',
    remedy: 'File the RMA or reset order that explains it; otherwise the finding stands.',
  },
  I04: {
    wire: 204,
    text: 'Two signed headers exist for one place in the log (fork)',
    remedy: 'Find the copied agent key, rotate it, and ask the nodes for a resolution.',
  },
  L01: {
    wire: 301,
    text: 'No sample for too long',
    remedy: 'Check the agent, its link to the broker and the host.',
  },
  L02: {
    wire: 302,
    text: 'Too few epochs answered in the last 30 days',
    remedy: 'Find what interrupts the agent or the host.',
  },
  L03: {
    wire: 303,
    text: 'The maintenance allowance is used up',
    remedy: 'Keep announced outages below 72 hours in 30 days.',
  },
  H01: {
    wire: 401,
    text: 'A row remap failed: the memory can no longer repair itself',
    remedy: 'Replace the device (RMA); this is a replacement criterion of the vendor.',
  },
  H02: {
    wire: 402,
    text: 'Uncorrectable memory error that was not contained',
    remedy: 'Reset, run field diagnostics, replace the device when it recurs.',
  },
  H03: {
    wire: 403,
    text: 'Uncorrectable memory error, contained or repaired',
    remedy: 'Reset in the next maintenance window and watch for a recurrence.',
  },
  H04: {
    wire: 404,
    text: 'Memory rows were remapped',
    remedy: 'Watch the spare rows that are left; replace the device before they run out.',
  },
  H05: {
    wire: 405,
    text: 'A row remap waits for a reset',
    remedy: 'Drain the device and reset it.',
  },
  H06: {
    wire: 406,
    text: 'The GPU fell off the bus',
    remedy: 'Check seating, power and riser; read the platform log of the time.',
  },
  H07: {
    wire: 407,
    text: 'Link errors between GPUs',
    remedy: 'Check the bridge, baseboard or cable of the link named in the log.',
  },
  H08: {
    wire: 408,
    text: 'GPU firmware faults',
    remedy: 'Update driver and firmware; replace the device when faults stay.',
  },
  H09: {
    wire: 409,
    text: 'The GPU fell off the bus repeatedly',
    remedy: 'Take it out of service and repair it; fourteen clean days or an RMA end the finding.',
  },
  H10: {
    wire: 410,
    text: 'The SRAM error threshold was passed',
    remedy: 'Replace the device (RMA); this is a replacement hint of the vendor.',
  },
  H11: {
    wire: 411,
    text: 'Expected failures of this class and age of board',
    remedy: 'None: it is the base rate. Warranty and spares cover it.',
  },
  H12: {
    wire: 412,
    text: 'The board does not support part of the hardware health signals',
    remedy: 'Update the driver; a board without these counters keeps this limit.',
  },
  T01: {
    wire: 501,
    text: 'Often close to its temperature limit',
    remedy: 'Improve cooling or lower the power limit.',
  },
  T02: {
    wire: 502,
    text: 'Clocks held down by heat, power brake or hardware',
    remedy: 'Check cooling, power supply and power cabling.',
  },
  T03: {
    wire: 503,
    text: 'Large power swings',
    remedy: 'Smooth the load, or enable power smoothing.',
  },
  P01: {
    wire: 601,
    text: 'Compute is slower than the reference of the model',
    remedy: 'Check clocks, power limit and cooling, then run the benchmark again.',
  },
  P02: {
    wire: 602,
    text: 'Memory is slower than the reference of the model',
    remedy: 'Check memory clocks and remaps, then run the benchmark again.',
  },
  P03: {
    wire: 603,
    text: 'The benchmark is old or was not answered',
    remedy: 'Let the agent answer the next benchmark challenge.',
  },
  U01: {
    wire: 701,
    text: 'Little used',
    remedy: 'None needed for health: it speaks of income only.',
  },
  U02: {
    wire: 702,
    text: 'Income is not verified',
    remedy: 'Connect a third-party or on-chain proof of payment.',
  },
  G01: {
    wire: 801,
    text: 'The proof of place is old',
    remedy: 'Renew the proof of place.',
  },
  G02: {
    wire: 802,
    text: 'The place is in doubt',
    remedy: 'Renew the proof of place by a second independent class of evidence.',
  },
  G03: {
    wire: 803,
    text: 'Outside the agreed region',
    remedy: 'Return the device, or obtain the consent of the lien holder.',
  },
  O01: {
    wire: 901,
    text: 'Age of the product generation',
    remedy: 'None: newer generations lower what this one can earn.',
  },
  C01: {
    wire: 1001,
    text: 'Low confidence: little or weak evidence behind the score',
    remedy: 'Raise the assurance level and let history build up.',
  },
  N01: {
    wire: 1101,
    text: 'Authenticity was never measured',
    remedy: 'Let the bound agent report.',
  },
  N02: {
    wire: 1102,
    text: 'Presence was never measured',
    remedy: 'Let the bound agent report.',
  },
  N03: {
    wire: 1103,
    text: 'Hardware health was never or not fully measured, or is withheld',
    remedy: 'Give the agent a source that reads ECC, remaps and XIDs; enable ECC.',
  },
  N04: {
    wire: 1104,
    text: 'Temperature or slowdown was never measured',
    remedy: 'Use a source that reads temperatures with limits and clock event reasons.',
  },
  N05: {
    wire: 1105,
    text: 'Performance was never measured',
    remedy: 'Enable the benchmark order on the agent and answer one challenge.',
  },
  N06: {
    wire: 1106,
    text: 'Use was never measured',
    remedy: 'Use a source that reads utilization.',
  },
  N07: {
    wire: 1107,
    text: 'The place was never proven',
    remedy: 'Declare the site and answer a proof of place.',
  },
  N08: {
    wire: 1108,
    text: 'The product generation is not known',
    remedy: 'Have the model added to the specification table.',
  },
  N09: {
    wire: 1109,
    text: 'The age of the board is not known; the oldest is assumed',
    remedy: 'Have the date of manufacture or first use admitted with the asset.',
  },
  S01: {
    wire: 1201,
    text: 'No fresh sample of this asset',
    remedy: 'Check the agent, its link to the broker and the host.',
  },
  S02: {
    wire: 1202,
    text: 'Provisional: a factor that this feed demands was never measured',
    remedy: 'Complete the measurements that are listed as missing.',
  },
  S03: {
    wire: 1203,
    text: 'The assurance level is below the minimum of this feed',
    remedy: 'Renew or raise the evidence of the level.',
  },
  S04: {
    wire: 1204,
    text: 'Reading this device has hung for 24 hours',
    remedy: 'Reset the device or reboot the host.',
  },
  S05: {
    wire: 1205,
    text: 'The device has been absent for 24 hours while its agent reports',
    remedy: 'Find the device; check seating and power, or file the RMA.',
  },
  S06: {
    wire: 1206,
    text: 'Relocated by two independent classes of evidence',
    remedy: 'Prove the agreed place by two classes, or obtain the consent of the lien holder.',
  },
  S07: {
    wire: 1207,
    text: 'Loss confirmed: silence and a failed or refused inspection',
    remedy: 'Bring fresh evidence at the level of admission in three epochs.',
  },
  S08: {
    wire: 1208,
    text: 'Retired by the registry',
    remedy: 'None: retirement is final.',
  },
  S09: {
    wire: 1209,
    text: 'Tampering was found and not yet resolved',
    remedy: 'Ask the registry nodes for a resolution.',
  },
  M01: {
    wire: 1251,
    text: 'Not monitored for seven days',
    remedy: 'Restore reporting before the reporting breach is confirmed.',
  },
  M02: {
    wire: 1252,
    text: 'Reporting breach: not monitored for fourteen days',
    remedy: 'Restore reporting; a countersign decides what follows.',
  },
} as const satisfies Record<string, Reason>

export type ReasonCode = keyof typeof REASONS

const byWire: ReadonlyMap<number, ReasonCode> = new Map(
  (Object.keys(REASONS) as ReasonCode[]).map((code) => [REASONS[code].wire, code]),
)

/** The reason of a wire code, or undefined for a code of a newer table. */
export function reasonByWire(wire: number): ReasonCode | undefined {
  return byWire.get(wire)
}
