/** Padding of replies over TLS and HTTPS (RFC 7830, RFC 8467): whoever listens on the way sees how long they are, and nothing else. Pure. */
import { findOption, type Message, OptionCode, optionsOf } from '../../dns/index.ts'
import type { Protocol } from '../types.ts'

/** RFC 8467 section 4.1: replies are a multiple of this. */
const BLOCK_BYTES = 468
const OPTION_HEAD_BYTES = 4
const MOST_BYTES = 65_535

export function isEncrypted(protocol: Protocol): boolean {
  return protocol === 'tls' || protocol === 'https'
}

/** Only who pads is sent padding (RFC 7830 section 4). */
export function wantsPadding(query: Message): boolean {
  return findOption(optionsOf(query), OptionCode.PADDING) !== undefined
}

/** What the padding option carries in a reply that has `length` bytes without the option. */
export function paddingBytes(length: number): number {
  const least = length + OPTION_HEAD_BYTES
  const padding = (BLOCK_BYTES - (least % BLOCK_BYTES)) % BLOCK_BYTES
  return Math.max(0, Math.min(padding, MOST_BYTES - least))
}
