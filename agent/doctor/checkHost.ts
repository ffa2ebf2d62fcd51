import { constants } from 'node:fs'
import { access, open, statfs } from 'node:fs/promises'
import type { AgentSettings } from '../agentSettings.ts'
import { readAgentKey } from '../keys/agentKey.ts'
import { prepareStateDirectory, statePaths } from '../keys/stateDirectory.ts'
import { type DoctorLine, failed, fine, wrong } from './doctorLine.ts'

const MIB = 2 ** 20

/** Runtime, state directory, key, and what the kernel lets this user read. `root` is `/` but for tests. */
export async function checkHost(settings: AgentSettings, root = '/'): Promise<DoctorLine[]> {
  const paths = statePaths(settings['state.directory'])
  const directory = await checkDirectory(paths.directory)
  return [
    checkNode(process.versions.node),
    directory,
    ...(directory.state === 'fail'
      ? []
      : [await checkSpace(settings, paths.directory), await checkKey(paths.key)]),
    await checkReadable(
      'kernel log',
      `${root}dev/kmsg`,
      'XIDs of devices without NVML events are not seen; run the agent with CAP_SYSLOG or in the group adm.',
    ),
    await checkReadable(
      'board serial (DMI)',
      `${root}sys/class/dmi/id/product_serial`,
      'The chassis cannot be named; run the agent as root or let a helper read it.',
    ),
  ]
}

/** Node of at least 20.19. */
export function checkNode(version: string): DoctorLine {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > 20 || (major === 20 && minor >= 19)
  return isEnough
    ? fine('Node.js', version, '20.19 or newer')
    : wrong('fail', 'Node.js', version, '20.19 or newer', 'Install a current Node.js.')
}

async function checkDirectory(directory: string): Promise<DoctorLine> {
  const wanted = 'a directory that the agent may write and others may not read'
  try {
    await prepareStateDirectory(directory)
    return fine('state directory', directory, wanted)
  } catch (error) {
    return failed('state directory', wanted, error)
  }
}

async function checkSpace(settings: AgentSettings, directory: string): Promise<DoctorLine> {
  const quotas = (['Telemetry', 'Event', 'Evidence'] as const).reduce(
    (sum, each) => sum + settings[`spool.quota${each}`],
    0,
  )
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  const found = `${Math.floor(free / MIB)} MiB free`
  const wanted = `${Math.ceil(quotas / MIB)} MiB for full spools`
  return free >= quotas
    ? fine('disk of the spool', found, wanted)
    : wrong('warn', 'disk of the spool', found, wanted, 'Free space or lower spool.quotaTelemetry.')
}

async function checkKey(path: string): Promise<DoctorLine> {
  const wanted = 'a P-256 key that only the agent may read'
  try {
    const key = await readAgentKey(path)
    if (!key)
      return wrong(
        'warn',
        'key',
        'none yet',
        wanted,
        'It is made by `assay agent enroll` or the first start.',
      )
    return fine('key', `agent ${key.agentIdHex.slice(0, 16)}…, level L0 (a file, no TPM)`, wanted)
  } catch (error) {
    return failed('key', wanted, error)
  }
}

async function checkReadable(what: string, path: string, mend: string): Promise<DoctorLine> {
  try {
    await access(path, constants.R_OK)
    // The kernel decides on opening, not on the mode: dmesg_restrict refuses a file that looks readable.
    await (await open(path, constants.O_RDONLY | constants.O_NONBLOCK)).close()
    return fine(what, `${path} readable`, 'readable')
  } catch (error) {
    return wrong('warn', what, `${path}: ${(error as NodeJS.ErrnoException).code}`, 'readable', mend)
  }
}
