/** Lower-case hex of bytes as a map key; a view, so that no copy is made on the ingest path. */
export function hexKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
