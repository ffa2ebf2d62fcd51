/** What a YAML scalar or list can be before its type is known. */
export type RawValue = string | number | bigint | boolean | null | readonly RawValue[]

/**
 * One type of setting. `fromYaml` and `fromText` answer undefined for what is not of the type; they never coerce:
 * `"5"` in quotes is no integer, `yes` is no boolean. `fromText` reads environment variables, where all is text.
 */
export type SettingType<T> = {
  /** Short name for the reference table: `duration`, `integer`. */
  readonly name: string
  /** What is accepted, as the end of "wanted …". */
  readonly wanted: string
  /** Whether relative values are resolved against the directory of the file that they stand in. */
  readonly isPath?: boolean
  fromYaml(raw: RawValue): T | undefined
  fromText(text: string): T | undefined
  /** The value as YAML on one line. */
  show(value: T): string
  /** The value with any secret inside it masked; `show` where it is left out. */
  mask?(value: T): string
}

/** A whole number from `min` to `max`. */
export function integer(range: { min: number; max: number }): SettingType<number> {
  const inRange = (n: number): number | undefined =>
    Number.isSafeInteger(n) && n >= range.min && n <= range.max ? n : undefined
  return {
    name: 'integer',
    wanted: `a whole number from ${range.min} to ${range.max}`,
    fromYaml: (raw) => (typeof raw === 'number' ? inRange(raw) : undefined),
    fromText: (text) => (/^-?\d{1,16}$/.test(text) ? inRange(Number(text)) : undefined),
    show: String,
  }
}

/** `true` or `false`. */
export function flag(): SettingType<boolean> {
  return {
    name: 'boolean',
    wanted: 'true or false',
    fromYaml: (raw) => (typeof raw === 'boolean' ? raw : undefined),
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
    show: String,
  }
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]): SettingType<T> {
  const find = (raw: RawValue): T | undefined => words.find((word) => word === raw)
  const wanted = words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
  return { name: 'choice', wanted, fromYaml: find, fromText: find, show: quoteText }
}

/** A text; `pattern` bounds it and `wanted` says in words what the pattern means. */
export function text(bounds: { pattern?: RegExp; wanted?: string; name?: string } = {}): SettingType<string> {
  const accept = (raw: RawValue): string | undefined =>
    typeof raw === 'string' && raw !== '' && (bounds.pattern?.test(raw) ?? true) ? raw : undefined
  return {
    name: bounds.name ?? 'text',
    wanted: bounds.wanted ?? 'a text that is not empty',
    fromYaml: accept,
    fromText: accept,
    show: quoteText,
  }
}

/** A file or directory; relative ones are taken from the directory of the file that they stand in. */
export function path(wanted = 'a path'): SettingType<string> {
  return { ...text({ wanted, name: 'path' }), isPath: true }
}

/** A URL of one of the schemes; a password inside it is masked when shown. */
export function url(schemes: readonly string[]): SettingType<string> {
  const accept = (raw: RawValue): string | undefined => {
    if (typeof raw !== 'string' || !URL.canParse(raw)) return undefined
    const parsed = new URL(raw)
    return schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hostname !== '' ? raw : undefined
  }
  return {
    name: 'URL',
    wanted: `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(', ')}`,
    fromYaml: accept,
    fromText: accept,
    show: quoteText,
    mask: (value) => quoteText(value.replace(/^([a-z]+:\/\/[^/@:]*):[^/@]*@/, '$1:***@')),
  }
}

/** `bytes` bytes as hex, with or without 0x; the value is lower case without 0x. */
export function hex(bytes: number): SettingType<string> {
  const accept = (raw: RawValue): string | undefined => {
    if (typeof raw !== 'string') return undefined
    const bare = raw.toLowerCase().replace(/^0x/, '')
    return bare.length === 2 * bytes && /^[0-9a-f]+$/.test(bare) ? bare : undefined
  }
  return {
    name: 'hex',
    wanted: `${bytes} bytes as ${2 * bytes} hex digits in quotes`,
    fromYaml: accept,
    fromText: accept,
    show: (value) => `"${value}"`,
  }
}

/** Several values of one type; in an environment variable they are separated by commas. */
export function list<T>(of: SettingType<T>, most = 64): SettingType<readonly T[]> {
  const all = (items: readonly (T | undefined)[]): readonly T[] | undefined =>
    items.length <= most && items.every((item) => item !== undefined) ? (items as T[]) : undefined
  const show = (one: (value: T) => string) => (values: readonly T[]) => `[${values.map(one).join(', ')}]`
  return {
    name: `list of ${of.name}`,
    wanted: `a list of at most ${most}, each ${of.wanted}`,
    ...(of.isPath ? { isPath: true } : {}),
    fromYaml: (raw) => (Array.isArray(raw) ? all(raw.map((item) => of.fromYaml(item))) : undefined),
    fromText: (value) => (value === '' ? [] : all(value.split(',').map((item) => of.fromText(item.trim())))),
    show: show(of.show),
    mask: show(of.mask ?? of.show),
  }
}

/** A text as YAML: plain where that reads back as the same text, else in double quotes. */
export function quoteText(value: string): string {
  const plain =
    /^[A-Za-z/.][A-Za-z0-9_./:@+-]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off|~|\.inf|\.nan|\.[0-9].*)$/i.test(value) &&
    !value.endsWith(':')
  return plain ? value : JSON.stringify(value)
}
