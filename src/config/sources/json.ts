/**
 * A strict JSON reader (RFC 8259) that knows where each value stands, so that every problem can name line and column, and
 * refuses what JSON.parse lets pass in silence: a key given twice.
 */
import { ChordnsError } from '../../base/index.ts'
import { limits } from '../limits.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface Place {
  /** Both 1-based. */
  readonly line: number
  readonly column: number
}

export interface JsonDocument {
  readonly value: Json
  /** Where each object member's key stands, by dotted path. */
  readonly places: ReadonlyMap<string, Place>
}

/** Throws CONFIG_SYNTAX with detail {line, column}. */
export function parseJson(text: string): JsonDocument {
  if (text.length > limits.MAX_FILE_CHARACTERS)
    throw syntaxError('the file is too long to be a configuration', { line: 1, column: 1 })
  const reader = new Reader(text)
  const value = reader.value('', 0)
  reader.end()
  return { value, places: reader.places }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WHITESPACE = /[ \t\r\n]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 section 7 names exactly these as not allowed
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const KEYWORDS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

class Reader {
  readonly places = new Map<string, Place>()
  readonly #text: string
  #offset: number

  constructor(text: string) {
    this.#text = text
    // Some editors write a byte order mark; RFC 8259 section 8.1 lets a reader ignore it.
    this.#offset = text.startsWith('\ufeff') ? 1 : 0
  }

  value(path: string, depth: number): Json {
    if (depth > limits.MAX_DEPTH) throw this.#error('nested too deeply')
    this.#match(WHITESPACE)
    const char = this.#text[this.#offset]
    if (char === '{') return this.#object(path, depth)
    if (char === '[') return this.#array(path, depth)
    if (char === '"') return this.#string()
    for (const [word, value] of KEYWORDS) if (this.#take(word)) return value
    const number = this.#match(NUMBER)
    if (number !== '') return Number(number)
    throw this.#unexpected('a value')
  }

  end(): void {
    this.#match(WHITESPACE)
    if (this.#offset < this.#text.length) throw this.#unexpected('the end of the file')
  }

  #object(path: string, depth: number): Json {
    const entries = new Map<string, Json>()
    this.#offset++
    this.#match(WHITESPACE)
    if (this.#take('}')) return {}
    do {
      this.#match(WHITESPACE)
      if (this.#text[this.#offset] === '}') throw this.#error('a comma before "}"')
      if (this.#text[this.#offset] !== '"') throw this.#unexpected('a key in double quotes')
      const place = this.#place()
      const key = this.#string()
      if (entries.has(key)) throw syntaxError(`the key "${key}" is given twice`, place)
      const inner = path === '' ? key : `${path}.${key}`
      this.places.set(inner, place)
      this.#match(WHITESPACE)
      if (!this.#take(':')) throw this.#unexpected('":"')
      entries.set(key, this.value(inner, depth + 1))
      this.#match(WHITESPACE)
    } while (this.#take(','))
    if (!this.#take('}')) throw this.#unexpected('"," or "}"')
    return Object.fromEntries(entries)
  }

  #array(path: string, depth: number): Json {
    const items: Json[] = []
    this.#offset++
    this.#match(WHITESPACE)
    if (this.#take(']')) return items
    do {
      this.#match(WHITESPACE)
      if (this.#text[this.#offset] === ']') throw this.#error('a comma before "]"')
      items.push(this.value(`${path}.${items.length}`, depth + 1))
      this.#match(WHITESPACE)
    } while (this.#take(','))
    if (!this.#take(']')) throw this.#unexpected('"," or "]"')
    return items
  }

  #string(): string {
    const raw = this.#match(STRING)
    if (raw === '') throw this.#error('a string that does not end on its line, or holds a bad escape')
    return JSON.parse(raw) as string
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#offset)) return false
    this.#offset += text.length
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#offset
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#offset += found.length
    return found
  }

  #place(): Place {
    const before = this.#text.slice(0, this.#offset)
    const lineStart = before.lastIndexOf('\n') + 1
    return { line: before.split('\n').length, column: this.#offset - lineStart + 1 }
  }

  #unexpected(wanted: string): ChordnsError {
    const char = this.#text[this.#offset]
    if (char === undefined) return this.#error(`${wanted} is expected, but the file ends`)
    if (char === '/' || char === '#') return this.#error(`${wanted} is expected; JSON has no comments`)
    return this.#error(`${wanted} is expected, not ${JSON.stringify(char)}`)
  }

  #error(what: string): ChordnsError {
    return syntaxError(what, this.#place())
  }
}

function syntaxError(what: string, place: Place): ChordnsError<'CONFIG_SYNTAX', Place & { what: string }> {
  return new ChordnsError('CONFIG_SYNTAX', `line ${place.line}, column ${place.column}: ${what}`, { ...place, what })
}
