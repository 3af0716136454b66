/** What a file imports: import and export ... from, import(), import type and import('x').T alike. */
import { posix } from 'node:path'
import type { Token } from './lexer.ts'

export interface Import {
  readonly line: number
  /** Undefined: computed at run time. */
  readonly target: string | undefined
  /** The names between the braces, as the other file calls them; none for `import()` and for `* as`. */
  readonly names: readonly string[]
}

export function importsOf(tokens: readonly Token[]): Import[] {
  const found: Import[] = []
  const stringAt = (index: number) => (tokens[index]?.kind === 'string' ? tokens[index].text : undefined)
  tokens.forEach((token, index) => {
    if (token.kind !== 'word' || tokens[index - 1]?.text === '.') return
    const next = tokens[index + 1]
    const { line } = token
    if (token.text === 'import') {
      if (next?.text === '(' && next.kind === 'punctuation')
        found.push({ line, target: stringAt(index + 2), names: [] })
      else if (next?.kind === 'string') found.push({ line, target: next.text, names: [] })
    } else if (token.text === 'from' && next?.kind === 'string')
      found.push({ line, target: next.text, names: namesBefore(tokens, index) })
  })
  return found
}

/** The paths that a file imports relatively, from the repository's root. */
export function relativeImports(path: string, tokens: readonly Token[]): (Import & { readonly target: string })[] {
  return importsOf(tokens).flatMap((one) =>
    one.target?.startsWith('.') ? [{ ...one, target: posix.join(posix.dirname(path), one.target) }] : [],
  )
}

/** `{ a, type b as c } from`: a and b. */
function namesBefore(tokens: readonly Token[], from: number): string[] {
  if (tokens[from - 1]?.text !== '}') return []
  let open = from - 1
  while (open > 0 && tokens[open]!.text !== '{') open--
  const names: string[] = []
  for (let at = open + 1; at < from - 1; at++) {
    const { kind, text } = tokens[at]!
    const after = tokens[at + 1]
    const isModifier = text === 'type' && after?.kind === 'word' && after.text !== 'as'
    if (kind !== 'word' || isModifier) continue
    names.push(text)
    while (tokens[at + 1]?.kind === 'word') at++
  }
  return names
}
