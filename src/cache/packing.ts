/**
 * The body of a packed record: an outcome and its certificate, exact to the byte. Not a wire format: it never leaves the
 * process, so it has no version, and reading trusts what was written.
 *
 * Integers are varints. A name that is a byte-exact suffix of the question's lower-cased name is one byte (its labels), any
 * other is 0xff and its wire form: owners and apexes nearly always are such suffixes.
 */
import { type Name, nameFromWire, type RRset, suffixName } from '../dns/index.ts'
import { type Certificate, decodeCertificate, encodeCertificate, type Outcome } from '../evidence/index.ts'

const WHOLE_NAME = 0xff
const KIND_ABSENT = 1
const HAS_SOA = 2
const HAS_CERTIFICATE = 4
const IS_NXDOMAIN = 8

/** Grows as needed, is used again for each record: one allocation in the life of a cache. */
export class PackWriter {
  #bytes = new Uint8Array(4_096)
  #length = 0

  /** Valid until the next `pack`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get length(): number {
    return this.#length
  }

  /** Packs into this writer; `name` is the question's canonical (lower-cased) name. */
  pack(name: Name, outcome: Outcome, certificate: Certificate | undefined): void {
    this.#length = 0
    const absent = outcome.kind === 'absent'
    this.#integer(
      (absent ? KIND_ABSENT : 0) |
        (absent && outcome.soa !== undefined ? HAS_SOA : 0) |
        (certificate !== undefined ? HAS_CERTIFICATE : 0) |
        (absent && outcome.rcode === 3 ? IS_NXDOMAIN : 0),
    )
    this.#name(name, outcome.apex)
    if (outcome.kind === 'rrset') this.#rrset(name, outcome.rrset)
    else if (outcome.soa !== undefined) this.#rrset(name, outcome.soa)
    this.#integer(outcome.proofs.length)
    for (const proof of outcome.proofs) this.#rrset(name, proof)
    if (certificate !== undefined) this.#blob(encodeCertificate(certificate))
  }

  #rrset(name: Name, rrset: RRset): void {
    this.#name(name, rrset.name)
    this.#integer(rrset.type)
    this.#integer(rrset.class)
    this.#integer(rrset.ttl)
    this.#integer(rrset.rdatas.length)
    for (const rdata of rrset.rdatas) this.#blob(rdata)
    this.#integer(rrset.signatures.length)
    for (const signature of rrset.signatures) this.#blob(signature)
  }

  #name(base: Name, name: Name): void {
    if (isExactSuffix(base, name)) {
      this.#integer(name.labels)
      return
    }
    this.#reserve(1)
    this.#bytes[this.#length++] = WHOLE_NAME
    this.#blob(name.wire)
  }

  #blob(bytes: Uint8Array): void {
    this.#integer(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Base 128, low bits first; up to 2^53. */
  #integer(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** The inverse of `PackWriter.pack`. Byte fields are views into `body`. */
export function unpack(name: Name, body: Uint8Array): { outcome: Outcome; certificate: Certificate | undefined } {
  const reader = new PackReader(name, body)
  const flags = reader.integer()
  const apex = reader.name()
  const rrset = (flags & KIND_ABSENT) === 0 || (flags & HAS_SOA) !== 0 ? reader.rrset() : undefined
  const proofs = Array.from({ length: reader.integer() }, () => reader.rrset())
  const certificate = (flags & HAS_CERTIFICATE) !== 0 ? decodeCertificate(reader.blob()) : undefined
  if ((flags & KIND_ABSENT) !== 0) {
    const rcode = (flags & IS_NXDOMAIN) !== 0 ? 3 : 0
    return { outcome: { kind: 'absent', rcode, apex, soa: rrset, proofs }, certificate }
  }
  return { outcome: { kind: 'rrset', rrset: rrset!, apex, proofs }, certificate }
}

class PackReader {
  readonly #base: Name
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(base: Name, bytes: Uint8Array) {
    this.#base = base
    this.#bytes = bytes
  }

  rrset(): RRset {
    return {
      name: this.name(),
      type: this.integer(),
      class: this.integer(),
      ttl: this.integer(),
      rdatas: Array.from({ length: this.integer() }, () => this.blob()),
      signatures: Array.from({ length: this.integer() }, () => this.blob()),
    }
  }

  name(): Name {
    if (this.#bytes[this.#offset] !== WHOLE_NAME) return suffixName(this.#base, this.integer())
    this.#offset++
    return nameFromWire(this.blob())
  }

  blob(): Uint8Array {
    const length = this.integer()
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length)
    this.#offset += length
    return bytes
  }

  integer(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#bytes[this.#offset++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }
}

/** A name has at most 127 labels, so its count never meets the marker of a whole name. */
function isExactSuffix(base: Name, name: Name): boolean {
  const shift = base.wire.length - name.wire.length
  if (shift < 0 || name.labels > base.labels) return false
  let start = 0
  for (let label = base.labels; label > name.labels; label--) start += base.wire[start]! + 1
  if (start !== shift) return false
  for (let i = 0; i < name.wire.length; i++) if (base.wire[shift + i] !== name.wire[i]) return false
  return true
}
