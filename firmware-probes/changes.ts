import type { Cell } from '#protocol/wire/cell'
import type { EventName } from '#protocol/wire/eventCodes'
import type { MetricName } from '#protocol/wire/metrics'
import type {
  DeviceIdentity,
  DeviceReading,
  DeviceRef,
  ProbeEvent,
  ProbeSnapshot,
} from '#protocol/wire/reading'
import { PROBE_CODES } from './probeCodes.ts'

type IdentityKey = keyof DeviceIdentity

/** What was last known of the device under one index. Survives samples in which it does not answer. */
type Known = {
  readonly identity: Readonly<Partial<Record<IdentityKey, string>>>
  readonly states: Readonly<Partial<Record<MetricName, number>>>
  readonly answers: boolean
}

/** Everything that changes are measured against; hand back what the call before returned. */
export type KnownDevices = ReadonlyMap<number, Known>

const SWITCHES = [
  ['eccModeCurrent', 'ecc_mode_changed', 'ECC mode'],
  ['migModeCurrent', 'mig_mode_changed', 'MIG mode'],
  ['persistenceMode', 'persistence_changed', 'persistence mode'],
  ['recoveryAction', 'recovery_action_changed', 'recovery action'],
] as const satisfies readonly (readonly [MetricName, EventName, string])[]

const FLAGS = [
  ['remappedRowsPending', 'remap_pending', 'a row remap waits for a reset'],
  ['remappedRowsFailure', 'remap_failed', 'a row remap failed'],
] as const satisfies readonly (readonly [MetricName, EventName, string])[]

const STATES: readonly MetricName[] = [...SWITCHES, ...FLAGS].map(([metric]) => metric)

/** NVML_ERROR_GPU_IS_LOST */
const GPU_IS_LOST = 15

const WATCHDOG: ReadonlySet<number> = new Set([PROBE_CODES.stuck, PROBE_CODES.crashed, PROBE_CODES.givenUp])

/** The code with which a device does not answer, or null when it does. */
function silence(reading: DeviceReading): number | null {
  const { uuid } = reading.identity
  if (uuid.presence === 'error') return uuid.code
  const lost = (cell: Cell) => cell.presence === 'error' && cell.code === GPU_IS_LOST
  return Object.values(reading.metrics).some(lost) ? GPU_IS_LOST : null
}

function knownOf(before: Known | undefined, reading: DeviceReading): Known {
  const identity: Partial<Record<IdentityKey, string>> = { ...before?.identity }
  for (const [key, cell] of Object.entries(reading.identity) as [
    IdentityKey,
    DeviceIdentity[IdentityKey],
  ][]) {
    if (cell.presence === 'value') identity[key] = cell.value
  }
  const states: Partial<Record<MetricName, number>> = { ...before?.states }
  for (const name of STATES) {
    const cell = reading.metrics[name]
    if (cell?.presence === 'value') states[name] = cell.value
  }
  return { identity, states, answers: silence(reading) === null }
}

function refOf(index: number, known: Known): DeviceRef {
  const { uuid, pciBusId } = known.identity
  return { index, ...(uuid === undefined ? {} : { uuid }), ...(pciBusId === undefined ? {} : { pciBusId }) }
}

type Say = (kind: EventName, known: Known, detail: readonly number[], text: string) => void

/** A part of the identity that differs, both times being known. */
function differs(before: Known, after: Known, key: IdentityKey): { from: string; to: string } | null {
  const [from, to] = [before.identity[key], after.identity[key]]
  return from !== undefined && to !== undefined && from !== to ? { from, to } : null
}

function presenceChanges(before: Known, reading: DeviceReading, after: Known, say: Say): void {
  const code = silence(reading)
  if (before.answers && code !== null && !WATCHDOG.has(code)) {
    say('gpu_lost', after, [code], `GPU ${reading.index} does not answer (code ${code})`)
  }
  if (!before.answers && code === null) say('gpu_returned', after, [], `GPU ${reading.index} answers again`)
}

function identityChanges(index: number, before: Known, after: Known, say: Say): void {
  const uuid = differs(before, after, 'uuid')
  if (uuid !== null) say('uuid_changed', after, [], `UUID under index ${index}: ${uuid.from}, now ${uuid.to}`)
  const serial = differs(before, after, 'serial')
  if (serial !== null)
    say('serial_changed', after, [], `serial under index ${index}: ${serial.from}, now ${serial.to}`)
  // Of another device, these say nothing.
  if (uuid !== null) return
  const vbios = differs(before, after, 'vbios')
  if (vbios !== null) say('vbios_changed', after, [], `VBIOS of GPU ${index}: ${vbios.from}, now ${vbios.to}`)
  for (const [metric, kind, words] of SWITCHES) {
    const [from, to] = [before.states[metric], after.states[metric]]
    if (from !== undefined && to !== undefined && from !== to) {
      say(kind, after, [from, to], `${words} of GPU ${index}: ${from}, now ${to}`)
    }
  }
  for (const [metric, kind, words] of FLAGS) {
    if (before.states[metric] === 0 && after.states[metric] === 1)
      say(kind, after, [], `GPU ${index}: ${words}`)
  }
}

/** Same UUID, other PCI address, under whatever index it answers now. */
function moves(known: KnownDevices, after: ReadonlyMap<number, Known>, say: Say): void {
  const before = new Map([...known.values()].map((one) => [one.identity.uuid, one]))
  for (const one of after.values()) {
    const same = one.identity.uuid === undefined ? undefined : before.get(one.identity.uuid)
    const pci = same === undefined ? null : differs(same, one, 'pciBusId')
    if (pci !== null) say('pci_moved', one, [], `GPU ${one.identity.uuid}: at ${pci.from}, now at ${pci.to}`)
  }
}

/**
 * What happened between the snapshots seen so far and the next one, as events, and what to compare the one after it
 * with. The first snapshot (`known` null) is the baseline. Pure; serves every source.
 *
 * A device that the watchdog keeps out of sampling is not reported as lost: its probe has said `probe_stuck` or
 * `probe_crashed`. When it answers again, `gpu_returned` follows here like for a lost one.
 */
export function changes(
  known: KnownDevices | null,
  next: ProbeSnapshot,
): { readonly events: readonly ProbeEvent[]; readonly known: KnownDevices } {
  const events: ProbeEvent[] = []
  const after = new Map<number, Known>(known)
  const answered = new Map<number, Known>()
  const sayOf =
    (index: number): Say =>
    (kind, one, detail, text) =>
      events.push({ kind, device: refOf(index, one), atMs: next.takenAtMs, detail, text })
  for (const reading of next.devices) {
    const { index } = reading
    const before = known?.get(index)
    const now = knownOf(before, reading)
    after.set(index, now)
    if (now.answers) answered.set(index, now)
    if (known === null) continue
    if (before === undefined) {
      sayOf(index)('device_added', now, [], `a GPU answers under the new index ${index}`)
      continue
    }
    presenceChanges(before, reading, now, sayOf(index))
    identityChanges(index, before, now, sayOf(index))
  }
  if (known === null) return { events, known: after }
  for (const [index, now] of answered) moves(known, new Map([[index, now]]), sayOf(index))
  const present = new Set(next.devices.map((reading) => reading.index))
  for (const [index, before] of known) {
    if (present.has(index)) continue
    after.set(index, { ...before, answers: false })
    if (before.answers) sayOf(index)('gpu_lost', before, [0], `GPU ${index} is no longer counted`)
  }
  return { events, known: after }
}
