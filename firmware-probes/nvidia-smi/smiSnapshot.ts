import { valueCell } from '#protocol/wire/cell'
import type { ProbeSnapshot, ProbeWarning } from '#protocol/wire/reading'
import { PROBE_CODES } from '../probeCodes.ts'
import { decodeSmiGpu } from './decodeSmi.ts'
import type { SmiDocument } from './parseSmiXml.ts'
import { smiNumber, smiWords } from './smiText.ts'
import { listAt, textAt } from './smiTree.ts'

/** Schemas whose every reading is covered by a capture. */
const KNOWN_SCHEMAS: readonly number[] = [10, 11, 12, 13]

/** The snapshot of one nvidia-smi document. An unknown schema is said and parsed as far as names are known. */
export function smiSnapshot(
  document: SmiDocument,
  meta: { readonly source: string; readonly takenAtMs: number; readonly durationUs: number },
): ProbeSnapshot {
  const { root, schema } = document
  const devices = listAt(root, 'gpu').map((gpu, index) => decodeSmiGpu(index, gpu))
  const warnings: ProbeWarning[] = []
  if (schema !== null && !KNOWN_SCHEMAS.includes(schema)) {
    warnings.push({
      code: 'AGENT_PROBE_SMI_SCHEMA',
      message: `nvidia-smi schema v${schema} is not known (v${KNOWN_SCHEMAS.join(', v')} are); read as far as names are`,
    })
  }
  const attached = smiNumber(textAt(root, 'attached_gpus'), '')
  if (attached.presence === 'value' && attached.value !== devices.length) {
    warnings.push({
      code: 'AGENT_PROBE_SMI_COUNT',
      message: `nvidia-smi counts ${attached.value} GPUs and describes ${devices.length}`,
    })
  }
  for (const device of devices) {
    const cells = { ...device.identity, ...device.metrics }
    for (const [name, cell] of Object.entries(cells)) {
      if (cell.presence !== 'error' || cell.code !== PROBE_CODES.malformed) continue
      warnings.push({
        code: 'AGENT_PROBE_SMI_VALUE',
        message: `GPU ${device.index}: ${name} is not in the form that its name promises; taken as unreadable`,
      })
    }
  }
  return {
    ...meta,
    driverVersion: smiWords(textAt(root, 'driver_version')),
    host: { devicesFound: valueCell(devices.length), probeDurationUs: valueCell(meta.durationUs) },
    devices,
    warnings,
  }
}
