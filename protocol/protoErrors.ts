import { AssayError, type ErrorFacts, type ErrorRow } from './assayError.ts'

/** Everything that `protocol/` can refuse. One row is one code; `docs/errors.md` is generated from this table. */
export const PROTO_ERRORS = {
  PROTO_CBOR: {
    what: 'the bytes are not deterministic CBOR as RFC 8949 §4.2 defines it',
    mend: 'Send the bytes that the signer produced, unchanged.',
  },
  PROTO_SHAPE: {
    what: 'the object does not have the shape that docs/protocol.md gives it',
    mend: 'Compare it with the CDDL of its type and protocol version.',
  },
  PROTO_COSE: {
    what: 'the bytes are not a COSE_Sign1 object of the expected type',
    mend: 'Check that the file holds the object that its name says.',
  },
  PROTO_SIGNATURE: {
    what: 'the signature does not verify under the given key',
    mend: 'Do not use the object; ask its signer for it again and compare the key fingerprints.',
  },
  PROTO_HIGH_S: {
    what: 'the ECDSA signature is in high-s form',
    mend: 'The signer must normalise s to at most half the group order.',
  },
  PROTO_KEY: {
    what: 'the public key is not a valid point of its curve',
    mend: 'Enrol again with a fresh key.',
  },
  PROTO_DIGEST: {
    what: 'a part does not have the digest that its signed header lists',
    mend: 'Do not use the part; ask an archive for the original bytes.',
  },
  PROTO_LIMIT: {
    what: 'the object exceeds a limit of the protocol',
    mend: 'Split it, or lower the sampling rate.',
  },
  PROTO_MERKLE: {
    what: 'the Merkle proof does not lead to the given root',
    mend: 'Ask for a proof of the same round as the root.',
  },
  PROTO_METHODOLOGY: {
    what: 'the methodology does not have the hash that the chain view names',
    mend: 'Install the release whose methodology hash is the one on chain.',
  },
  PROTO_INPUT: {
    what: 'a score input is not a whole number inside its range',
    mend: 'Correct the field named; inputs are never coerced.',
  },
} as const satisfies Record<string, ErrorRow>

export type ProtoErrorCode = keyof typeof PROTO_ERRORS

/** Builds the coded error of one row of {@link PROTO_ERRORS}. */
export function protoError(code: ProtoErrorCode, facts: ErrorFacts = {}, cause?: unknown): AssayError {
  return new AssayError(code, PROTO_ERRORS[code], facts, cause)
}
