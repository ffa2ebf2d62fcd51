import { sameBytes, toHex } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { parseSign1, verifySign1 } from '../wire/cose.ts'
import { coseKeyThumbprint } from '../wire/coseKey.ts'
import { decodeEnrolment } from '../wire/enrolment.ts'
import { assetIdOf } from '../wire/identity.ts'
import { CheckFailure, type RunCheck } from './fileChecks.ts'
import { short } from './verifyEntry.ts'

/** The checks of an enrolment statement: `enrolment`, `signature` (by the key that it enrols), `assetIds`. */
export function verifyEnrolmentFile(body: Uint8Array, run: RunCheck, primitives: Primitives): void {
  const { signed, enrolment } = run('enrolment', () => {
    const signed = parseSign1('assay/enrolment/1', body)
    const enrolment = decodeEnrolment(signed.payload)
    const id = toHex(coseKeyThumbprint(enrolment.publicKey))
    return { value: { signed, enrolment }, detail: `agent ${id}, source ${enrolment.source}` }
  })
  run('signature', () => {
    if (!verifySign1(signed, enrolment.publicKey, primitives))
      throw new CheckFailure('does not verify under the key that the statement enrols')
    return { value: null, detail: 'ES256 by the key that the statement enrols, low-s' }
  })
  run('assetIds', () => {
    for (const device of enrolment.devices)
      if (!sameBytes(assetIdOf(device.opening, device.identity), device.assetId))
        throw new CheckFailure(`${short(device.assetId)} does not follow from its opening and identity`)
    return { value: null, detail: `${enrolment.devices.length} ids follow from openings and identities` }
  })
}
