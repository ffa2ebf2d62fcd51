import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { AssayError } from '#protocol/assayError'
import { type BrokerTls, startEmbeddedBroker } from './embeddedBroker.ts'
import { mosquittoConfig } from './mosquittoConfig.ts'

const USAGE = `assay broker [--host 127.0.0.1] [--port 1883] [--ca FILE --cert FILE --key FILE]
             [--node NAME]… [--operator NAME]… [--max-packet BYTES] [--with-parent]
       assay broker --mosquitto DIRECTORY --ca FILE --cert FILE --key FILE [--host …] [--port …] [--node NAME]… [--operator NAME]…
             writes mosquitto.conf and its ACL for production instead of running a broker
NAME is the common name of a certificate; every other certificate is an agent's, named by its agent id.`

/**
 * `assay broker`: runs the embedded broker until SIGTERM or SIGINT. Prints one JSON line with its URL once it listens.
 * Resolves to the exit code: 0 ended, 1 could not start, 2 usage.
 */
export async function runBrokerCommand(args: readonly string[]): Promise<number> {
  const parent = process.ppid
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
  if (values.help) {
    process.stdout.write(`${USAGE}\n`)
    return 0
  }
  const { ca, cert, key } = values
  const port = Number(values.port)
  if (
    !Number.isInteger(port) ||
    port < 0 ||
    port > 65535 ||
    [ca, cert, key].filter(Boolean).length % 3 !== 0
  ) {
    process.stderr.write(`wanted a port, and --ca, --cert and --key together or not at all\n${USAGE}\n`)
    return 2
  }
  if (values.mosquitto !== undefined) return writeMosquitto(values, port)
  const tls = ca && cert && key ? ({ ca, cert, key } satisfies BrokerTls) : undefined
  try {
    const broker = await startEmbeddedBroker({
      host: values.host,
      port,
      ...(tls ? { tls } : {}),
      roles: { nodes: values.node, operators: values.operator },
      ...(values['max-packet'] ? { maxPacketBytes: Number(values['max-packet']) } : {}),
    })
    process.stdout.write(`${JSON.stringify({ listening: broker.url, port: broker.port })}\n`)
    await ended(values['with-parent'] ? parent : null)
    await broker.stop()
    return 0
  } catch (error) {
    process.stderr.write(`${(error as AssayError).message}\n`)
    return 1
  }
}

function writeMosquitto(values: ReturnType<typeof parse>, port: number): number {
  const { ca, cert, key, host, node, operator, mosquitto = '' } = values
  if (!ca || !cert || !key) {
    process.stderr.write(`--mosquitto wants --ca, --cert and --key\n${USAGE}\n`)
    return 2
  }
  const folder = resolve(mosquitto)
  const aclFile = join(folder, 'acl')
  const { conf, acl } = mosquittoConfig({
    host,
    port,
    ca: resolve(ca),
    cert: resolve(cert),
    key: resolve(key),
    aclFile,
    roles: { nodes: node, operators: operator },
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'mosquitto.conf'), conf)
  writeFileSync(aclFile, acl)
  process.stdout.write(`${join(folder, 'mosquitto.conf')}\n`)
  return 0
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '1883' },
      ca: { type: 'string' },
      cert: { type: 'string' },
      key: { type: 'string' },
      node: { type: 'string', multiple: true, default: [] },
      operator: { type: 'string', multiple: true, default: [] },
      'max-packet': { type: 'string' },
      mosquitto: { type: 'string' },
      'with-parent': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values
}

/** Resolves on a signal, or when the process `parent` that started this one is gone. */
function ended(parent: number | null): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (parent !== null && process.ppid !== parent) stop()
    }, 500)
    function stop(): void {
      clearInterval(timer)
      resolve()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })
}
