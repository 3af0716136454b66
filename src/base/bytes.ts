/** Small helpers over Uint8Array; no Node types, so that the pure rooms stay portable. */

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Unsigned lexicographic order; a prefix sorts first (RFC 4034 section 6.3). */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Of bytes that may come in pieces. */
export function piecesOf(bytes: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Throws a RangeError on anything but an even number of hex digits. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new RangeError(`not hex: ${text.slice(0, 80)}`)
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = 16 * digitAt(text, 2 * i) + digitAt(text, 2 * i + 1)
  return out
}

/** Of a hex digit, which is known to be one: `0` to `9` end in their value, letters of both cases in theirs less 9. */
function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return (code & 15) + (code > 64 ? 9 : 0)
}

/** Bytes as a string of code units 0-255: a compact Map key. */
export function latin1(bytes: Uint8Array): string {
  // Twice as fast, and flat; with many arguments it would exhaust the stack.
  if (bytes.length <= 1_024) return Reflect.apply(String.fromCharCode, undefined, bytes)
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export function fromLatin1(text: string): Uint8Array {
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i)
  return out
}
