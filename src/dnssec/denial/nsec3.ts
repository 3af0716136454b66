/** What NSEC3 records say: RFC 5155 sections 6 and 8, with the iteration limit of RFC 9276. */
import { type Budget, latin1 } from '../../base/index.ts'
import {
  firstLabel,
  isSubdomain,
  type Name,
  parentName,
  prependLabel,
  type RRset,
  sameName,
  suffixName,
  Type,
  viewRdata,
} from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { orMalformed } from '../signatures/rrsig.ts'
import { deniesType, endsZone, isDelegation } from './nsec.ts'
import { hashOfLabel, nsec3Hash, SHA1_BYTES } from './nsec3-hash.ts'

export interface Nsec3Record {
  readonly rrset: RRset
  /** Hashes are 20 octets as latin1 strings: their order is the order of the chain. */
  readonly owner: string
  readonly next: string
  readonly optOut: boolean
  readonly iterations: number
  readonly salt: Uint8Array
  readonly types: ReadonlySet<number>
}

const SHA1 = 1
const OPT_OUT = 1

/** Reads an NSEC3 set of `zone`; undefined for anything that must be ignored (RFC 5155 sections 8.1 and 8.2). */
export function readNsec3(rrset: RRset, zone: Name): Nsec3Record | undefined {
  const [rdata] = rrset.rdatas
  if (rdata === undefined || rrset.rdatas.length !== 1) return undefined
  // A hashed owner stands directly below the apex of its own zone (CVE-2026-10723).
  if (rrset.name.labels !== zone.labels + 1 || !sameName(parentName(rrset.name), zone)) return undefined
  const owner = hashOfLabel(firstLabel(rrset.name))
  const view = orMalformed(() => viewRdata(Type.NSEC3, rdata))
  if (owner === undefined || view === undefined || view.hashAlgorithm !== SHA1) return undefined
  if ((view.flags & ~OPT_OUT) !== 0 || view.nextHash.length !== SHA1_BYTES) return undefined
  const { iterations, salt } = view
  const optOut = (view.flags & OPT_OUT) !== 0
  return { rrset, owner, next: latin1(view.nextHash), optOut, iterations, salt, types: new Set(view.types) }
}

/** What was found of the closest encloser proof of RFC 5155 section 8.3. */
export interface Encloser {
  readonly name: Name
  /** The record at the closest encloser; for an expanded wildcard, whose signature shows the encloser, there is none. */
  readonly match: Nsec3Record
  /** The record that spans the name one label longer; undefined when there is none. */
  readonly cover: Nsec3Record | undefined
}

export type Nsec3Nodata =
  | { readonly proof: 'exact'; readonly types: ReadonlySet<number>; readonly used: readonly Nsec3Record[] }
  | { readonly proof: 'wildcard'; readonly used: readonly Nsec3Record[] }
  /** The name lies in an opt-out span: unsigned delegations may be there, and nothing is shown of them. */
  | { readonly proof: 'opt-out'; readonly used: readonly Nsec3Record[] }

/** The NSEC3 records of one zone, all of one chain: the same salt and iterations. Hashes are computed once and paid for. */
export class Nsec3Set {
  readonly #zone: Name
  readonly #records: readonly Nsec3Record[]
  readonly #iterations: number
  readonly #salt: Uint8Array
  readonly #budget: Budget
  readonly #hashes = new Map<string, string>()

  /** `records` must not be empty. While a zone changes its parameters there may be two chains; the first one's count. */
  constructor(zone: Name, records: readonly Nsec3Record[], budget: Budget) {
    const { iterations, salt } = records[0]!
    const saltKey = latin1(salt)
    this.#zone = zone
    this.#records = records.filter((record) => record.iterations === iterations && latin1(record.salt) === saltKey)
    this.#iterations = iterations
    this.#salt = salt
    this.#budget = budget
  }

  /** True when hashing as this zone wants it costs more than a validator has to pay (RFC 9276 section 3.2). */
  get tooManyIterations(): boolean {
    return this.#iterations > limits.MAX_NSEC3_ITERATIONS
  }

  get iterations(): number {
    return this.#iterations
  }

  /** Sections 8.5, 8.6, 8.7 and erratum 3441: the name has no such type. */
  nodata(name: Name, type: number): Nsec3Nodata | undefined {
    const exact = this.#matching(name)
    if (exact !== undefined) {
      return deniesType(exact.types, type, name) ? { proof: 'exact', types: exact.types, used: [exact] } : undefined
    }
    const encloser = this.#closestEncloser(name)
    if (encloser?.cover === undefined) return undefined
    const used = [encloser.match, encloser.cover]
    // Section 8.6: the span may hide an unsigned delegation, whatever a wildcard beside it has.
    if (type === Type.DS && encloser.cover.optOut) return { proof: 'opt-out', used }
    const wildcard = this.#matching(prependLabel('*', encloser.name))
    if (wildcard !== undefined) {
      if (isDelegation(wildcard.types) || !deniesType(wildcard.types, type, name)) return undefined
      // What an opt-out span hides may exist beside the wildcard.
      return { proof: encloser.cover.optOut ? 'opt-out' : 'wildcard', used: [...used, wildcard] }
    }
    return encloser.cover.optOut ? { proof: 'opt-out', used } : undefined
  }

  /** Section 8.4: neither the name nor a wildcard for it exists. `optOut`: but an unsigned delegation might. */
  nxdomain(name: Name): { readonly optOut: boolean; readonly used: readonly Nsec3Record[] } | undefined {
    const encloser = this.#matching(name) === undefined ? this.#closestEncloser(name) : undefined
    if (encloser?.cover === undefined) return undefined
    const wildcard = this.#covering(prependLabel('*', encloser.name))
    if (wildcard === undefined) return undefined
    return { optOut: encloser.cover.optOut, used: [encloser.match, encloser.cover, wildcard] }
  }

  /** Section 8.8: below `encloser`, where the signature says the wildcard stands, the next closer name does not exist. */
  expansion(name: Name, encloser: Name): Nsec3Record | undefined {
    return this.#covering(suffixName(name, encloser.labels + 1))
  }

  #closestEncloser(name: Name): Encloser | undefined {
    for (let labels = name.labels - 1; labels >= this.#zone.labels; labels--) {
      const candidate = suffixName(name, labels)
      const match = this.#matching(candidate)
      if (match === undefined) continue
      // The parent's side of a cut, and a DNAME, have no say in what is below them (section 8.3).
      if (endsZone(match.types)) return undefined
      return { name: candidate, match, cover: this.#covering(suffixName(name, labels + 1)) }
    }
    return undefined
  }

  #matching(name: Name): Nsec3Record | undefined {
    if (!isSubdomain(name, this.#zone)) return undefined
    const hash = this.#hash(name)
    return this.#records.find(({ owner }) => owner === hash)
  }

  #covering(name: Name): Nsec3Record | undefined {
    const hash = this.#hash(name)
    return this.#records.find(({ owner, next }) =>
      owner < next ? owner < hash && hash < next : owner < hash || hash < next,
    )
  }

  #hash(name: Name): string {
    const known = this.#hashes.get(name.key)
    if (known !== undefined) return known
    const hash = nsec3Hash(name, { iterations: this.#iterations, salt: this.#salt }, this.#budget)
    this.#hashes.set(name.key, hash)
    return hash
  }
}
