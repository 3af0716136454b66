/** Hosts files (hosts(5)): an address, then its names; `#` begins a comment. Read by character, since blocklists are long. */
import { ChordnsError, fromLatin1 } from '../../base/index.ts'
import { addressRdata, parseName } from '../../dns/index.ts'

/** One name of one line. */
export interface HostName {
  readonly address: HostAddress
  /** Lower-cased wire form in `wire[0..length)`; valid until the next one. */
  readonly wire: Uint8Array
  readonly length: number
  /** 1-based. */
  readonly line: number
  /** The line's first name: what the address is called (PTR). */
  readonly canonical: boolean
}

export interface HostAddress {
  readonly text: string
  readonly type: number
  readonly rdata: Uint8Array
}

export interface HostsReader {
  /** Returns what is wrong with the name, if anything. */
  name(host: HostName): string | undefined
  /** The line, or the name in it, is passed over. */
  problem(line: number, message: string): void
  /** Called once, with the number of lines read. */
  end(lines: number): void
}

const NEWLINE = 0x0a
const HASH = 0x23
const DOT = 0x2e
const BACKSLASH = 0x5c
/** RFC 1035 section 2.3.4. */
const MAX_LABEL_BYTES = 63
const MAX_NAME_BYTES = 255

/** Reads a whole file. Wrong lines are told to `reader`, and do not count. */
export function readHosts(text: string, reader: HostsReader): void {
  reader.end(readLines(text, reader))
}

function readLines(text: string, reader: HostsReader): number {
  const wire = new Uint8Array(MAX_NAME_BYTES)
  let last: HostAddress | undefined
  let line = 0
  // Some editors write a byte order mark.
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; ) {
    line++
    const end = endOfLine(text, at)
    const next = end.newline + 1
    const from = skipBlanks(text, at, end.content)
    if (from < end.content) {
      const stop = skipWord(text, from, end.content)
      // Blocklists give the same address on each line.
      if (last === undefined || stop - from !== last.text.length || !text.startsWith(last.text, from)) {
        const read = readAddress(text.slice(from, stop))
        last = typeof read === 'string' ? undefined : read
        if (typeof read === 'string') reader.problem(line, read)
      }
      if (last !== undefined) readNames(text, stop, end.content, last, line, wire, reader)
    }
    at = next
  }
  return line
}

function readNames(
  text: string,
  from: number,
  end: number,
  address: HostAddress,
  line: number,
  wire: Uint8Array,
  reader: HostsReader,
): void {
  let canonical = true
  for (let at = skipBlanks(text, from, end); at < end; ) {
    const stop = skipWord(text, at, end)
    const length = nameToWire(text, at, stop, wire)
    const message =
      typeof length === 'string'
        ? length
        : isScoped(address)
          ? undefined
          : reader.name({ address, wire, length, line, canonical })
    if (message !== undefined) reader.problem(line, message)
    canonical = false
    at = skipBlanks(text, stop, end)
  }
  if (canonical) reader.problem(line, `no name after the address ${address.text}`)
}

/** The line's end, and where its comment begins. */
function endOfLine(text: string, at: number): { readonly newline: number; readonly content: number } {
  let content = -1
  let i = at
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === NEWLINE) break
    if (unit === HASH && content === -1) content = i
  }
  return { newline: i, content: content === -1 ? i : content }
}

/** Space, tab, and the CR of files from elsewhere. */
function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0d || unit === 0x0b || unit === 0x0c
}

function skipBlanks(text: string, from: number, end: number): number {
  let at = from
  while (at < end && isBlank(text.charCodeAt(at))) at++
  return at
}

function skipWord(text: string, from: number, end: number): number {
  let at = from
  while (at < end && !isBlank(text.charCodeAt(at))) at++
  return at
}

const NO_RDATA = new Uint8Array()

/** macOS ships `fe80::1%lo0 localhost`: an address of one interface, which no DNS record can say. Its names do not count. */
function isScoped(address: HostAddress): boolean {
  return address.rdata === NO_RDATA
}

function readAddress(text: string): HostAddress | string {
  const [bare = ''] = text.split('%')
  try {
    const { type, rdata } = addressRdata(bare)
    return { text, type, rdata: text === bare ? rdata : NO_RDATA }
  } catch (error) {
    if (!(error instanceof ChordnsError)) throw error
    return `${whatOf(error)}; a line is an address and then its names`
  }
}

/** The length in `wire`, or what is wrong. Letters, digits, hyphens and underscores go the short way. */
function nameToWire(text: string, from: number, to: number, wire: Uint8Array): number | string {
  const end = to - from > 1 && text.charCodeAt(to - 1) === DOT ? to - 1 : to
  // One octet for the first length, one for the root.
  if (end - from + 2 > MAX_NAME_BYTES) return slowName(text.slice(from, to), wire)
  let label = 0
  let at = 1
  for (let i = from; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit === DOT) {
      const length = at - label - 1
      if (length === 0 || length > MAX_LABEL_BYTES) return slowName(text.slice(from, to), wire)
      wire[label] = length
      label = at++
    } else {
      if (unit <= 0x20 || unit > 0x7e || unit === BACKSLASH) return slowName(text.slice(from, to), wire)
      wire[at++] = unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit
    }
  }
  const length = at - label - 1
  if (length === 0 || length > MAX_LABEL_BYTES) return slowName(text.slice(from, to), wire)
  wire[label] = length
  wire[at++] = 0
  return at
}

/** Escapes, and the words for what is wrong. */
function slowName(text: string, wire: Uint8Array): number | string {
  try {
    const name = parseName(text)
    if (name.labels === 0) return 'the root is not a host'
    wire.set(fromLatin1(name.key))
    return name.wire.length
  } catch (error) {
    if (!(error instanceof ChordnsError)) throw error
    return whatOf(error)
  }
}

function whatOf(error: ChordnsError): string {
  const detail = error.detail as { readonly what?: unknown }
  return typeof detail.what === 'string' ? detail.what : error.message
}
