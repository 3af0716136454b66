/**
 * YAML as AdGuard Home writes its configuration: blocks of keys and lists, plain and quoted texts, texts of several lines. What it never writes
 * (anchors, tags, nested brackets) is refused, with its line: an alias could make much out of little.
 */
import { limits } from '../limits.ts'
import { refused } from './refused.ts'

export type YamlValue = string | number | boolean | null | readonly YamlValue[] | YamlMap
export type YamlMap = ReadonlyMap<string, YamlValue>

/** Throws IMPORT_REFUSED. An empty file is null. */
export function readYaml(text: string): YamlValue {
  const lines = text.split(/\r?\n/)
  if (lines.length > limits.MAX_IMPORTED_ROWS) throw refused(`it has more than ${limits.MAX_IMPORTED_ROWS} lines`)
  const reader = new Reader(lines)
  const value = reader.block(0, 0)
  reader.expectEnd()
  return value
}

interface Line {
  readonly indent: number
  readonly text: string
}

class Reader {
  readonly #lines: readonly string[]
  #at = 0
  /** What is left of the line at hand, behind its `- `. */
  #rest: Line | undefined
  /** Of the line that was looked at last, from 1. */
  #number = 1

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  /** The value whose lines are indented by `least` blanks or more; null where there is none. */
  block(least: number, depth: number): YamlValue {
    if (depth > limits.MAX_IMPORT_DEPTH) throw this.#wrong('it is too deep')
    const line = this.#line()
    if (line === undefined || line.indent < least) return null
    if (isItem(line.text)) return this.#list(line.indent, depth)
    if (keyOf(line.text) !== undefined) return this.#map(line.indent, depth)
    this.#next()
    return this.#scalar(line.text)
  }

  expectEnd(): void {
    if (this.#line() !== undefined) throw this.#wrong('this does not belong here: its indentation is another one')
  }

  #list(indent: number, depth: number): YamlValue[] {
    const values: YamlValue[] = []
    for (let line = this.#line(); line?.indent === indent && isItem(line.text); line = this.#line()) {
      const text = line.text.slice(1).trimStart()
      if (isItem(text) || keyOf(text) !== undefined) {
        const inner = indent + line.text.length - text.length
        this.#rest = { indent: inner, text }
        values.push(this.block(inner, depth + 1))
        continue
      }
      this.#next()
      if (text === '' || text.startsWith('#')) values.push(this.block(indent + 1, depth + 1))
      else values.push(BLOCK.test(text) ? this.#longText(text, indent) : this.#scalar(text))
    }
    return values
  }

  #map(indent: number, depth: number): YamlMap {
    const values = new Map<string, YamlValue>()
    for (let line = this.#line(); line?.indent === indent && !isItem(line.text); line = this.#line()) {
      const found = keyOf(line.text)
      if (found === undefined) throw this.#wrong('there is no key here')
      if (values.has(found.key)) throw this.#wrong(`the key ${found.key} stands here twice`)
      this.#next()
      values.set(found.key, this.#valueOf(found.rest, indent, depth))
    }
    return values
  }

  #valueOf(rest: string, indent: number, depth: number): YamlValue {
    if (BLOCK.test(rest)) return this.#longText(rest, indent)
    if (rest !== '' && !rest.startsWith('#')) return this.#scalar(rest)
    const line = this.#line()
    // The items of a key may stand right below it.
    if (line?.indent === indent && isItem(line.text)) return this.#list(indent, depth + 1)
    return this.block(indent + 1, depth + 1)
  }

