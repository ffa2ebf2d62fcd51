import { writeFileSync } from 'node:fs'
import { askNode } from './askNode.ts'

/** Arguments of `assay export`. */
export type ExportOptions = { readonly out: string; readonly round?: number; readonly node: string }

/** Writes a posted round with everything it follows from; `assay verify FILE` computes it again. Exit code. */
export async function exportCommand(options: ExportOptions): Promise<number> {
  try {
    const response = await askNode(options.node, `/api/v1/rounds/${options.round ?? 'latest'}/bundle`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    writeFileSync(options.out, bytes)
    console.log(`${options.out}: ${bytes.length} bytes; check it anywhere with: assay verify ${options.out}`)
    return 0
  } catch (error) {
    console.error((error as Error).message)
    return 2
  }
}
