import { ABSENT, textCell } from '#protocol/wire/cell'
import type { DeviceReading, DeviceRef, ProbeEvent, ProbeWarning } from '#protocol/wire/reading'
import { canonicalPciBusId } from '../canonicalPciBusId.ts'
import type { KernelLine } from './kernelLine.ts'

const XID =
  /^NVRM: Xid \((?:PCI:)?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2})(?:\.[0-7])?\): (\d{1,5})(?:[, ](.*))?$/i
const SXID =
  /^nvidia-nvswitch\d+: SXid \(PCI:([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?)\): (\d{1,6})\b(.*)$/i
const GPU_AT =
  /^NVRM: GPU at (?:PCI:)?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2})(?:\.[0-7])?: (GPU-[0-9a-f-]{36})/i
const SERIAL = /^NVRM: GPU Board Serial Number: (\S{4,40})\s*$/
const OFF_BUS = /^NVRM: GPU ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?): GPU has fallen off the bus/i
const OFF_BUS_FIRST = /^NVRM: The NVIDIA GPU ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?)\b(.*)$/i

type Found = { readonly index: number; uuid?: string; serial?: string }

/** Source number of the kernel log in the details of `xid` and `fell_off_bus`. */
const KERNEL_LOG = 1

/** Syslog priorities below this are of facility 0; what is written into /dev/kmsg by a process never is. */
const KERNEL_PRIORITIES = 8

function pci(text: string): string {
  const cell = canonicalPciBusId(text)
  return cell.presence === 'value' ? cell.value : text.toLowerCase()
}

/**
 * Finds what the NVIDIA driver says in the kernel log. Only messages of the kernel facility count, and only where the
 * driver's words open the message: anyone can have theirs printed further on. Remembers which UUID and serial the
 * driver gave for an address, since that is all there is when NVML is dead.
 */
export class KmsgDecoder {
  readonly #devices = new Map<string, Found>()
  /** Address that the next serial or the next line of a broken-up message belongs to. */
  #subject: string | null = null
  #brokenUp: string | null = null
  #pendingSerial: string | null = null
  #forged = 0
  readonly warnings: ProbeWarning[] = []

  /** Lines that claimed to be the driver's but did not come from the kernel. */
  get forged(): number {
    return this.#forged
  }

  /** Events of one line; `atMs` is its time where the line has none of its own. */
  take(line: KernelLine, atMs: number): readonly ProbeEvent[] {
    const { text } = line
    if (!text.startsWith('NVRM: ') && !text.startsWith('nvidia-nvswitch')) {
      this.#brokenUp = null
      return []
    }
    if (line.priority !== null && line.priority >= KERNEL_PRIORITIES) {
      this.#forged += 1
      return []
    }
    return this.#driver(text, line.atMs ?? atMs)
  }

  /** The devices named so far, in the order of their appearance. */
  devices(): readonly DeviceReading[] {
    const none = { name: ABSENT, boardPartNumber: ABSENT, pdi: ABSENT, moduleIndex: ABSENT, vbios: ABSENT }
    return [...this.#devices].map(([address, { index, uuid, serial }]) => ({
      index,
      identity: {
        ...none,
        uuid: uuid === undefined ? ABSENT : textCell(uuid),
        serial: serial === undefined ? ABSENT : textCell(serial),
        inforomImage: ABSENT,
        pciBusId: textCell(address),
        chassisSerial: ABSENT,
        architecture: ABSENT,
      },
      metrics: {},
    }))
  }

  #driver(text: string, atMs: number): readonly ProbeEvent[] {
    if (this.#brokenUp !== null && /fallen off the bus/i.test(text)) {
      const address = this.#brokenUp
      this.#brokenUp = null
      return [this.#offBus(address, atMs, text)]
    }
    const at = GPU_AT.exec(text)
    if (at !== null) {
      const [, address = '', uuid = ''] = at
      this.#subject = pci(address)
      this.#device(this.#subject).uuid = `GPU-${uuid.slice(4).toLowerCase()}`
      return []
    }
    const serial = SERIAL.exec(text)?.[1]
    if (serial !== undefined) {
      if (this.#subject === null) this.#pendingSerial = serial
      else this.#device(this.#subject).serial = serial
      this.#subject = null
      return []
    }
    this.#subject = null
    const xid = XID.exec(text)
    if (xid !== null) return [this.#xid(xid, atMs, text)]
    const off = OFF_BUS.exec(text)
    if (off !== null) return [this.#offBus(pci(off[1] ?? ''), atMs, text)]
    const first = OFF_BUS_FIRST.exec(text)
    if (first !== null) {
      const address = pci(first[1] ?? '')
      if (/fallen off the bus/i.test(first[2] ?? '')) return [this.#offBus(address, atMs, text)]
      this.#brokenUp = address
      return []
    }
    return this.#sxid(text, atMs)
  }

  #xid([, address = '', code = '']: RegExpExecArray, atMs: number, text: string): ProbeEvent {
    const device = this.#ref(pci(address))
    return { kind: 'xid', device, atMs, detail: [Number(code), KERNEL_LOG], text }
  }

  #offBus(address: string, atMs: number, text: string): ProbeEvent {
    return { kind: 'fell_off_bus', device: this.#ref(address), atMs, detail: [KERNEL_LOG], text }
  }

  #sxid(text: string, atMs: number): readonly ProbeEvent[] {
    const sxid = SXID.exec(text)
    if (sxid !== null) {
      const [, address = '', code = '', rest = ''] = sxid
      const fatal = /^, Fatal\b/.test(rest) ? 1 : 0
      return [{ kind: 'sxid', device: { pciBusId: pci(address) }, atMs, detail: [Number(code), fatal], text }]
    }
    if (/\bS?Xid\b/.test(text) && this.warnings.length < 20) {
      this.warnings.push({ code: 'AGENT_PROBE_KMSG_LINE', message: `not understood: ${text.slice(0, 120)}` })
    }
    return []
  }

  #ref(address: string): DeviceRef {
    const device = this.#device(address)
    if (this.#pendingSerial !== null) device.serial = this.#pendingSerial
    this.#pendingSerial = null
    return { pciBusId: address, ...(device.uuid === undefined ? {} : { uuid: device.uuid }) }
  }

  #device(address: string): Found {
    const known = this.#devices.get(address)
    if (known !== undefined) return known
    const fresh: Found = { index: this.#devices.size }
    this.#devices.set(address, fresh)
    return fresh
  }
}
