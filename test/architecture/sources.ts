import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** One import of a source file. `target` is a path from the root for our own files, else null. */
export type Import = {
  readonly specifier: string
  readonly target: string | null
  readonly typeOnly: boolean
}

/** One of our TypeScript files, path from the root with forward slashes. */
export type Source = {
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
  /** Every statement passes something on from another file. */
  readonly barrel: boolean
}

export const ROOT = join(fileURLToPath(import.meta.url), '..', '..', '..')
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.tap', '.assay', 'out', 'cache', 'broadcast'])

/** Every file of the checkout that is ours, path from the root with forward slashes. */
export function ourFiles(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : ourFiles(path)
    return entry.isFile() ? [relative(ROOT, path).split(sep).join('/')] : []
  })
}

/** Every TypeScript source with its imports, read with the compiler's own parser. */
export function sources(): Source[] {
  return ourFiles()
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
      const passesOn = (statement: ts.Statement) =>
        (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined) ||
        ts.isImportDeclaration(statement)
      return {
        path,
        text,
        imports: importsOf(file).map((found) => ({ ...found, target: resolve(path, found.specifier) })),
        barrel: file.statements.length > 0 && file.statements.every(passesOn),
      }
    })
}

function importsOf(file: ts.SourceFile): { specifier: string; typeOnly: boolean }[] {
  const found: { specifier: string; typeOnly: boolean }[] = []
  const add = (node: ts.Node | undefined, typeOnly: boolean): void => {
    if (node && ts.isStringLiteralLike(node)) found.push({ specifier: node.text, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    else if (ts.isCallExpression(node)) {
      const { expression } = node
      const loads =
        expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(expression) && expression.text === 'require')
      if (loads) add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const ALIASES = new Map([
  ['#protocol/', 'protocol/'],
  ['#probes/', 'firmware-probes/'],
])

function resolve(from: string, specifier: string): string | null {
  for (const [alias, folder] of ALIASES)
    if (specifier.startsWith(alias)) return `${folder}${specifier.slice(alias.length)}.ts`
  if (!specifier.startsWith('.')) return null
  const path = relative(ROOT, join(ROOT, dirname(from), specifier))
    .split(sep)
    .join('/')
  return path
}

/** Whether a path from the root is a file. */
export function isFile(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() ?? false
}
