import { AssayError, type ErrorFacts, type ErrorRow } from '#protocol/assayError'

/** Everything that `agent/` can refuse or report. One row is one code; `docs/errors.md` is generated from this table. */
export const AGENT_ERRORS = {
  AGENT_CONFIG: {
    what: 'the configuration cannot be used',
    mend: 'Correct every place named; `assay config check` reads the file without starting anything.',
  },
  AGENT_CONFIG_FILE: {
    what: 'the configuration file cannot be read',
    mend: 'Check the path and its permissions, or start from the sample agent.config.yaml.',
  },
  AGENT_STATE_DIRECTORY: {
    what: 'the state directory cannot be used',
    mend: 'Make it a directory that the agent may write: mkdir -p and chown to the user of the agent.',
  },
  AGENT_STATE_LOCKED: {
    what: 'another agent runs on this state directory',
    mend: 'Stop it first (systemctl stop assay-agent); two agents with one key would fork its log.',
  },
  AGENT_KEY_PERMISSIONS: {
    what: 'the key file can be read by others',
    mend: 'Run chmod 600 on it; if others may have read it, remove it and enrol again with a new key.',
  },
  AGENT_KEY_FORMAT: {
    what: 'the key file does not hold a P-256 private key in PKCS#8 PEM',
    mend: 'Restore it from a backup, or remove it and enrol again with a new key.',
  },
  AGENT_KEY_MISSING: {
    what: 'the state directory holds a log but no key',
    mend: 'Restore the key file from a backup, or empty the state directory and enrol again as a new agent.',
  },
  AGENT_DEVICES_FORMAT: {
    what: 'the file of enrolled devices cannot be used',
    mend: 'Restore it from a backup: without its openings the asset ids of this host are lost.',
  },
  AGENT_SPOOL_FULL: {
    what: 'the disk of the spool has no space left',
    mend: 'Free space or lower the spool quotas; sampling goes on and what could not be kept is counted.',
  },
  AGENT_SPOOL_WRITE: {
    what: 'the spool could not be written',
    mend: 'Check the disk (dmesg, SMART) and the permissions of the state directory; the agent tries again with every entry.',
  },
  AGENT_SPOOL_STATE: {
    what: 'the spool was used before start or after stop',
    mend: 'This is a fault of the caller.',
  },
  AGENT_ENTRY_TOO_LARGE: {
    what: 'one sample of all devices does not fit into a log entry',
    mend: 'This host has more devices than one agent can carry; run one agent per group of devices.',
  },
  AGENT_ROSTER_FINGERPRINT: {
    what: 'the roster that the node gave is not the pinned one',
    mend: 'Compare roster.fingerprint with the one that the operator of the feed published; do not enrol before they agree.',
  },
  AGENT_ROSTER_UNREACHABLE: {
    what: 'no node gave a usable roster',
    mend: 'Check roster.nodes and that this host may reach them; the agent spools meanwhile and tries again.',
  },
  AGENT_NODE_UNREACHABLE: {
    what: 'an oracle node does not answer',
    mend: 'Check its URL and the network; the agent tries again by itself.',
  },
  AGENT_NODE_ANSWER: {
    what: 'an oracle node gave an answer that does not verify',
    mend: 'Compare the roster with the one that the feed published; the answer was not used.',
  },
  AGENT_ENROL_REFUSED: {
    what: 'an oracle node refused the enrolment',
    mend: 'The code in the facts is the reason of the node; ask its operator.',
  },
  AGENT_ENROL_NO_DEVICE: {
    what: 'there is no device to enrol',
    mend: 'Run `assay agent doctor` to see why the source finds none.',
  },
  AGENT_TOKEN_FILE: {
    what: 'the enrolment token cannot be read',
    mend: 'Give a file that only the agent may read, `-` for standard input, or a systemd credential.',
  },
  AGENT_BROKER_UNREACHABLE: {
    what: 'the MQTT broker cannot be reached',
    mend: 'Check mqtt.url and the TLS files; the agent spools meanwhile and connects again by itself.',
  },
  AGENT_TLS_FILE: {
    what: 'a TLS file cannot be read',
    mend: 'Check the path in mqtt.tls and its permissions.',
  },
  AGENT_CLOCK_SKEW: {
    what: 'the clock of this host is off chain time',
    mend: 'Start time synchronisation (chrony or systemd-timesyncd); samples keep the wrong time until then.',
  },
  AGENT_LOG_CLONED: {
    what: 'a node holds another entry of this agent under a position that this log also holds',
    mend: 'Another machine signs with a copy of this key: stop it, remove the key and enrol again.',
  },
  AGENT_METRICS_LISTEN: {
    what: 'the metrics address cannot be opened',
    mend: 'Choose another loopback port or socket path in metrics.listen, or set it to off.',
  },
} as const satisfies Record<string, ErrorRow>

export type AgentErrorCode = keyof typeof AGENT_ERRORS

/** Builds the coded error of one row of {@link AGENT_ERRORS}. */
export function agentError(code: AgentErrorCode, facts: ErrorFacts = {}, cause?: unknown): AssayError {
  return new AssayError(code, AGENT_ERRORS[code], facts, cause)
}
