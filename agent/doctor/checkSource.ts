import type { Probe } from '#probes/probe'
import { identityQuality } from '#protocol/wire/identityQuality'
import type { DeviceReading } from '#protocol/wire/reading'
import { identityOf, modelOf } from '../keys/asset.ts'
import { type DoctorLine, failed, fine, wrong } from './doctorLine.ts'

const WANTED = 'a driver or exporter that answers with at least one device'

/** Driver, devices, and how well each device can be told from every other. */
export async function checkSource(open: () => Probe): Promise<DoctorLine[]> {
  let probe: Probe | null = null
  try {
    probe = open()
    await probe.start(() => {})
    const snapshot = await probe.sample()
    const driver =
      snapshot.driverVersion.presence === 'value' ? `, driver ${snapshot.driverVersion.value}` : ''
    const found = `${probe.name}${driver}: ${snapshot.devices.length} devices`
    const mend = 'Check with lspci that the host has a GPU and that its driver is loaded.'
    return [
      snapshot.devices.length > 0
        ? fine('source', found, WANTED)
        : wrong('fail', 'source', found, WANTED, mend),
      ...(probe.synthetic
        ? [
            wrong(
              'warn',
              'source',
              'readings that no hardware gave (synthetic)',
              'a real device',
              'Set source.kind to nvml on a host with a GPU.',
            ),
          ]
        : []),
      ...snapshot.devices.map(checkIdentity),
    ]
  } catch (error) {
    return [failed('source', WANTED, error)]
  } finally {
    await probe?.stop().catch(() => {})
  }
}

function checkIdentity(reading: DeviceReading): DoctorLine {
  const quality = identityQuality(identityOf(reading.identity))
  const what = `device ${reading.index}`
  const found = `${modelOf(reading)}, identity ${quality}`
  const wanted = 'serial, board part number and UUID (identity board)'
  if (quality === 'board') return fine(what, found, wanted)
  if (quality === 'weak')
    return wrong('warn', what, found, wanted, 'Read it with nvml as root; some boards have no serial at all.')
  return wrong('fail', what, found, wanted, 'Such a device can never be collateral; read it with nvml.')
}
