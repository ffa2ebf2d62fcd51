/**
 * Events that an agent signs and sends at once. Ids are never reused; `detail` says what the integers mean. Events that
 * came too fast are merged: the merged one appends how many times it happened.
 */
export const EVENTS = {
  agent_started: { id: 1, detail: 'boot number', about: 'the agent opened a new boot of its log' },
  rolled_back: {
    id: 2,
    detail: 'boot and sequence that the nodes knew',
    about: 'the nodes knew more of this log than the agent did: restored from a backup',
  },
  xid: { id: 10, detail: 'XID, source (0 NVML, 1 kernel log)', about: 'the driver reported an XID' },
  fell_off_bus: {
    id: 11,
    detail: 'source (0 NVML, 1 kernel log)',
    about: 'the driver reported a GPU as fallen off the bus',
  },
  gpu_lost: { id: 12, detail: 'NVML code', about: 'a device that was there answers as lost or not at all' },
  gpu_returned: { id: 13, detail: 'none', about: 'a lost or stuck device answers again' },
  probe_stuck: {
    id: 14,
    detail: 'milliseconds waited',
    about: 'reading this device hung; it is quarantined and the others go on',
  },
  probe_crashed: {
    id: 15,
    detail: 'signal or exit code',
    about: 'the probe process ended while reading this device',
  },
  sxid: { id: 16, detail: 'SXID, 1 when fatal', about: 'an NVSwitch reported an SXID' },
  kernel_log_overrun: {
    id: 17,
    detail: 'overruns since the agent started',
    about: 'the kernel log was overwritten faster than it was read; messages are missing',
  },
  serial_changed: { id: 20, detail: 'none', about: 'another board serial answers under the same index' },
  uuid_changed: { id: 21, detail: 'none', about: 'another UUID answers under the same index' },
  pci_moved: { id: 22, detail: 'none', about: 'the device answers at another PCI address' },
  vbios_changed: { id: 23, detail: 'none', about: 'the VBIOS version changed' },
  device_added: { id: 24, detail: 'none', about: 'a device appeared that was not enrolled' },
  ecc_mode_changed: { id: 30, detail: 'before, after', about: 'ECC was switched' },
  mig_mode_changed: { id: 31, detail: 'before, after', about: 'MIG was switched' },
  persistence_changed: { id: 32, detail: 'before, after', about: 'persistence mode was switched' },
  recovery_action_changed: {
    id: 33,
    detail: 'before, after',
    about: 'the driver asks for another recovery action',
  },
  remap_pending: { id: 34, detail: 'none', about: 'a row remap waits for a reset' },
  remap_failed: { id: 35, detail: 'none', about: 'a row remap failed' },
  spool_thinned: {
    id: 40,
    detail: 'entries dropped',
    about: 'the spool was over its quota and dropped telemetry, counted',
  },
  spool_damaged: {
    id: 41,
    detail: 'bytes quarantined',
    about: 'a damaged spool tail was set aside, counted',
  },
  disk_full: {
    id: 42,
    detail: 'entries that could not be kept',
    about: 'the spool could not be written for a while',
  },
  clock_skew: {
    id: 43,
    detail: 'seconds off chain time',
    about: 'the host clock left chain time by more than 60 s',
  },
  key_rotated: { id: 44, detail: 'none', about: 'the telemetry key was replaced' },
} as const satisfies Record<string, { id: number; detail: string; about: string }>

export type EventName = keyof typeof EVENTS

const byId: ReadonlyMap<number, EventName> = new Map(
  (Object.keys(EVENTS) as EventName[]).map((name) => [EVENTS[name].id, name]),
)

/** The event of a wire id, or undefined for an id of a newer table. */
export function eventNameById(id: number): EventName | undefined {
  return byId.get(id)
}
