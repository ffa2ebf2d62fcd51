import { AssayError, type ErrorFacts, type ErrorRow } from '#protocol/assayError'

/** Everything that a probe can refuse. One row is one code; `docs/errors.md` is generated from this table. */
export const PROBE_ERRORS = {
  AGENT_PROBE_SOURCE: {
    what: 'the source is not one that this agent can read',
    mend: 'Give nvml, nvidia-smi, nvidia-smi:FILE, dcgm-exporter:FILE, dcgm-exporter:URL, kmsg, kmsg:FILE, recording:FILE or auto.',
  },
  AGENT_PROBE_NVML_LIBRARY: {
    what: 'libnvidia-ml.so.1 could not be loaded',
    mend: 'Install the NVIDIA driver, or set ASSAY_NVML_LIBRARY to the absolute path of the library.',
  },
  AGENT_PROBE_NVML_SYMBOL: {
    what: 'the NVML library lacks a function without which nothing can be read',
    mend: 'Check that the file is the NVIDIA driver library and update the driver.',
  },
  AGENT_PROBE_NVML_DRIVER: {
    what: 'the NVIDIA driver is not loaded',
    mend: 'Load it (modprobe nvidia) and look into the kernel log for why it did not load by itself.',
  },
  AGENT_PROBE_NVML_MISMATCH: {
    what: 'the NVML library and the loaded NVIDIA kernel module are of different versions',
    mend: 'The driver was upgraded while loaded: reload the module or reboot the host.',
  },
  AGENT_PROBE_NVML_PERMISSION: {
    what: 'this user may not open the NVIDIA devices',
    mend: 'Give the agent access to /dev/nvidiactl and /dev/nvidia0 onward, or run it as root.',
  },
  AGENT_PROBE_NVML_INIT: {
    what: 'NVML could not be initialised',
    mend: 'Run nvidia-smi on the host and look into the kernel log for the return code named here.',
  },
  AGENT_PROBE_NVML_STUCK: {
    what: 'NVML did not answer before its deadline while it was initialised',
    mend: 'Look for a hung driver (processes in state D, XIDs in the kernel log) and reset the GPU or reboot the host.',
  },
  AGENT_PROBE_NVML_EVENTS: {
    what: 'XIDs of a device are not reported through NVML',
    mend: 'Let the agent read /dev/kmsg as well; some virtual machines and old GPUs give no NVML events.',
  },
  AGENT_PROBE_NO_DEVICE: {
    what: 'the source answers but reports no GPU',
    mend: 'Check with lspci that the host has one and that it is not bound to another driver.',
  },
  AGENT_PROBE_SMI_SCHEMA: {
    what: 'nvidia-smi wrote a schema that this release does not know',
    mend: 'Readings whose names are known are still taken; update the agent for the rest.',
  },
  AGENT_PROBE_SMI_COUNT: {
    what: 'nvidia-smi counts another number of GPUs than it describes',
    mend: 'Run nvidia-smi -q -x by hand and look into the kernel log for a GPU that is lost.',
  },
  AGENT_PROBE_SMI_VALUE: {
    what: 'a value of nvidia-smi is not in the form that its name promises',
    mend: 'It is taken as unreadable; report the driver version and the element named.',
  },
  AGENT_PROBE_PROM_NAME: {
    what: 'the exporter gives series whose names this release does not know',
    mend: 'They are not taken. Update the agent, or leave them out of the exporter.',
  },
  AGENT_PROBE_PROM_VALUE: {
    what: 'a series has a value that its unit does not allow, or two different ones',
    mend: 'It is taken as unreadable. Check the version of the exporter: its units changed with 4.9.',
  },
  AGENT_PROBE_PROM_DEVICE: {
    what: 'series carry neither a UUID nor an index of a device',
    mend: 'They are not taken. Scrape the exporter itself, without relabelling.',
  },
  AGENT_PROBE_PROM_INDEX: {
    what: 'two devices carry the same index',
    mend: 'Read one page per host.',
  },
  AGENT_PROBE_PROM_MIG: {
    what: 'series describe MIG slices',
    mend: 'Nothing to do: readings are of whole devices.',
  },
  AGENT_PROBE_PROM_LINE: {
    what: 'a line is not in the Prometheus text format',
    mend: 'It is not taken. Check that the page was saved whole.',
  },
  AGENT_PROBE_KMSG_LINE: {
    what: 'a message of the driver names an XID in a form that is not known',
    mend: 'It is not taken. Report the line and the driver version.',
  },
  AGENT_PROBE_KMSG_FORGED: {
    what: 'a process wrote messages in the words of the driver into the kernel log',
    mend: 'They are not taken. Find out which process may write /dev/kmsg and why it does.',
  },
  AGENT_PROBE_FILE: {
    what: 'the file could not be read',
    mend: 'Check the path and its permissions.',
  },
  AGENT_PROBE_FORMAT: {
    what: 'the input is not in the format that its source has',
    mend: 'Check that the file was written by the tool named, and that it is whole.',
  },
  AGENT_PROBE_LIMIT: {
    what: 'the input is larger than the reader accepts',
    mend: 'Split it, or read the source directly.',
  },
  AGENT_PROBE_COMMAND: {
    what: 'the command could not be run to a usable end',
    mend: 'Run it by hand on the host to see what it says; give its path if it is not on PATH.',
  },
  AGENT_PROBE_TIMEOUT: {
    what: 'the source did not answer before its deadline',
    mend: 'Check the device and the kernel log; the reader was ended and will be tried again.',
  },
  AGENT_PROBE_HTTP: {
    what: 'the exporter did not answer with a page of metrics',
    mend: 'Check the address and that the exporter runs.',
  },
  AGENT_PROBE_STATE: {
    what: 'the probe was used before start or after stop',
    mend: 'Start the probe first; this is a fault of the caller.',
  },
  AGENT_PROBE_ARGUMENT: {
    what: 'an argument of the command cannot be used',
    mend: 'See assay probe --help.',
  },
} as const satisfies Record<string, ErrorRow>

export type ProbeErrorCode = keyof typeof PROBE_ERRORS

/** Builds the coded error of one row of {@link PROBE_ERRORS}. */
export function probeError(code: ProbeErrorCode, facts: ErrorFacts = {}, cause?: unknown): AssayError {
  return new AssayError(code, PROBE_ERRORS[code], facts, cause)
}
