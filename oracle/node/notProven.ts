/** What this feed does not prove, shown with every number (ARCHITECTURE §8.10). */
export const NOT_PROVEN: readonly string[] = [
  'Level L0: readings are the word of the host. Its root user can invent devices and values; no TPM or GPU evidence backs them yet.',
  'Nothing here proves where a device stands: location is not measured and caps the score.',
  'Nothing here proves who holds legal title, or that no other lender holds a pledge outside this registry.',
  'Computing performance was never challenged; it is listed as not measured and caps the score.',
  'A device taken away between two samples is noticed only when its samples stop.',
]
