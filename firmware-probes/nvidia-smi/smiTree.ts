/** What XML gives here: text, an object of elements, or a list of either (xml2js with `explicitArray: false`). */
export type SmiTree = unknown

type Elements = Readonly<Record<string, unknown>>

function isElements(value: unknown): value is Elements {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The element at a path. A text on the way stands for everything below it ("N/A", "GPU is lost"). */
export function elementAt(tree: SmiTree, path: string): unknown {
  let at: unknown = tree
  for (const name of path.split('/')) {
    if (typeof at === 'string') return at === '' ? undefined : at
    if (!isElements(at)) return undefined
    at = Object.hasOwn(at, name) ? at[name] : undefined
  }
  return at
}

/** Text of the first path that has any; elements with content of their own are no text. */
export function textAt(tree: SmiTree, ...paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const found = elementAt(tree, path)
    if (typeof found === 'string') return found.trim()
  }
  return undefined
}

/** The elements of a name as a list: none, one or many. Text ("None", "N/A") is none. */
export function listAt(tree: SmiTree, path: string): readonly Elements[] {
  const found = elementAt(tree, path)
  return (Array.isArray(found) ? found : [found]).filter(isElements)
}
