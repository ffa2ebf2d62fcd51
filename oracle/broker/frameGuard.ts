/**
 * Watches the bytes of one MQTT connection for a packet longer than `maxBytes`, as its fixed header announces it
 * (MQTT 3.1.1 §2.2.3): the parser behind would otherwise collect up to 256 MiB before anyone can refuse it.
 */
export function createFrameGuard(maxBytes: number): (chunk: Uint8Array) => boolean {
  /** Bytes of the current packet's body still to come; -1 while its fixed header is read. */
  let body = -1
  let length = 0
  let unit = 0

  /** False once a packet is too long or its length is malformed. */
  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (body > 0) {
        const step = Math.min(body, chunk.length - at)
        body -= step
        at += step
        if (body === 0) body = -1
        continue
      }
      const byte = chunk[at++] as number
      if (unit === 0) {
        unit = 1
        length = 0
        continue
      }
      length += (byte & 0x7f) * unit
      unit *= 128
      if (length > maxBytes || unit > 128 ** 4) return false
      if (byte < 0x80) {
        unit = 0
        body = length === 0 ? -1 : length
      }
    }
    return true
  }
}