  /** A text of several lines, which are deeper than `indent`. `|` keeps their ends, `>` makes blanks of them. */
  #longText(sign: string, indent: number): string {
    const parts: string[] = []
    let width: number | undefined
    for (; this.#at < this.#lines.length; this.#at++) {
      const raw = this.#lines[this.#at]!
      const own = raw.length - raw.trimStart().length
      if (raw.trim() !== '' && own <= indent) break
      width ??= raw.trim() === '' ? undefined : own
      parts.push(raw.slice(width ?? raw.length))
    }
    const joined = parts.join(sign.startsWith('|') ? '\n' : ' ').trimEnd()
    return sign.includes('-') ? joined : `${joined}\n`
  }

  #scalar(text: string): YamlValue {
    const quote = text[0]!
    if (quote === '"' || quote === "'") {
      const body = quoted(text)
      if (body === undefined) throw this.#wrong('a text in quotes has no end on its line')
      if (!/^\s*(#|$)/.test(text.slice(body.length))) throw this.#wrong('something stands behind a text in quotes')
      return this.#unquoted(body)
    }
    const plain = text.replace(/\s+#.*$/, '').trim()
    if (/^[&*!%@`]/.test(plain)) throw this.#wrong('anchors, aliases and tags are not read')
    if (plain === '[]') return []
    if (plain === '{}') return new Map()
    if (quote === '[' || quote === '{') return this.#flow(plain)
    return plainValue(plain)
  }

  /** `[a, 'b']`: by hand only. */
  #flow(text: string): YamlValue {
    const inner = /^\[([^[\]{}]*)\]$/.exec(text)?.[1]
    if (inner === undefined) throw this.#wrong('lists and maps in brackets are not read, but for lists of plain values')
    return inner.split(',').map((item) => this.#scalar(item.trim() || 'null'))
  }

  #unquoted(body: string): string {
    const inner = body.slice(1, -1)
    if (body[0] === "'") return inner.replaceAll("''", "'")
    return inner.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, sequence: string) => {
      const known = ESCAPES[sequence]
      if (known !== undefined) return known
      const code = /^[xuU]./.test(sequence) ? Number.parseInt(sequence.slice(1), 16) : Number.NaN
      if (!(code <= 0x10ffff)) throw this.#wrong(`\\${sequence} is not known`)
      return String.fromCodePoint(code)
    })
  }

  /** The next one with something on it. */
  #line(): Line | undefined {
    if (this.#rest !== undefined) return this.#rest
    for (; this.#at < this.#lines.length; this.#at++) {
      const raw = this.#lines[this.#at]!
      const text = raw.trim()
      if (text === '' || text.startsWith('#') || (text === '---' && this.#at === 0)) continue
      this.#number = this.#at + 1
      const indent = raw.length - raw.trimStart().length
      if (raw.slice(0, indent).includes('\t')) throw this.#wrong('a tab indents it')
      return { indent, text }
    }
    return undefined
  }

  #next(): void {
    this.#rest = undefined
    this.#at++
  }

  #wrong(why: string) {
    return refused(`line ${this.#number}: ${why}`)
  }
}

/** What a text of several lines begins with. */
const BLOCK = /^[|>][-+1-9]*\s*(#.*)?$/

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  '"': '"',
  '/': '/',
  '\\': '\\',
  ' ': ' ',
  _: '\xa0',
  N: '\x85',
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ')
}

/** The text in quotes at the beginning, with them. */
function quoted(text: string): string | undefined {
  return /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(text)?.[0]
}

/** `key: rest`. */
function keyOf(text: string): { readonly key: string; readonly rest: string } | undefined {
  const body = quoted(text)
  if (body !== undefined) {
    const rest = /^\s*:(?:\s+(.*))?$/.exec(text.slice(body.length))
    return rest === null ? undefined : { key: body.slice(1, -1), rest: rest[1] ?? '' }
  }
  if (/^[[{&*!|>%@`"']/.test(text)) return undefined
  const end = /:(?=\s|$)/.exec(text)?.index
  if (end === undefined || end === 0) return undefined
  return { key: text.slice(0, end).trim(), rest: text.slice(end + 1).trim() }
}

function plainValue(text: string): YamlValue {
  if (/^(null|Null|NULL|~)?$/.test(text)) return null
  if (/^(true|True|TRUE)$/.test(text)) return true
  if (/^(false|False|FALSE)$/.test(text)) return false
  return /^[-+]?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text
}
