/** TOML as Pi-hole writes `pihole.toml`: tables, strings, numbers, lists. What it never writes is refused, with its line. */
import { limits } from '../limits.ts'
import { refused } from './refused.ts'

export type TomlValue = string | number | boolean | readonly TomlValue[]

export interface TomlSetting {
  /** `dns.blocking.mode`. */
  readonly path: string
  readonly value: TomlValue
  /** Pi-hole notes so behind each value that is not its default. */
  readonly isChanged: boolean
  readonly line: number
}

/** In their order. Throws IMPORT_REFUSED. */
export function readToml(text: string): readonly TomlSetting[] {
  const reader = new Reader(text)
  const settings: TomlSetting[] = []
  let table = ''
  while (reader.skipToWord()) {
    const { line } = reader
    if (settings.length >= limits.MAX_IMPORTED_ROWS)
      throw refused(`it has more than ${limits.MAX_IMPORTED_ROWS} settings`)
    if (reader.takes('[')) {
      table = `${reader.key()}.`
      reader.expect(']')
      reader.restOfLine()
      continue
    }
    const path = table + reader.key()
    reader.expect('=')
    const value = reader.value(0)
    settings.push({ path, value, isChanged: /^#+ *CHANGED\b/.test(reader.restOfLine()), line })
  }
  return settings
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\x1b',
  '"': '"',
  '\\': '\\',
}

class Reader {
  readonly #text: string
  #at = 0
  line = 1

  constructor(text: string) {
    this.#text = text
  }

  /** Past blanks, ends of lines and comments. False at the end. */
  skipToWord(): boolean {
    for (;;) {
      this.#match(/[ \t\r]*/y)
      if (this.#text[this.#at] === '#') this.#match(/[^\n]*/y)
      if (this.#text[this.#at] !== '\n') return this.#at < this.#text.length
      this.#at++
      this.line++
    }
  }

  takes(sign: string): boolean {
    this.#match(/[ \t]*/y)
    if (!this.#text.startsWith(sign, this.#at)) return false
    this.#at += sign.length
    return true
  }

  expect(sign: string): void {
    if (!this.takes(sign)) throw this.#wrong(`"${sign}" is missing`)
  }

  key(): string {
    const parts: string[] = []
    do {
      this.#match(/[ \t]*/y)
      const quote = this.#text[this.#at]
      const part = quote === '"' || quote === "'" ? this.#string(quote) : this.#match(/[A-Za-z0-9_-]+/y)
      if (part === '') throw this.#wrong('a key is missing')
      parts.push(part)
    } while (this.takes('.'))
    return parts.join('.')
  }

  value(depth: number): TomlValue {
    if (depth > limits.MAX_IMPORT_DEPTH) throw this.#wrong('lists are too deep')
    this.#match(/[ \t]*/y)
    const first = this.#text[this.#at]
    if (first === '"' || first === "'") return this.#string(first)
    if (first === '[') return this.#list(depth)
    const word = this.#match(/[A-Za-z0-9+._:-]+/y)
    if (word === 'true' || word === 'false') return word === 'true'
    const number = Number(word.replaceAll('_', ''))
    if (word === '' || Number.isNaN(number)) throw this.#wrong('this is no text, number, list, true or false')
    return number
  }

  /** What stands behind a value: nothing, or a comment, which is returned. */
  restOfLine(): string {
    this.#match(/[ \t\r]*/y)
    const rest = this.#match(/[^\n]*/y)
    if (rest !== '' && !rest.startsWith('#')) throw this.#wrong('something stands behind a value')
    return rest
  }

  #list(depth: number): TomlValue[] {
    const values: TomlValue[] = []
    this.#at++
    for (;;) {
      if (!this.skipToWord()) throw this.#wrong('a list has no end')
      if (this.takes(']')) return values
      if (values.length >= limits.MAX_IMPORTED_ROWS) throw this.#wrong('a list is too long')
      values.push(this.value(depth + 1))
      if (!this.skipToWord()) throw this.#wrong('a list has no end')
      if (this.takes(',')) continue
      this.expect(']')
      return values
    }
  }

  #string(quote: string): string {
    if (this.#text.startsWith(quote.repeat(3), this.#at)) throw this.#wrong('texts of several lines are not read')
    this.#at++
    const body = this.#match(quote === '"' ? /(?:[^"\\\n]|\\[^\n])*/y : /[^'\n]*/y)
    if (this.#text[this.#at] !== quote) throw this.#wrong('a text has no end')
    this.#at++
    if (quote === "'") return body
    return body.replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, sequence: string) => this.#escaped(sequence))
  }

  #escaped(sequence: string): string {
    const known = ESCAPES[sequence]
    if (known !== undefined) return known
    const code = /^u/i.test(sequence) ? Number.parseInt(sequence.slice(1), 16) : Number.NaN
    if (!(code <= 0x10ffff)) throw this.#wrong(`\\${sequence} is not known`)
    return String.fromCodePoint(code)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #wrong(why: string) {
    return refused(`line ${this.line}: ${why}`)
  }
}
