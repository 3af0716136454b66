/** Domain names as wire bytes: labels may hold any octet, case is kept, comparison is ASCII-caseless (RFC 4343). */
import { plain } from '../bytes.ts'
import { badText, malformed, tooLong } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Name, Question } from '../types.ts'

const { MAX_LABEL_BYTES, MAX_NAME_BYTES } = limits

/** ASCII lower case of each octet; all others are themselves. */
export const LOWER: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
)

export const ROOT: Name = { wire: new Uint8Array(1), key: '\0', labels: 0 }

/** Takes `wire` over; it must be a whole valid uncompressed name of that many labels. */
export function nameOfValidWire(wire: Uint8Array, labels: number): Name {
  // An Array, not a typed array, is what `apply` is fastest with: a third of the time of concatenating.
  const units = new Array<number>(wire.length)
  for (let i = 0; i < wire.length; i++) units[i] = LOWER[wire[i]!]!
  return { wire, key: String.fromCharCode.apply(null, units), labels }
}

/** Reads a whole uncompressed name; `wire` is copied. Throws DNS_MALFORMED unless it is exactly one name. */
export function nameFromWire(wire: Uint8Array): Name {
  const end = skipPlainName(wire, 0, wire.length)
  if (end !== wire.length) throw malformed(end, 'octets after the name')
  return nameOfValidWire(plain(wire).slice(), countLabels(wire, 0))
}

/** End of the uncompressed name at `offset`. Throws DNS_MALFORMED if it is not one or does not end before `limit`. */
export function skipPlainName(wire: Uint8Array, offset: number, limit: number): number {
  let at = offset
  for (;;) {
    if (at >= limit) throw malformed(at, 'the name ends early')
    const length = wire[at]!
    if (length > MAX_LABEL_BYTES) throw malformed(at, 'compression or an unknown label type where a plain name must be')
    at += length + 1
    if (at - offset > MAX_NAME_BYTES) throw malformed(offset, 'the name is longer than 255 octets')
    if (length === 0) return at
  }
}

export function countLabels(wire: Uint8Array, offset: number): number {
  let labels = 0
  for (let at = offset; wire[at] !== 0; at += wire[at]! + 1) labels++
  return labels
}

export function sameName(a: Name, b: Name): boolean {
  return a.key === b.key
}

/** Whatever the letters' case of the names. */
export function sameQuestion(a: Question, b: Question): boolean {
  return a.type === b.type && a.class === b.class && sameName(a.name, b.name)
}

/** True when `child` is `ancestor` or below it. */
export function isSubdomain(child: Name, ancestor: Name): boolean {
  const above = child.labels - ancestor.labels
  if (above < 0 || !child.key.endsWith(ancestor.key)) return false
  // The octets agree; they must also start at a label's border.
  return labelOffset(child.wire, above) === child.wire.length - ancestor.wire.length
}

/** Throws DNS_TOO_LONG at the root, which has no parent: a caller's error. */
export function parentName(name: Name): Name {
  return suffixName(name, name.labels - 1)
}

/** The last `labels` labels of the name, 0 being the root. */
export function suffixName(name: Name, labels: number): Name {
  if (labels === name.labels) return name
  if (labels === 0) return ROOT
  if (labels < 0 || labels > name.labels) throw tooLong('suffix of a name, in labels,', labels, name.labels)
  const offset = labelOffset(name.wire, name.labels - labels)
  return { wire: name.wire.subarray(offset), key: name.key.slice(offset), labels }
}

/** The leftmost label without its length octet; empty for the root. */
export function firstLabel(name: Name): Uint8Array {
  return name.wire.subarray(1, 1 + name.wire[0]!)
}

/** The same as `firstLabel`. */
export const childLabel = firstLabel

/** Labels from left to right, without the root. */
export function labelsOf(name: Name): Uint8Array[] {
  const labels: Uint8Array[] = []
  for (let at = 0; name.wire[at] !== 0; at += name.wire[at]! + 1) {
    labels.push(name.wire.subarray(at + 1, at + 1 + name.wire[at]!))
  }
  return labels
}

/**
 * The name one label below `name`. A string is taken as the octets of the label, without escapes.
 * Throws DNS_TOO_LONG when the label (1 to 63 octets) or the name would not be valid.
 */
export function prependLabel(label: Uint8Array | string, name: Name): Name {
  const { length } = label
  if (length === 0 || length > MAX_LABEL_BYTES) throw tooLong('label', length, MAX_LABEL_BYTES)
  if (name.wire.length + length + 1 > MAX_NAME_BYTES) {
    throw tooLong('name', name.wire.length + length + 1, MAX_NAME_BYTES)
  }
  const wire = new Uint8Array(length + 1 + name.wire.length)
  wire[0] = length
  if (typeof label !== 'string') wire.set(label, 1)
  else {
    for (let i = 0; i < length; i++) {
      const unit = label.charCodeAt(i)
      if (unit > 0xff) throw badText('a label of octets cannot hold this character')
      wire[i + 1] = unit
    }
  }
  wire.set(name.wire, length + 1)
  return nameOfValidWire(wire, name.labels + 1)
}

/** The deepest name that both are or lie below, with the case of `a`. */
export function commonAncestor(a: Name, b: Name): Name {
  for (let labels = Math.min(a.labels, b.labels); labels > 0; labels--) {
    const suffix = suffixName(a, labels)
    if (isSubdomain(b, suffix)) return suffix
  }
  return ROOT
}

/** The name in lower case (RFC 4034 section 6.2); the same object if it already is. */
export function canonicalName(name: Name): Name {
  const { wire } = name
  for (let i = 0; i < wire.length; i++) {
    if (LOWER[wire[i]!] !== wire[i])
      return { wire: wire.map((octet) => LOWER[octet]!), key: name.key, labels: name.labels }
  }
  return name
}

/** Canonical order, RFC 4034 section 6.1: label by label from the right, lower case, as unsigned octets. */
export function compareNames(a: Name, b: Name): number {
  const shared = Math.min(a.labels, b.labels)
  const offsetsA = labelOffsets(a.wire, scratchA)
  const offsetsB = labelOffsets(b.wire, scratchB)
  for (let i = 1; i <= shared; i++) {
    const difference = compareLabels(a.wire, offsetsA[a.labels - i]!, b.wire, offsetsB[b.labels - i]!)
    if (difference !== 0) return difference
  }
  return a.labels - b.labels
}

/** True when the leftmost label is a single asterisk (RFC 4592 section 2.1.1). */
export function isWildcard(name: Name): boolean {
  return name.wire[0] === 1 && name.wire[1] === 0x2a
}

/** Offset of the label after the first `labels` labels. */
function labelOffset(wire: Uint8Array, labels: number): number {
  let at = 0
  for (let i = 0; i < labels; i++) at += wire[at]! + 1
  return at
}

const scratchA = new Uint8Array(limits.MAX_LABELS + 1)
const scratchB = new Uint8Array(limits.MAX_LABELS + 1)

function labelOffsets(wire: Uint8Array, offsets: Uint8Array): Uint8Array {
  let count = 0
  for (let at = 0; wire[at] !== 0; at += wire[at]! + 1) offsets[count++] = at
  return offsets
}

function compareLabels(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  const lengthA = a[atA]!
  const lengthB = b[atB]!
  const length = Math.min(lengthA, lengthB)
  for (let i = 1; i <= length; i++) {
    const difference = LOWER[a[atA + i]!]! - LOWER[b[atB + i]!]!
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}
