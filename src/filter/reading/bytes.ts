/** Lines, words and names in the bytes of a list. Lists are long: nothing here makes objects. */
import { domainToASCII } from 'node:url'

export const NEWLINE = 0x0a
export const HASH = 0x23
const DOT = 0x2e
/** RFC 1035 section 2.3.4. */
const MAX_LABEL_BYTES = 63
/** RFC 1035 section 2.3.4. */
const MAX_NAME_BYTES = 255

/** For each octet: its lower case where it may stand in the name of a host; else 0. */
const NAME_OCTET = Uint8Array.from({ length: 256 }, (_, octet) => {
  const lower = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
  const isLetter = lower >= 0x61 && lower <= 0x7a
  const isDigit = octet >= 0x30 && octet <= 0x39
  return isLetter || isDigit || octet === 0x2d || octet === 0x5f ? lower : 0
})

/** Space, tab, and the CR of files from elsewhere. */
export function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0d || octet === 0x0b || octet === 0x0c
}

/**
 * The name in `bytes[from..to)` as lower-case wire form: its length in `wire`, or 0 when it is no name of a host. A dot at the end is allowed. Names in other
 * scripts become their A-labels.
 */
export function readName(bytes: Uint8Array, from: number, to: number, wire: Uint8Array): number {
  const end = to - from > 1 && bytes[to - 1] === DOT ? to - 1 : to
  if (end - from + 2 > MAX_NAME_BYTES) return 0
  let label = 0
  let at = 1
  for (let i = from; i < end; i++) {
    const octet = bytes[i]!
    if (octet === DOT) {
      const length = at - label - 1
      if (length === 0 || length > MAX_LABEL_BYTES) return 0
      wire[label] = length
      label = at++
      continue
    }
    const lower = NAME_OCTET[octet]!
    if (lower === 0) return octet < 0x80 ? 0 : readForeignName(bytes, from, end, wire)
    wire[at++] = lower
  }
  const length = at - label - 1
  if (length === 0 || length > MAX_LABEL_BYTES) return 0
  wire[label] = length
  wire[at++] = 0
  return at
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function readForeignName(bytes: Uint8Array, from: number, to: number, wire: Uint8Array): number {
  let text: string
  try {
    text = domainToASCII(utf8.decode(bytes.subarray(from, to)))
  } catch {
    return 0
  }
  return text === '' ? 0 : readNameText(text, wire)
}

/** The same of a text; 0 when it is none. */
export function readNameText(text: string, wire: Uint8Array): number {
  const bytes = encoder.encode(text)
  return readName(bytes, 0, bytes.length, wire)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A line, or a part of it, as text. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to))
}

/** Whether the bytes are an IPv4 address in dotted decimal, or have a colon: what stands first in lines of hosts files. */
export function looksLikeAddress(bytes: Uint8Array, from: number, to: number): boolean {
  let dots = 0
  for (let i = from; i < to; i++) {
    const octet = bytes[i]!
    if (octet === 0x3a) return true
    if (octet === DOT) dots++
    else if (octet < 0x30 || octet > 0x39) return false
  }
  return dots === 3
}
