/** Zone files (master files): RFC 1035 section 5, RFC 2308 section 4 ($TTL), RFC 3597 section 5. */
import { errorText, isChordnsError } from '../base/index.ts'
import { badText } from './errors.ts'
import { limits } from './limits.ts'
import { nameToText, parseName, shown } from './names/names-text.ts'
import { rdataFromText, rdataToText } from './rdata/text.ts'
import { soaView } from './rdata/view.ts'
import { type Token, type TokenLine, tokenLines } from './text/tokens.ts'
import { parsePeriod } from './text/ttl.ts'
import { classFromText, classToText, typeFromText, typeToText } from './text/types-text.ts'
import { Class, type Name, type ResourceRecord, Type } from './types.ts'

export interface ZoneOptions {
  readonly origin: Name
  /** Seconds, for records without a TTL before any $TTL. Without it they take the TTL of the record before, or SOA minimum. */
  readonly defaultTtl?: number
}

/** RFC 2181 section 8. */
const MAX_TTL = 0x7fff_ffff

/**
 * Records of a zone file in the order of the text. Owners and names in rdata are relative to the origin unless they end in a
 * dot. $ORIGIN and $TTL are understood, $INCLUDE and $GENERATE are refused. Throws DNS_BAD_TEXT with line and column.
 */
export function parseZone(text: string, options: ZoneOptions): ResourceRecord[] {
  return new ZoneReader(options).records(text)
}

/** Reads a zone file in parts, each of whole records: what a line says of those after it holds in the next part, too. */
export class ZoneReader {
  readonly #state: State

  constructor({ origin, defaultTtl }: ZoneOptions) {
    this.#state = { origin, ttl: defaultTtl, lastTtl: undefined, owner: undefined, class: Class.IN }
  }

  /** Throws DNS_BAD_TEXT with line and column in this part. */
  records(text: string): ResourceRecord[] {
    if (text.length > limits.MAX_ZONE_TEXT) throw badText('the zone file is too long')
    const state = this.#state
    const records: ResourceRecord[] = []
    for (const line of tokenLines(text)) {
      const [first] = line.tokens
      try {
        if (!line.blankStart && first!.text.startsWith('$') && !first!.quoted) directive(line, state)
        else records.push(record(line, state))
      } catch (error) {
        if (!isChordnsError(error) || 'line' in error.detail) throw error
        throw badText(what(error), first)
      }
    }
    return records
  }
}

/** Parentheses that a line opens, less those that it closes; quotes, escapes and comments left out. */
export function openedIn(line: string): number {
  if (!line.includes('(') && !line.includes(')')) return 0
  const bare = line.replace(/\\.|"(?:\\.|[^"\\])*"|;.*/g, '')
  return bare.split('(').length - bare.split(')').length
}

/** One line, with tabs between the fields as dig has them. `parseZone` reads it back. */
export function recordToText({ name, ttl, class: klass, type, rdata }: ResourceRecord): string {
  return [nameToText(name), ttl, classToText(klass), typeToText(type), rdataToText(type, rdata)].join('\t')
}

interface State {
  origin: Name
  /** The default: $TTL or the option. */
  ttl: number | undefined
  lastTtl: number | undefined
  owner: Name | undefined
  class: number
}

function directive({ tokens }: TokenLine, state: State): void {
  const [keyword, value, more] = tokens
  if (value === undefined || more !== undefined) throw badText(`${keyword!.text} takes one value`, keyword)
  switch (keyword!.text.toUpperCase()) {
    case '$ORIGIN':
      state.origin = nameOf(value, state.origin)
      return
    case '$TTL':
      state.ttl = ttlOf(value)
      return
    default:
      throw badText(`${shown(keyword!.text)} is not supported`, keyword)
  }
}

function record({ tokens, blankStart }: TokenLine, state: State): ResourceRecord {
  let at = 0
  if (!blankStart) state.owner = nameOf(tokens[at++]!, state.origin)
  const name = state.owner
  if (name === undefined) throw badText('the first record has no owner', tokens[0])

  // TTL and class are optional and come in either order (RFC 1035 section 5.1); the type ends them.
  let ttl: number | undefined
  let klass: number | undefined
  let type: number | undefined
  for (; type === undefined; at++) {
    const token = tokens[at]
    if (token === undefined) throw badText('the record has no type', tokens.at(-1))
    if (ttl === undefined && /^\d/.test(token.text)) ttl = ttlOf(token)
    else if (klass === undefined && classFromText(token.text) !== undefined && !isType(token, tokens[at + 1])) {
      klass = classFromText(token.text)
    } else {
      type = typeFromText(token.text)
      if (type === undefined) throw badText(`not a type: ${shown(token.text)}`, token)
    }
  }
  if (type === Type.OPT || (type >= 128 && type <= 255))
    throw badText(`${typeToText(type)} is no type for data`, tokens[at - 1])

  const rdata = rdataOf(type, tokens.slice(at), tokens[at - 1]!, state.origin)
  const fallback = state.ttl ?? state.lastTtl ?? (type === Type.SOA ? soaView(rdata).minimum : undefined)
  const seconds = ttl ?? fallback
  if (seconds === undefined) throw badText('no TTL: neither in the record nor by $TTL', tokens[0])
  state.lastTtl = seconds
  state.class = klass ?? state.class
  return { name, type, class: state.class, ttl: seconds, rdata }
}

/** `ANY` is class and type: it is the type where no type can follow. */
function isType(token: Token, next: Token | undefined): boolean {
  return typeFromText(token.text) !== undefined && (next === undefined || typeFromText(next.text) === undefined)
}

function rdataOf(type: number, tokens: readonly Token[], typeToken: Token, origin: Name): Uint8Array {
  try {
    return rdataFromText(type, tokens, origin)
  } catch (error) {
    if (!isChordnsError(error) || 'line' in error.detail) throw error
    throw badText(what(error), tokens[0] ?? typeToken)
  }
}

function nameOf(token: Token, origin: Name): Name {
  return token.text === '@' && !token.quoted ? origin : parseName(token.text, origin)
}

function ttlOf(token: Token): number {
  const seconds = parsePeriod(token.text)
  if (seconds === undefined || seconds > MAX_TTL) throw badText(`not a TTL: ${shown(token.text)}`, token)
  return seconds
}

function what(error: Error & { detail?: object }): string {
  const { detail } = error
  return detail !== undefined && 'what' in detail ? String(detail.what) : errorText(error)
}
