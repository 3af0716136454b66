/** Tokens of presentation format (RFC 1035 section 5.1), and character-strings. Shared by rdata text and zone files. */
import { badText } from '../errors.ts'
import { decimalEscape, parseName, readEscape, shown } from '../names/names-text.ts'
import type { Name } from '../types.ts'

/** `text` still has its escapes; a quoted token is without its quotes. */
export interface Token {
  readonly text: string
  readonly quoted: boolean
  readonly line: number
  readonly column: number
}

interface Place {
  readonly line: number
  readonly column: number
}

/** One logical line: the tokens of a record, parentheses joined. `blankStart` says that the line began with white space. */
export interface TokenLine {
  readonly tokens: readonly Token[]
  readonly blankStart: boolean
  readonly line: number
}

/** Splits text into logical lines: quotes, escapes, `;` comments, parentheses across lines. Throws DNS_BAD_TEXT with the place. */
export function* tokenLines(text: string): Generator<TokenLine> {
  let tokens: Token[] = []
  let blankStart = false
  let depth = 0
  let line = 1
  let lineStart = 0
  let firstLine = 1
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    const place = { line, column: at - lineStart + 1 }
    if (character === '\n') {
      at++
      line++
      lineStart = at
      if (depth > 0) continue
      if (tokens.length > 0) yield { tokens, blankStart, line: firstLine }
      tokens = []
      blankStart = false
    } else if (character === ' ' || character === '\t' || character === '\r') {
      if (at === lineStart && depth === 0) blankStart = true
      at++
    } else if (character === ';') {
      while (at < text.length && text[at] !== '\n') at++
    } else if (character === '(') {
      depth++
      at++
    } else if (character === ')') {
      if (--depth < 0) throw badText('a closing parenthesis too many', place)
      at++
    } else {
      if (tokens.length === 0) firstLine = line
      const end = character === '"' ? quotedEnd(text, at, place) : plainEnd(text, at, place)
      const quoted = character === '"'
      tokens.push({ text: quoted ? text.slice(at + 1, end - 1) : text.slice(at, end), quoted, ...place })
      // `key="value"` (RFC 9460) is one token; `"a""b"` is two.
      at = end
    }
  }
  if (depth > 0) throw badText('a parenthesis is not closed', { line, column: 1 })
  if (tokens.length > 0) yield { tokens, blankStart, line: firstLine }
}

/** Octets of a character-string: escapes resolved, all other characters as UTF-8. */
export function octetsOf(text: string): Uint8Array {
  const octets: number[] = []
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i)
    if (unit === 0x5c) {
      const escaped = readEscape(text, i)
      octets.push(escaped.octet)
      i = escaped.next
    } else if (unit < 0x80) {
      octets.push(unit)
      i++
    } else {
      const character = String.fromCodePoint(text.codePointAt(i)!)
      octets.push(...new TextEncoder().encode(character))
      i += character.length
    }
  }
  return Uint8Array.from(octets)
}

/** A character-string in quotes. */
export function quotedText(octets: Uint8Array): string {
  let text = '"'
  for (const octet of octets) text += QUOTED_TEXT[octet]
  return `${text}"`
}

const QUOTED_TEXT = Array.from({ length: 256 }, (_, octet) => {
  if (octet < 0x20 || octet > 0x7e) return decimalEscape(octet)
  const character = String.fromCharCode(octet)
  return character === '"' || character === '\\' ? `\\${character}` : character
})

/** Hands the tokens of one rdata out, one at a time. */
export class TokenCursor {
  readonly #tokens: readonly Token[]
  readonly origin: Name
  #at = 0

  constructor(tokens: readonly Token[], origin: Name) {
    this.#tokens = tokens
    this.origin = origin
  }

  /** The token handed out last: where an error about it belongs. */
  get last(): Token | undefined {
    return this.#tokens[Math.min(this.#at, this.#tokens.length) - 1]
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  next(what: string): Token {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw badText(`${what} is missing`)
    return token
  }

  /** All tokens that are left. */
  rest(): readonly Token[] {
    const tokens = this.#tokens.slice(this.#at)
    this.#at = this.#tokens.length
    return tokens
  }

  /** An unsigned decimal of at most `max`. */
  number(what: string, max: number): number {
    const { text } = this.next(what)
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (!(value <= max)) throw badText(`${what} must be a number up to ${max}, not ${shown(text)}`)
    return value
  }

  name(what: string): Name {
    const { text, quoted } = this.next(what)
    if (text === '@' && !quoted) return this.origin
    return parseName(text, this.origin)
  }
}

/** The tokens of a single logical line. */
export function tokensOf(text: string): readonly Token[] {
  const lines = [...tokenLines(text)]
  if (lines.length > 1) throw badText('more than one line')
  return lines[0]?.tokens ?? []
}

function quotedEnd(text: string, start: number, place: Place): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
    else if (text[at] === '\n') break
  }
  throw badText('a quote is not closed', place)
}

function plainEnd(text: string, start: number, place: Place): number {
  let at = start
  while (at < text.length && !' \t\r\n;()"'.includes(text[at]!)) {
    if (text[at] === '\\') at++
    if (text[at] === '=' && text[at + 1] === '"') {
      // The value in quotes belongs to the token: key="a b".
      return quotedEnd(text, at + 1, place)
    }
    at++
  }
  return Math.min(at, text.length)
}
