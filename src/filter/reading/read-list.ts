/** Reads a list line by line into a sink: hosts files, plain and wildcard names, and the adblock form. */
import { limits } from '../limits.ts'
import { type RuleSink, Scope } from '../rules.ts'
import type { ListOptions } from '../types.ts'
import { type AdblockLine, handOn, readAdblock } from './adblock.ts'
import { HASH, isBlank, looksLikeAddress, NEWLINE, readName, textOf } from './bytes.ts'
import { readRpz } from './rpz.ts'

export interface ListReader extends RuleSink {
  /** Called before each line is read; 1-based. `from` and `to`: where it stands. */
  line(number: number, from: number, to: number): void
}

const PIPE = 0x7c
const CARET = 0x5e
const BANG = 0x21
const BRACKET = 0x5b
const STAR = 0x2a
const DOT = 0x2e

/** Names that hosts files have for the machine itself. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set([
  'localhost',
  'localhost.localdomain',
  'local',
  'broadcasthost',
  'ip6-localhost',
  'ip6-loopback',
  'ip6-localnet',
  'ip6-mcastprefix',
  'ip6-allnodes',
  'ip6-allrouters',
  'ip6-allhosts',
  '0.0.0.0',
])

const LONGEST_OF_MACHINE = Math.max(...[...OF_THE_MACHINE].map((name) => name.length))
/** Octets, in lower case. */
const FIRST_OF_MACHINE: ReadonlySet<number> = new Set([...OF_THE_MACHINE].map((name) => name.charCodeAt(0) | 0x20))

/** Addresses that stand for nothing: whoever writes them means that the name is blocked. */
const NULL_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '127.0.0.1', '::', '::1', '0', '::0', '127.0.0.0'])

/** `disabled`: texts of lines that a `$badfilter` takes out of force. */
export function readList(
  bytes: Uint8Array,
  options: ListOptions,
  reader: ListReader,
  disabled: ReadonlySet<string> = new Set(),
): void {
  if (options.format === 'rpz') {
    readRpz(bytes, options, reader)
    return
  }
  new Lines(bytes, options, reader, disabled).read()
}

class Lines {
  readonly #bytes: Uint8Array
  readonly #options: ListOptions
  readonly #reader: ListReader
  readonly #disabled: ReadonlySet<string>
  readonly #wire = new Uint8Array(256)
  /** The address of the last line of a hosts file: mostly the same on every line. */
  #address = ''
  #isNull = false

  constructor(bytes: Uint8Array, options: ListOptions, reader: ListReader, disabled: ReadonlySet<string>) {
    this.#bytes = bytes
    this.#options = options
    this.#reader = reader
    this.#disabled = disabled
  }

  read(): void {
    const bytes = this.#bytes
    let line = 0
    let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
    while (at < bytes.length) {
      // Lines are short: to call what searches costs more than to look.
      let end = at
      while (end < bytes.length && bytes[end] !== NEWLINE) end++
      let from = at
      let to = end
      while (from < to && isBlank(bytes[from]!)) from++
      while (to > from && isBlank(bytes[to - 1]!)) to--
      line++
      if (from < to) {
        this.#reader.line(line, from, to)
        if (to - from > limits.MAX_LINE_BYTES) this.#reader.skip('too long')
        else this.#readLine(from, to)
      }
      at = end + 1
    }
  }

  #readLine(from: number, to: number): void {
    const bytes = this.#bytes
    const first = bytes[from]!
    if (first === BANG || first === BRACKET || first === HASH) return
    const { format } = this.#options
    if (format === 'hosts') {
      this.#hosts(from, to)
      return
    }
    if (format === 'adblock' || format === 'auto') {
      if (first === PIPE && bytes[from + 1] === PIPE && bytes[to - 1] === CARET && this.#disabled.size === 0) {
        const length = readName(bytes, from + 2, to - 1, this.#wire)
        if (length > 0 && !looksLikeAddress(bytes, from + 2, to - 1)) {
          this.#plain(length, Scope.BOTH)
          return
        }
      }
      if (this.#isAdblock(from, to)) {
        this.#adblock(from, to)
        return
      }
    }
    const end = this.#endOfContent(from, to)
    let stop = from
    while (stop < end && !isBlank(bytes[stop]!)) stop++
    if (stop < end && looksLikeAddress(bytes, from, stop)) {
      this.#hosts(from, to)
      return
    }
    if (stop < end) {
      this.#reader.skip('syntax')
      return
    }
    this.#name(from, stop)
  }

