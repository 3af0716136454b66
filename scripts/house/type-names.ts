/** Exported types have one name each in the whole of src/, so that a name leads to one thing. */
import type { Token } from '../imports/lexer.ts'
import { type SourceFile, tokensOf, type Violation } from './sources.ts'

export interface TypeName {
  readonly name: string
  readonly path: string
  readonly line: number
}

/** What is exported twice, told at every place but the first. */
export function sharedTypeNames(files: readonly SourceFile[]): Violation[] {
  const first = new Map<string, TypeName>()
  return exportedTypes(files).flatMap((one) => {
    const before = first.get(one.name)
    if (before === undefined) first.set(one.name, one)
    // One file may export a schema's type and more under one name; that is one thing.
    if (before === undefined || before.path === one.path) return []
    const { path, line, name } = one
    return [{ path, line, message: `the type ${name} is another one in ${before.path}:${before.line}: rename one` }]
  })
}

/** Pairs such as Ask and Asks: a matter of taste, and easy to misread. */
export function nearTwins(files: readonly SourceFile[]): Violation[] {
  const types = exportedTypes(files)
  const byName = new Map(types.map((one) => [one.name, one]))
  return types.flatMap(({ name, path, line }) => {
    const plural = byName.get(`${name}s`)
    return plural === undefined ? [] : [{ path, line, message: `${name}, and ${plural.name} in ${plural.path}` }]
  })
}

/** Interfaces, types, classes and enums that are declared here; what is only passed on is not. */
export function exportedTypes(files: readonly SourceFile[]): TypeName[] {
  return files.flatMap((file) => {
    const { path } = file
    const tokens = tokensOf(file)
    return tokens.flatMap(({ kind, text: word }, index) => {
      if (kind !== 'word' || word !== 'export') return []
      const name = declaredType(tokens, index + 1)
      return name === undefined ? [] : [{ name: name.text, path, line: name.line }]
    })
  })
}

function declaredType(tokens: readonly Token[], start: number): Token | undefined {
  let at = start
  while (/^(declare|abstract|const|default)$/.test(tokens[at]?.text ?? '')) at++
  if (!/^(interface|type|class|enum)$/.test(tokens[at]?.text ?? '')) return undefined
  const name = tokens[at + 1]
  return name?.kind === 'word' && name.text !== 'from' ? name : undefined
}
