import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { probeError } from '../probeErrors.ts'
import type { SmiTree } from './smiTree.ts'

/** 8 GPUs with long process lists stay under 2 MB. */
const MOST_BYTES = 32 * 1024 * 1024

/** The document as elements and text, in the shape that node-nvidia-smi gives, and the version of its schema. */
export type SmiDocument = { readonly root: SmiTree; readonly schema: number | null }

/**
 * Parses the output of `nvidia-smi -q -x`. Entities are not expanded and no DTD is fetched.
 * @throws AssayError AGENT_PROBE_LIMIT or AGENT_PROBE_FORMAT
 */
export function parseSmiXml(xml: string, from: string): SmiDocument {
  if (xml.length > MOST_BYTES)
    throw probeError('AGENT_PROBE_LIMIT', { from, bytes: xml.length, most: MOST_BYTES })
  const bad = (found: string) =>
    probeError('AGENT_PROBE_FORMAT', { from, wanted: 'XML of nvidia-smi -q -x', found })
  let tree: Readonly<Record<string, unknown>>
  try {
    const valid = XMLValidator.validate(xml)
    if (valid !== true) throw new Error(`line ${valid.err.line}: ${valid.err.msg}`)
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '',
      attributesGroupName: '$',
      parseTagValue: false,
      parseAttributeValue: false,
      processEntities: false,
      ignoreDeclaration: true,
    })
    tree = parser.parse(xml)
  } catch (cause) {
    throw bad((cause as Error).message.slice(0, 200))
  }
  if (typeof tree !== 'object' || tree === null || !Object.hasOwn(tree, 'nvidia_smi_log')) {
    throw bad(
      Object.keys(tree ?? {})
        .join(', ')
        .slice(0, 100) || 'no element',
    )
  }
  const version = /<!DOCTYPE[^>]*nvsmi_device_v(\d+)\.dtd/.exec(xml.slice(0, 4096))?.[1]
  return { root: tree.nvidia_smi_log, schema: version === undefined ? null : Number(version) }
}
