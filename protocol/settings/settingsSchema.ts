import type { SettingType } from './settingType.ts'

/** One setting as data: the same record serves reading, `config print`, the sample file and the reference table. */
export type Setting<T> = {
  readonly type: SettingType<NonNullable<T>>
  /** One or two sentences for the operator. */
  readonly about: string
  /** The value where nothing is set; undefined = must be set, null = may stay unset. */
  readonly default: T | undefined
  /** Masked wherever it is shown. */
  readonly sensitive: boolean
  /** Shown in the sample where there is no default, as YAML. */
  readonly example: string | null
}

/** Remarks of one setting that most settings do without. */
export type SettingExtras = { readonly sensitive?: boolean; readonly example?: string }

/** All settings of one process, by dotted path (`mqtt.url`), in the order of the sample file. */
// biome-ignore lint/suspicious/noExplicitAny: each path has its own value type; SettingValues restores it.
export type SettingRecords = Readonly<Record<string, Setting<any>>>

/** The values of a schema, by dotted path. */
export type SettingValues<S extends SettingRecords> = {
  readonly [P in keyof S]: S[P] extends Setting<infer T> ? T : never
}

/** A rule over several settings, told at the position of `path`. */
export type SettingComplaint = {
  readonly path: string
  readonly found: string
  readonly wanted: string
  readonly mend: string
}

/** What one configuration file may hold. */
export type SettingsSchema<S extends SettingRecords> = {
  /** Title line of the sample: `Assay agent`. */
  readonly title: string
  /** Name of the file, such as `agent.config.yaml`. */
  readonly fileName: string
  /** Prefix of the environment overrides, such as `ASSAY_AGENT`. */
  readonly envPrefix: string
  /** Format version that a file must name with `version:`. */
  readonly version: number
  /** One line per section, by its dotted path. */
  readonly sections: Readonly<Record<string, string>>
  readonly settings: S
  /** Rules over several settings; asked only when each setting alone is right. */
  check?(values: SettingValues<S>): readonly SettingComplaint[]
}

/** A setting with a default. */
export function setting<T>(
  type: SettingType<T>,
  value: NoInfer<T>,
  about: string,
  extras?: SettingExtras,
): Setting<T> {
  return record<T>(type as SettingType<NonNullable<T>>, value, about, extras)
}

/** A setting that may stay unset (null). */
export function optional<T>(type: SettingType<T>, about: string, extras?: SettingExtras): Setting<T | null> {
  return record<T | null>(type as SettingType<NonNullable<T>>, null, about, extras)
}

/** A setting without which the process does not start. */
export function required<T>(type: SettingType<T>, about: string, extras?: SettingExtras): Setting<T> {
  return record<T>(type as SettingType<NonNullable<T>>, undefined, about, extras)
}

/** The environment variable of a path: `mqtt.protocolVersion` → `ASSAY_AGENT_MQTT_PROTOCOL_VERSION`. */
export function envNameOf(envPrefix: string, path: string): string {
  const words = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('.', '_')
  return `${envPrefix}_${words.toUpperCase()}`
}

function record<T>(
  type: SettingType<NonNullable<T>>,
  value: T | undefined,
  about: string,
  extras: SettingExtras | undefined,
): Setting<T> {
  return {
    type,
    about,
    default: value,
    sensitive: extras?.sensitive ?? false,
    example: extras?.example ?? null,
  }
}
