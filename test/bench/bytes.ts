import { createNodeSigner } from '#protocol/node/nodeSigner'
import { CORPUS_METRICS, corpusEntry } from '../fixtures/corpus.ts'
import { newPem } from '../helpers/signedLog.ts'

const DEVICES = 8

/** Bytes of a whole signed entry, and per GPU sample of 40 metrics, on the committed seeded corpus. */
export async function benchBytes(): Promise<object> {
  const rows = []
  for (const samples of [1, 10, 60]) {
    const { bytes } = await corpusEntry(
      { seed: 'bench', devices: DEVICES, samples },
      createNodeSigner(newPem()),
    )
    rows.push({
      shape: `${DEVICES}x${samples}`,
      bytes: bytes.length,
      bytesPerSample: Number((bytes.length / DEVICES / samples).toFixed(1)),
    })
  }
  return { metrics: CORPUS_METRICS.length, rows }
}
