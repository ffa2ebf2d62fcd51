import { AssayError, type ErrorFacts, type ErrorRow } from '#protocol/assayError'

/** Everything that `oracle/` can refuse or report. One row is one code; `docs/errors.md` is generated from this table. */
export const ORACLE_ERRORS = {
  ORACLE_CHAIN_BINARY: {
    what: 'the local chain (anvil) cannot run on this machine',
    mend: 'Install the optional package @foundry-rs/anvil on a glibc 2.35 or newer system, or give --rpc URL of a running chain.',
  },
  ORACLE_CHAIN_START: {
    what: 'the local chain ended before it answered',
    mend: 'Read its output in the facts; free the port or the memory that it names, then start again.',
  },
  ORACLE_CHAIN_UNREACHABLE: {
    what: 'the chain does not answer at its RPC address',
    mend: 'Check the URL and that the node of the chain is running; reading goes on by itself when it answers again.',
  },
  ORACLE_CHAIN_ID: {
    what: 'the chain behind the RPC address is not the one that the configuration names',
    mend: 'Correct the URL or the chain id; nothing was sent.',
  },
  ORACLE_CHAIN_REORG: {
    what: 'a block that counted as final is no longer on the chain',
    mend: 'Raise the finality depth of the roster above the depth of this reorganisation and start the node again.',
  },
  ORACLE_CHAIN_CONTRACT: {
    what: 'the contract at the configured address does not answer as the named contract does',
    mend: 'Check the deployment addresses against `assay up` or the deployment record of the feed.',
  },
  ORACLE_CHAIN_CONFIG: {
    what: 'the chain names no oracle config for this feed at the block read',
    mend: 'Open the feed on HealthOracle with its first roster, or wait until that transaction is final.',
  },
  ORACLE_CHAIN_REVERT: {
    what: 'the contract refused the call',
    mend: 'The custom error in the facts says which value was found and which was wanted.',
  },
  ORACLE_TRANSMITTER_EMPTY: {
    what: "the transmitter's account cannot pay for its transaction",
    mend: 'Send funds to the account; the transmission resumes by itself.',
  },
  ORACLE_TRANSMITTER_JOURNAL: {
    what: "the transmitter's journal cannot be read or written",
    mend: 'Check the disk and the permissions of the file; nothing is broadcast that the journal does not hold.',
  },
  ORACLE_TRANSMITTER_NONCE: {
    what: "another process used the transmitter's account: a journaled nonce holds a transaction that is not ours",
    mend: 'Give every transmitter its own account; the round is sent again under the next nonce.',
  },
} as const satisfies Record<string, ErrorRow>

export type OracleErrorCode = keyof typeof ORACLE_ERRORS

/** Builds the coded error of one row of {@link ORACLE_ERRORS}. */
export function oracleError(code: OracleErrorCode, facts: ErrorFacts = {}, cause?: unknown): AssayError {
  return new AssayError(code, ORACLE_ERRORS[code], facts, cause)
}
