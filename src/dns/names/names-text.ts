/** Presentation form of names: RFC 1035 section 5.1, RFC 4343 section 2.1. */
import { badText } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Name } from '../types.ts'
import { nameOfValidWire, ROOT } from './names.ts'

const { MAX_LABEL_BYTES, MAX_NAME_BYTES } = limits
const DOT = 0x2e
const BACKSLASH = 0x5c

/** The name being parsed: copied out before the next one begins. */
const parsed = new Uint8Array(MAX_NAME_BYTES)

/**
 * Reads a name such as `www.example.com.`; `\DDD` is an octet by its decimal number, `\X` the character X itself.
 * Without a final dot the labels of `origin` follow. Throws DNS_BAD_TEXT; an international name must come as A-labels.
 */
export function parseName(text: string, origin: Name = ROOT): Name {
  if (text === '.') return ROOT
  if (text === '') throw badText('an empty name')
  let labels = 0
  let start = 0
  let at = 1
  for (let i = 0; i < text.length; ) {
    let unit = text.charCodeAt(i)
    if (unit === DOT) {
      closeLabel(start, at, text)
      labels++
      start = at++
      i++
      continue
    }
    if (unit > 0x7e || unit < 0x20) throw badText(`a name takes printable ASCII, other octets as \\DDD: ${shown(text)}`)
    if (unit === BACKSLASH) {
      const escaped = readEscape(text, i)
      unit = escaped.octet
      i = escaped.next
    } else i++
    if (at >= MAX_NAME_BYTES) throw badText(`the name is longer than 255 octets: ${shown(text)}`)
    parsed[at++] = unit
  }
  if (at === start + 1) {
    parsed[start] = 0
    return nameOfValidWire(parsed.slice(0, at), labels)
  }
  closeLabel(start, at, text)
  if (at + origin.wire.length > MAX_NAME_BYTES) throw badText(`the name is longer than 255 octets: ${shown(text)}`)
  parsed.set(origin.wire, at)
  return nameOfValidWire(parsed.slice(0, at + origin.wire.length), labels + 1 + origin.labels)
}

/** Always absolute, with the final dot. Octets outside of printable ASCII are `\DDD`; `parseName` reads it back exactly. */
export function nameToText(name: Name): string {
  const { wire } = name
  if (wire.length === 1) return '.'
  let text = ''
  for (let at = 0; wire[at] !== 0; ) {
    const end = at + 1 + wire[at]!
    for (let i = at + 1; i < end; i++) text += LABEL_TEXT[wire[i]!]
    text += '.'
    at = end
  }
  return text
}

/** One escape at `text[at]`, a backslash: the octet it stands for and the index after it. */
export function readEscape(text: string, at: number): { octet: number; next: number } {
  const digits = /^\d{3}/.exec(text.slice(at + 1, at + 4))
  if (digits !== null) {
    const octet = Number(digits[0])
    if (octet > 0xff) throw badText(`\\${digits[0]} is not an octet`)
    return { octet, next: at + 4 }
  }
  const octet = text.charCodeAt(at + 1)
  if (Number.isNaN(octet) || octet > 0x7e || octet < 0x20 || (octet >= 0x30 && octet <= 0x39)) {
    throw badText(`a backslash needs three digits or one printable character after it: ${shown(text)}`)
  }
  return { octet, next: at + 2 }
}

export function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}

function closeLabel(start: number, end: number, text: string): void {
  const length = end - start - 1
  if (length === 0) throw badText(`an empty label: ${shown(text)}`)
  if (length > MAX_LABEL_BYTES) throw badText(`a label is longer than 63 octets: ${shown(text)}`)
  if (end >= MAX_NAME_BYTES) throw badText(`the name is longer than 255 octets: ${shown(text)}`)
  parsed[start] = length
}

export function decimalEscape(octet: number): string {
  return `\\${octet.toString().padStart(3, '0')}`
}

/** What zone files give a meaning to is escaped, as BIND and dig do. */
const LABEL_TEXT = Array.from({ length: 256 }, (_, octet) => {
  if (octet < 0x21 || octet > 0x7e) return decimalEscape(octet)
  const character = String.fromCharCode(octet)
  return '"().;@$\\'.includes(character) ? `\\${character}` : character
})
