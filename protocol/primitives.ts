/** The cryptographic primitives that verification needs, as a port: noble in the browser, node:crypto on a hot path. */
export type Primitives = {
  sha256(bytes: Uint8Array): Uint8Array
  /**
   * ECDSA P-256 with SHA-256 over `message`. `publicKey` is 65 bytes uncompressed SEC1, `signature` 64 bytes r‖s.
   * False for anything that does not verify, a high-s signature included; never throws on bad bytes.
   */
  verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** Signs with a P-256 key held somewhere: a file, a TPM. The result is 64 bytes r‖s in low-s form. */
export type Signer = {
  /** 65 bytes uncompressed SEC1. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}
