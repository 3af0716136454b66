/** Binary as text: base64 (RFC 4648 section 4) and base32hex without padding (section 7). */
import { badText } from '../errors.ts'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE32HEX = '0123456789ABCDEFGHIJKLMNOPQRSTUV'

export function toBase64(bytes: Uint8Array): string {
  const text = toDigits(bytes, BASE64, 6)
  return text + '='.repeat((4 - (text.length % 4)) % 4)
}

/** Throws DNS_BAD_TEXT on wrong digits, wrong padding, or bits left over that are not zero. */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw badText('base64 comes in groups of four characters')
  return fromDigits(text.replace(/={1,2}$/, ''), DIGITS_64, 6, 'base64')
}

export function toBase32hex(bytes: Uint8Array): string {
  return toDigits(bytes, BASE32HEX, 5)
}

export function fromBase32hex(text: string): Uint8Array {
  return fromDigits(text.toUpperCase(), DIGITS_32, 5, 'base32hex')
}

const DIGITS_64 = new Map([...BASE64].map((digit, value) => [digit, value]))
const DIGITS_32 = new Map([...BASE32HEX].map((digit, value) => [digit, value]))

function toDigits(bytes: Uint8Array, alphabet: string, width: number): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= width) {
      bits -= width
      text += alphabet[(held >> bits) & ((1 << width) - 1)]
    }
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet[(held << (width - bits)) & ((1 << width) - 1)]
}

function fromDigits(text: string, digits: ReadonlyMap<string, number>, width: number, what: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * width) / 8))
  let held = 0
  let bits = 0
  let at = 0
  for (const character of text) {
    const value = digits.get(character)
    if (value === undefined) throw badText(`not a ${what} digit: ${character}`)
    held = (held << width) | value
    bits += width
    if (bits >= 8) {
      bits -= 8
      out[at++] = held >> bits
      held &= (1 << bits) - 1
    }
  }
  // More bits over than a digit has means a digit too many; set bits would be lost.
  if (bits >= width || held !== 0) throw badText(`${what} that is no whole number of octets`)
  return out
}
