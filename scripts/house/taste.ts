/** What is a matter of taste: it is printed, and fails nothing. */
import { pairBrackets, type Token } from '../imports/lexer.ts'
import { type SourceFile, tokensOf, type Violation } from './sources.ts'

const FILE_LINES = 400
const FUNCTION_LINES = 70
const FIELDS = 8
const FILES_OF_A_ROOM = 12

export function longFiles(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    return lines > FILE_LINES ? [{ path, line: 1, message: `${lines} lines` }] : []
  })
}

/** Rooms with more than a dozen files right inside them: index, types and limits are not counted. */
export function crowdedRooms(files: readonly SourceFile[]): Violation[] {
  const counts = new Map<string, number>()
  for (const { path } of files) {
    const [, folder, name] = /^(.*)\/([^/]+)$/.exec(path)!
    if (!/^(index|types|limits)\.ts$/.test(name!)) counts.set(folder!, (counts.get(folder!) ?? 0) + 1)
  }
  return [...counts]
    .filter(([, count]) => count > FILES_OF_A_ROOM)
    .map(([path, count]) => ({ path, line: 1, message: `${count} files in one folder` }))
}

/** From the line of the name to the line of the brace that ends the body. */
export function longFunctions(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const { path } = file
    const tokens = tokensOf(file)
    const pairs = pairBrackets(tokens)
    return tokens.flatMap(({ text: brace, kind }, index) => {
      if (kind !== 'punctuation' || brace !== '{') return []
      const head = headOf(tokens, pairs, index)
      const end = pairs.get(index)
      if (head === undefined || end === undefined) return []
      const lines = tokens[end]!.line - head.line + 1
      return lines > FUNCTION_LINES ? [{ path, line: head.line, message: `${head.name}: ${lines} lines` }] : []
    })
  })
}

/** Interfaces of things handed in, by their names, with more fields than one remembers. */
export function wideParameters(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const { path } = file
    const tokens = tokensOf(file)
    const pairs = pairBrackets(tokens)
    return tokens.flatMap(({ text: word, kind, line }, index) => {
      const name = tokens[index + 1]?.text ?? ''
      if (kind !== 'word' || word !== 'interface' || !/(Deps|Hooks|Ports|Parts|Setup|Needs|Ways)$/.test(name)) return []
      const open = tokens.findIndex((token, at) => at > index && token.text === '{')
      const fields = fieldsIn(tokens, pairs, open)
      return fields > FIELDS ? [{ path, line, message: `${name}: ${fields} fields` }] : []
    })
  })
}

interface Head {
  readonly name: string
  readonly line: number
}

/** Undefined: the brace opens no body of a function. */
function headOf(tokens: readonly Token[], pairs: ReadonlyMap<number, number>, brace: number): Head | undefined {
  const arrow = tokens[brace - 1]?.text === '=>'
  const close = arrow ? closeOfParameters(tokens, pairs, brace - 2) : closeOfParameters(tokens, pairs, brace - 1)
  const open = close === undefined ? undefined : pairs.get(close)
  if (open === undefined) return undefined
  const before = tokens[open - 1]
  if (arrow) {
    const at = before?.text === 'async' ? open - 2 : open - 1
    const named = /^[=:]$/.test(tokens[at]?.text ?? '') ? tokens[at - 1] : undefined
    return { name: named?.kind === 'word' ? named.text : 'a function', line: tokens[open]!.line }
  }
  if (before?.kind !== 'word' || /^(if|for|while|switch|catch|with|await)$/.test(before.text)) return undefined
  return { name: before.text, line: before.line }
}

/** From just before the body or its arrow back over the type of the result, to the bracket that closes the parameters. */
function closeOfParameters(
  tokens: readonly Token[],
  pairs: ReadonlyMap<number, number>,
  from: number,
): number | undefined {
  if (tokens[from]?.text === ')') return from
  if (tokens[from]?.text === ':') return undefined
  for (let at = from; at > 0; at--) {
    const { text, kind } = tokens[at]!
    if (text === ':' && tokens[at - 1]?.text === ')') return at - 1
    if (/^([;=({[]|class|interface|enum|return|try|finally|else|do|static)$/.test(text)) return undefined
    if (kind === 'punctuation' && ')]}'.includes(text)) at = pairs.get(at) ?? 0
  }
  return undefined
}

function fieldsIn(tokens: readonly Token[], pairs: ReadonlyMap<number, number>, open: number): number {
  const end = pairs.get(open) ?? open
  let fields = 0
  for (let at = open + 1; at < end; at++) {
    const { kind, text } = tokens[at]!
    if (kind === 'punctuation' && '([{'.includes(text)) {
      if (text === '(' && startsMember(tokens, at - 1, open)) fields++
      at = pairs.get(at) ?? at
    } else if (text === ':' && startsMember(tokens, tokens[at - 1]?.text === '?' ? at - 2 : at - 1, open)) fields++
  }
  return fields
}

/** Is this word the first of its line, but for modifiers? Members of an interface stand on lines of their own here. */
function startsMember(tokens: readonly Token[], at: number, open: number): boolean {
  const word = tokens[at]
  if (word?.kind !== 'word') return false
  let first = at
  while (/^(readonly|get|set)$/.test(tokens[first - 1]?.text ?? '')) first--
  return first - 1 === open || tokens[first - 1]!.line < word.line
}
