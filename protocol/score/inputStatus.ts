import type { AssetState } from './assetState.ts'
import type { ScoreResult } from './chs1.ts'
import type { Methodology, ProfileName } from './methodologyTypes.ts'
import type { ScoreInput } from './scoreInput.ts'
import { type StatusResult, status } from './status.ts'

/**
 * The status that score inputs alone imply: the first score of an asset, without history. Debounce needs earlier
 * epochs, levels and retirement need the chain; a level is taken to be the lowest of its authenticity grade that the
 * feed accepts.
 */
export function inputStatus(
  input: ScoreInput,
  score: ScoreResult,
  methodology: Methodology,
  profile: ProfileName,
): StatusResult {
  const { mandatory, minLevel } = methodology.profiles[profile]
  const latches: AssetState['latches'] = []
  const stands = (name: AssetState['latches'][number]['name']) => latches.push({ name, sinceS: 0, cleanS: 0 })
  if (input.identityConflict === true) stands('identity')
  for (const gate of methodology.hazard.gates) {
    if (input[gate.field] === null || Number(input[gate.field]) < gate.at) continue
    if (gate.field === 'remapFail') stands('remapFailure')
    if (gate.field === 'xid79_90') stands('busDrop')
    if (gate.field === 'sramThreshold') stands('sramThreshold')
  }
  const least = methodology.authenticity.gradeOfLevel[minLevel] ?? 0
  return status(
    {
      retired: false,
      level: (input.assurance ?? 0) >= least ? minLevel : -1,
      minLevel,
      missing: score.notMeasured.filter((factor) => mandatory.includes(factor)),
      scoreBp: score.score,
    },
    {
      latches,
      observedAtS: input.hoursSinceHb === null ? 0 : 1,
      silentS: (input.hoursSinceHb ?? 0) * 3600,
      shown: 0,
    },
    methodology,
  )
}
