/** A list of names for `chordns chunks seed`: one a line, with types behind it if A and AAAA are not what is wanted. */
import { ChordnsError } from '../../base/index.ts'
import { parseName, typeFromText } from '../../dns/index.ts'
import { limits } from '../limits.ts'

export interface Seed {
  /** From 1. */
  readonly line: number
  readonly name: string
  readonly type: string
}

/** What a browser asks of an ordinary name. */
export const DEFAULT_TYPES = ['A', 'AAAA'] as const
/** Of meta types no answer is shared. */
const META: ReadonlySet<string> = new Set(['ANY', 'AXFR', 'IXFR', 'OPT', 'TSIG', 'RRSIG'])

/** `#` begins a comment. Throws USAGE, which names the line, for the first one that is not right: nothing is asked before all are. */
export function parseSeedList(text: string, file: string): Seed[] {
  const lines = text.split('\n')
  if (lines.length > limits.MAX_SEED_LINES)
    throw wrong(file, limits.MAX_SEED_LINES + 1, `a list has at most ${limits.MAX_SEED_LINES} lines; split it`)
  return lines.flatMap((whole, i) => seedsOf(whole, file, i + 1))
}

function seedsOf(whole: string, file: string, line: number): Seed[] {
  const [name, ...types] = whole
    .replace(/#.*/, '')
    .split(/\s+/)
    .filter((word) => word !== '')
  if (name === undefined) return []
  try {
    parseName(name)
  } catch (cause) {
    throw wrong(
      file,
      line,
      `not a domain name: "${name.slice(0, 80)}" (${cause instanceof Error ? cause.message : ''})`,
    )
  }
  if (types.length > limits.MAX_SEED_TYPES)
    throw wrong(file, line, `more than ${limits.MAX_SEED_TYPES} types; one name goes on each line`)
  const wanted = types.length === 0 ? DEFAULT_TYPES : [...new Set(types.map((type) => type.toUpperCase()))]
  for (const type of wanted) {
    if (typeFromText(type) === undefined)
      throw wrong(
        file,
        line,
        `unknown record type "${type.slice(0, 20)}"; after the name come types such as A, MX or TYPE65280`,
      )
    if (META.has(type)) throw wrong(file, line, `answers of type ${type} are never shared`)
  }
  return wanted.map((type) => ({ line, name, type }))
}

function wrong(file: string, line: number, what: string) {
  return new ChordnsError('USAGE', `${file} line ${line}: ${what}`, { file, line })
}
