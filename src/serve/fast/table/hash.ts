/**
 * HalfSipHash-1-3 (Aumasson, Bernstein: SipHash, appendix) over a name in lower case, word by word. Names come from outside, so the
 * hash is keyed: nobody can choose names that all have one home. One and three rounds, as hash tables elsewhere use (Rust, Python):
 * the hash is never shown to anybody.
 */

/** Four octets in lower case; lengths of labels are below "A", so that a whole name can go through it. */
export function lowered(word: number): number {
  const low = word & 0x7f7f7f7f
  const fromA = (low + 0x3f3f3f3f) | 0
  const aboveZ = (low + 0x25252525) | 0
  return word | (((fromA ^ aboveZ) & ~word & 0x80808080) >>> 2)
}

/** What is left of a name's last word: its octets beyond the name are 0. */
export function tailMask(nameBytes: number): number {
  const over = nameBytes & 3
  return over === 0 ? -1 : (1 << (8 * over)) - 1
}

/** The hash of a name that lies in `words[from..]` as `nameBytes` octets, little endian, the rest of its last word 0. */
export function hashWords(k0: number, k1: number, words: Int32Array, from: number, nameBytes: number): number {
  let v0 = k0
  let v1 = k1
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  const end = from + ((nameBytes + 3) >> 2)
  for (let at = from; at <= end; at++) {
    const message = at < end ? words[at]! : nameBytes << 24
    v3 ^= message
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= message
  }
  v2 ^= 0xff
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  return (v1 ^ v3) | 0
}

/** A name as lower-case words at `words[from..]`; the same that a worker makes of the octets of a query. */
export function nameWords(wire: Uint8Array, words: Int32Array, from: number): void {
  const count = (wire.length + 3) >> 2
  for (let i = 0; i < count; i++) {
    const at = i * 4
    const word =
      (wire[at] ?? 0) | ((wire[at + 1] ?? 0) << 8) | ((wire[at + 2] ?? 0) << 16) | ((wire[at + 3] ?? 0) << 24)
    words[from + i] = lowered(word)
  }
}
