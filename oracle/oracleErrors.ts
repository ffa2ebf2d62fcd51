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
  ORACLE_TRANSMITTER_STUCK: {
    what: "the transmitter's transaction is not mined although its fee reached the cap",
    mend: 'Raise the fee cap, or wait until the chain is cheaper; the transmission goes on by itself.',
  },
  ORACLE_TRANSMITTER_NONCE: {
    what: "another process used the transmitter's account: a journaled nonce holds a transaction that is not ours",
    mend: 'Give every transmitter its own account; the round is sent again under the next nonce.',
  },
  ORACLE_API_PARAMETER: {
    what: 'a part of the request is not of the form that the route takes',
    mend: 'Correct the field named in the facts; ids are lower-case hex without 0x, numbers are decimal.',
  },
  ORACLE_API_NOT_FOUND: {
    what: 'this node does not know what was asked for',
    mend: 'Check the id or the round number; ask another node of the roster if this one was started later.',
  },
  ORACLE_API_ROUTE: {
    what: 'there is no such route',
    mend: 'Compare the method and the path with docs/api.md.',
  },
  ORACLE_API_BODY: {
    what: 'the body of the request is empty, too large or not what its media type says',
    mend: 'Send one object within the limit of the route, as the signer produced it.',
  },
  ORACLE_API_MEDIA: {
    what: 'the media type of the body is not taken by this route',
    mend: 'Send signed objects as application/cbor and everything else as application/json.',
  },
  ORACLE_API_LISTEN: {
    what: 'the HTTP API cannot listen at its address',
    mend: 'Choose a free port and an address of this machine in the http section of the configuration.',
  },
  ORACLE_API_BUSY: {
    what: 'this node holds as many event streams open as it may',
    mend: 'Close one, or read from another node of the roster.',
  },
  ORACLE_API_PAGE: {
    what: 'the page was not built on this node',
    mend: 'Run `npm run build` in the checkout and start the node again; every other route works without it.',
  },
  ORACLE_API_INTERNAL: {
    what: 'the node failed while it answered',
    mend: "Read the node's log at this time; the request can be repeated.",
  },
  ORACLE_STATE_DIRECTORY: {
    what: 'the state directory cannot be used',
    mend: 'Give state.directory a path that the user of this process may create and write.',
  },
  ORACLE_STATE_LOCKED: {
    what: 'another node runs on this state directory',
    mend: 'Stop the other process, or give each node a directory and keys of its own.',
  },
  ORACLE_ARCHIVE_OPEN: {
    what: 'the archive cannot be opened',
    mend: 'Check the path, its owner and that no other node runs on it; a file of another schema needs the release that wrote it.',
  },
  ORACLE_ARCHIVE_WRITE: {
    what: 'the archive cannot be written',
    mend: 'Free disk space or mend the disk; nothing of this write was kept or acked, agents send it again.',
  },
  ORACLE_ARCHIVE_GAP: {
    what: 'an entry of this log is not in the archive',
    mend: 'Fetch it from another node of the roster (GET /archive/entry/HASH); ingest takes it like any other.',
  },
  ORACLE_ENROL_FEED: {
    what: 'the enrolment is for another feed',
    mend: "Give the agent the feed id of this node's roster and enrol again.",
  },
  ORACLE_ENROL_ASSET: {
    what: 'an asset id of the enrolment is not the hash of its opening and identity',
    mend: 'Enrol again with the ids that the agent computes; never edit an enrolment.',
  },
  ORACLE_ENROL_REFUSED: {
    what: 'this agent was retired from the feed',
    mend: 'Ids are never used again: enrol the host with a fresh key.',
  },
  ORACLE_ENROL_CONFLICT: {
    what: 'an asset of the enrolment is already bound to another agent',
    mend: 'Retire the other agent first, or rebind the asset (host move).',
  },
  ORACLE_KEY_PERMISSIONS: {
    what: 'a key file can be read by others than its owner',
    mend: 'Run chmod 600 on the file, and replace the key if others may have read it.',
  },
  ORACLE_KEY_FORMAT: {
    what: 'a key file does not hold a key of the wanted curve as PKCS#8 PEM',
    mend: 'Restore it from the backup, or move it away: the node then makes a fresh key, which must enter the roster.',
  },
  ORACLE_CONFIG: {
    what: 'the configuration of the node is not valid',
    mend: 'Correct what is named, then start the node again; nothing was started.',
  },
  ORACLE_BROKER_LISTEN: {
    what: 'the embedded broker cannot listen',
    mend: 'Choose a free port, and give readable TLS files where TLS is on.',
  },
  ORACLE_BROKER_OPEN: {
    what: 'the embedded broker would listen beyond loopback without client certificates',
    mend: 'Give --cert, --key and --ca, or listen on 127.0.0.1; in production run mosquitto with the generated configuration.',
  },
  ORACLE_MQTT_FILE: {
    what: 'a TLS or password file of the MQTT link cannot be read',
    mend: 'Correct the path or the permissions in the mqtt section of the configuration.',
  },
  ORACLE_MQTT_SUBSCRIBE: {
    what: "the broker refused the node's subscription",
    mend: "Allow the node's certificate to read assay/1/FEED/+/up/# (see the generated ACL), and turn shared subscriptions off on brokers that have none.",
  },
  ORACLE_SINK: {
    what: 'a sink could not be written; what it missed was counted',
    mend: 'Check the database and its address; ingest and scores do not depend on it.',
  },
  ORACLE_SCORE_FILE: {
    what: 'the file of score inputs cannot be read or has another form',
    mend: 'Give a JSON file {"input": {…}} or {"vectors": [{"name": …, "input": {…}}]} with the field names of CHS-1.',
  },
  ORACLE_ADMISSION_REFUSED: {
    what: 'this node does not sign the admission',
    mend: 'Admit a device exactly as its approved agent enrolled it here; the field named says what does not agree.',
  },
  ORACLE_UP: {
    what: 'a part of the local run could not be started or ended by itself',
    mend: 'Read its last lines in the facts, or its log in the state directory; free what it names and start again.',
  },
  ORACLE_NODE_URL: {
    what: 'no oracle node answers at this address, or not with what was asked for',
    mend: 'Start `assay up`, or give the address of a running node with --node URL.',
  },
  ORACLE_VERIFY_FILE: {
    what: 'the file to verify cannot be read',
    mend: 'Give the path of a file that `assay export`, a node or the page wrote.',
  },
  ORACLE_VERIFY_ARGUMENT: {
    what: 'an argument of `assay verify` is not usable',
    mend: 'See `assay verify --help`.',
  },
} as const satisfies Record<string, ErrorRow>

export type OracleErrorCode = keyof typeof ORACLE_ERRORS

/** Builds the coded error of one row of {@link ORACLE_ERRORS}. */
export function oracleError(code: OracleErrorCode, facts: ErrorFacts = {}, cause?: unknown): AssayError {
  return new AssayError(code, ORACLE_ERRORS[code], facts, cause)
}
