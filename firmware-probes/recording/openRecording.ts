import type { Probe } from '../probe.ts'
import { RecordingProbe } from './recordingProbe.ts'

/**
 * A probe that replays a recording (`.ndjson` or `.ndjson.gz`), named `recording:<file stem>`. `synthetic` is true
 * unless the file says, once started, that it was made on real hardware. Nothing is read before `start`.
 */
export function openRecording(path: string): Probe & { readonly synthetic: boolean } {
  return new RecordingProbe(path)
}
