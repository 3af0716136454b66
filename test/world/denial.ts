/** Denial proofs out of the NSEC or NSEC3 records that a signed zone carries. An unsigned zone proves nothing. */
import { createHash } from 'node:crypto'
import {
  canonicalName,
  compareNames,
  firstLabel,
  type Name,
  prependLabel,
  type RRset,
  sameName,
  suffixName,
} from '../../src/dns/index.ts'

interface Hashed {
  /** Base32hex, lower case: string order is hash order. */
  readonly hash: string
  readonly rrset: RRset
}

export class Denial {
  readonly #nsec: readonly RRset[]
  readonly #nsec3: readonly Hashed[]
  readonly #iterations: number
  readonly #salt: Uint8Array

  constructor(nsec: readonly RRset[], nsec3: readonly RRset[]) {
    this.#nsec = [...nsec].sort((a, b) => compareNames(a.name, b.name))
    this.#nsec3 = nsec3
      .map((rrset) => ({ hash: Buffer.from(firstLabel(rrset.name)).toString('latin1').toLowerCase(), rrset }))
      .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    // RFC 5155 section 3.2: algorithm, flags, iterations (2), salt length, salt.
    const rdata = nsec3[0]?.rdatas[0]
    this.#iterations = rdata === undefined ? 0 : rdata[2]! * 256 + rdata[3]!
    this.#salt = rdata === undefined ? new Uint8Array() : rdata.slice(5, 5 + rdata[4]!)
  }

  /** The name exists, the type does not; or an unsigned delegation. */
  nodata(owner: Name): RRset[] {
    if (this.#nsec.length > 0) return [this.#nsecAt(owner) ?? this.#nsecOver(owner)]
    if (this.#nsec3.length === 0) return []
    const match = this.#nsec3At(owner)
    return match === undefined ? this.#optOut(owner) : [match]
  }

  nameError(owner: Name, encloser: Name): RRset[] {
    const wildcard = prependLabel('*', encloser)
    if (this.#nsec.length > 0) return [this.#nsecOver(owner), this.#nsecOver(wildcard)]
    if (this.#nsec3.length === 0) return []
    return [...this.#closest(owner, encloser), this.#nsec3Over(wildcard)]
  }

  /** The wildcard was expanded: the name itself is not there. */
  expansion(owner: Name, encloser: Name): RRset[] {
    if (this.#nsec.length > 0) return [this.#nsecOver(owner)]
    if (this.#nsec3.length === 0) return []
    return [this.#nsec3Over(suffixName(owner, encloser.labels + 1))]
  }

  wildcardNodata(owner: Name, encloser: Name): RRset[] {
    const wildcard = prependLabel('*', encloser)
    if (this.#nsec.length > 0) return [this.#nsecAt(wildcard) ?? this.#nsecOver(wildcard), this.#nsecOver(owner)]
    if (this.#nsec3.length === 0) return []
    const match = this.#nsec3At(wildcard)
    return [...this.#closest(owner, encloser), ...(match === undefined ? [] : [match])]
  }

  #nsecAt(owner: Name): RRset | undefined {
    return this.#nsec.find(({ name }) => sameName(name, owner))
  }

  #nsecOver(owner: Name): RRset {
    return this.#nsec.findLast(({ name }) => compareNames(name, owner) < 0) ?? this.#nsec.at(-1)!
  }

  #nsec3At(owner: Name): RRset | undefined {
    const hash = this.#hash(owner)
    return this.#nsec3.find((entry) => entry.hash === hash)?.rrset
  }

  #nsec3Over(owner: Name): RRset {
    const hash = this.#hash(owner)
    return (this.#nsec3.findLast((entry) => entry.hash < hash) ?? this.#nsec3.at(-1)!).rrset
  }

  #closest(owner: Name, encloser: Name): RRset[] {
    const match = this.#nsec3At(encloser)
    return [...(match === undefined ? [] : [match]), this.#nsec3Over(suffixName(owner, encloser.labels + 1))]
  }

  /** RFC 5155 section 7.2.4: the closest provable encloser, and the opt-out span over the next closer name. */
  #optOut(owner: Name): RRset[] {
    for (let labels = owner.labels - 1; labels >= 0; labels--) {
      const encloser = suffixName(owner, labels)
      if (this.#nsec3At(encloser) !== undefined) return this.#closest(owner, encloser)
    }
    return []
  }

  #hash(owner: Name): string {
    return nsec3Hash(owner, this.#salt, this.#iterations)
  }
}

/** RFC 5155 section 5, as base32hex in lower case without padding. */
export function nsec3Hash(owner: Name, salt: Uint8Array, iterations: number): string {
  let digest = createHash('sha1').update(canonicalName(owner).wire).update(salt).digest()
  for (let i = 0; i < iterations; i++) digest = createHash('sha1').update(digest).update(salt).digest()
  return base32hex(digest)
}

const DIGITS = '0123456789abcdefghijklmnopqrstuv'

function base32hex(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += DIGITS[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + DIGITS[(held << (5 - bits)) & 31]
}
