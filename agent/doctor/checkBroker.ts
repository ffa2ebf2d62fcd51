import { connect } from 'mqtt'
import type { AgentSettings } from '../agentSettings.ts'
import { mqttOptions } from '../link/mqttOptions.ts'
import { type DoctorLine, failed, fine, wrong } from './doctorLine.ts'

const TIMEOUT_MS = 5000

/** Connects to the broker as the agent would, under a client id of its own and without a last will. */
export async function checkBroker(settings: AgentSettings): Promise<DoctorLine> {
  const url = settings['mqtt.url']
  const what = `broker ${url.replace(/\/\/[^@/]*@/, '//')}`
  const wanted = `MQTT ${settings['mqtt.protocolVersion'] === 5 ? '5.0' : '3.1.1'}${url.startsWith('mqtts:') ? ' over TLS' : ''}`
  try {
    const { will: _, ...options } = await mqttOptions(settings, '00', new Uint8Array(32))
    const clientId = `assay-doctor-${process.pid}`
    const client = connect(url, { ...options, clientId, connectTimeout: TIMEOUT_MS })
    const fault = await new Promise<string | null>((resolve) => {
      const timer = setTimeout(() => resolve(`no answer within ${TIMEOUT_MS} ms`), TIMEOUT_MS)
      let cause = 'the broker closed the connection'
      client.on('error', (error: Error & { code?: string | number }) => {
        cause = error.message || String(error.code)
      })
      client.once('close', () => {
        clearTimeout(timer)
        resolve(cause)
      })
      client.once('connect', () => {
        clearTimeout(timer)
        resolve(null)
      })
    })
    client.end(true)
    if (fault === null) return fine(what, 'connected', wanted)
    const mend =
      'Check mqtt.url, mqtt.protocolVersion and the files in mqtt.tls, and that the broker knows this client certificate.'
    return wrong('fail', what, fault, wanted, mend)
  } catch (error) {
    return failed(what, wanted, error)
  }
}