  /** Any sign that no name and no hosts line has. */
  #isAdblock(from: number, to: number): boolean {
    const bytes = this.#bytes
    for (let i = from; i < to; i++) {
      const octet = bytes[i]!
      if (octet === HASH && isBlank(bytes[i - 1]!)) return false
      if (octet === PIPE || octet === CARET || octet === 0x24 || octet === 0x40 || octet === 0x2f || octet === HASH)
        return true
      if (octet === STAR && (i !== from || bytes[i + 1] !== DOT)) return true
    }
    return this.#options.format === 'adblock' && this.#disabled.size > 0
  }

  #adblock(from: number, to: number): void {
    const text = textOf(this.#bytes, from, to)
    if (this.#disabled.has(text)) return
    const read = readAdblock(text)
    if (typeof read === 'string') this.#reader.skip(read)
    else if (!read.isBadfilter) handOn(this.#turned(read), this.#reader, this.#options.rewrites)
  }

  /** In a list of names to allow, what blocks elsewhere allows. */
  #turned(read: AdblockLine): AdblockLine {
    if (this.#options.kind === 'block' || read.rule.action !== 'block') return read
    return { ...read, rule: { ...read.rule, action: 'allow' } }
  }

  /** A name alone on its line, or with `*.` in front. */
  #name(from: number, to: number): void {
    const bytes = this.#bytes
    const isWild = bytes[from] === STAR && bytes[from + 1] === DOT
    const start = isWild ? from + 2 : bytes[from] === DOT ? from + 1 : from
    if (looksLikeAddress(bytes, start, to)) {
      this.#reader.skip('address')
      return
    }
    const length = readName(bytes, start, to, this.#wire)
    if (length === 0) this.#reader.skip('bad name')
    else this.#plain(length, isWild || start > from || this.#options.format === 'wildcard' ? Scope.BOTH : Scope.NAME)
  }

  #hosts(from: number, to: number): void {
    const bytes = this.#bytes
    const end = this.#endOfContent(from, to)
    let stop = from
    while (stop < end && !isBlank(bytes[stop]!)) stop++
    this.#readAddress(from, stop)
    let isFirst = true
    for (let at = stop; at < end; ) {
      while (at < end && isBlank(bytes[at]!)) at++
      let last = at
      while (last < end && !isBlank(bytes[last]!)) last++
      if (at < last) this.#host(at, last)
      if (at < last) isFirst = false
      at = last
    }
    if (isFirst) this.#reader.skip('syntax')
  }

  #readAddress(from: number, to: number): void {
    const { length } = this.#address
    if (to - from === length) {
      let i = 0
      while (i < length && this.#bytes[from + i] === this.#address.charCodeAt(i)) i++
      if (i === length) return
    }
    this.#address = textOf(this.#bytes, from, to)
    this.#isNull = NULL_ADDRESSES.has(this.#address)
  }

  #host(from: number, to: number): void {
    if (this.#isOfMachine(from, to)) return
    const length = readName(this.#bytes, from, to, this.#wire)
    // An address of its own for a name is for `local.hosts`, whose files the operator wrote.
    if (!this.#isNull || looksLikeAddress(this.#bytes, from, to)) this.#reader.skip('address')
    else if (length === 0) this.#reader.skip('bad name')
    else this.#plain(length, Scope.NAME)
  }

  /** A text is made of the few that begin as one of these. */
  #isOfMachine(from: number, to: number): boolean {
    const first = this.#bytes[from]! | 0x20
    if (to - from > LONGEST_OF_MACHINE || !FIRST_OF_MACHINE.has(first)) return false
    return OF_THE_MACHINE.has(textOf(this.#bytes, from, to).toLowerCase())
  }

  #plain(length: number, scope: Scope): void {
    const { kind } = this.#options
    this.#reader.plain(this.#wire, length, scope, kind, false)
  }

  /** Where a comment begins: a `#` behind a blank. */
  #endOfContent(from: number, to: number): number {
    const bytes = this.#bytes
    for (let i = from + 1; i < to; i++) {
      if (bytes[i] !== HASH || !isBlank(bytes[i - 1]!)) continue
      let end = i
      while (end > from && isBlank(bytes[end - 1]!)) end--
      return end
    }
    return to
  }
}

const BADFILTER = new TextEncoder().encode('badfilter')

/** Texts of the lines that the `$badfilter` lines of a list take out of force. */
export function badfiltersOf(bytes: Uint8Array): string[] {
  const found: string[] = []
  for (let at = indexOf(bytes, 0); at !== -1; at = indexOf(bytes, at + 1)) {
    const from = bytes.lastIndexOf(NEWLINE, at) + 1
    const newline = bytes.indexOf(NEWLINE, at)
    const text = textOf(bytes, from, newline === -1 ? bytes.length : newline).trim()
    const target = text
      .replace(/([$,])badfilter(?=,|$)/, '$1')
      .replace(/\$,/, '$')
      .replace(/[$,]$/, '')
    if (target !== text) found.push(target.replace(/,,/, ','))
  }
  return found
}

function indexOf(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(BADFILTER[0]!, from); at !== -1; at = bytes.indexOf(BADFILTER[0]!, at + 1)) {
    let i = 1
    while (i < BADFILTER.length && bytes[at + i] === BADFILTER[i]) i++
    if (i === BADFILTER.length) return at
  }
  return -1
}
