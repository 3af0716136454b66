import { ChordnsError } from '../base/index.ts'

/** Where and why bytes from the wire are not what they should be. `offset` counts from the start of what was decoded. */
export interface MalformedDetail {
  readonly offset: number
  readonly what: string
}

/** Line and column count from 1; absent when the text is a single token or rdata. */
export interface BadTextDetail {
  readonly what: string
  readonly line?: number
  readonly column?: number
}

export function malformed(offset: number, what: string): ChordnsError<'DNS_MALFORMED', MalformedDetail> {
  return new ChordnsError('DNS_MALFORMED', `malformed DNS data at byte ${offset}: ${what}`, { offset, what })
}

export function badText(
  what: string,
  place?: { line: number; column: number },
): ChordnsError<'DNS_BAD_TEXT', BadTextDetail> {
  if (place === undefined) return new ChordnsError('DNS_BAD_TEXT', `bad DNS text: ${what}`, { what })
  const { line, column } = place
  const message = `bad DNS text in line ${line}, column ${column}: ${what}`
  return new ChordnsError('DNS_BAD_TEXT', message, { what, line, column })
}

/** The caller asked for a name, field or message longer than its wire form can be. */
export function tooLong(
  what: string,
  length: number,
  limit: number,
): ChordnsError<'DNS_TOO_LONG', { what: string; length: number; limit: number }> {
  return new ChordnsError('DNS_TOO_LONG', `${what} of ${length} exceeds ${limit}`, { what, length, limit })
}

/** The caller asked to encode what has no wire form, such as an extended rcode without EDNS. */
export function unencodable(what: string): ChordnsError<'DNS_UNENCODABLE', { what: string }> {
  return new ChordnsError('DNS_UNENCODABLE', what, { what })
}
