/**
 * A zone owner by owner, with what makes it whole: keys, denial, signatures, and the digest of all (RFC 8976). Owners come in canonical order, which is the
 * order of the NSEC chain too, so that a zone of any size goes through; its apex is ready at the end. What a zone says is for anybody to see: NSEC, not NSEC3.
 */
import { compareBytes } from '../../base/index.ts'
import { growingSha384 } from '../../crypto/index.ts'
import {
  buildRdata,
  Class,
  canonicalRdata,
  coveredType,
  isSubdomain,
  type Name,
  type ResourceRecord,
  type RRset,
  soaView,
  Type,
} from '../../dns/index.ts'
import { recordHead, type SigningKey, signRRset, type TermRules, termAt } from './rrsig.ts'

/** All sets of one name. */
export interface OwnerSets {
  readonly name: Name
  readonly sets: readonly RRset[]
}

export interface UnfinishedZone {
  /** SOA and NS at least; neither keys nor digest. */
  readonly apex: OwnerSets
  /** In canonical order, each name once, without signatures and denial. */
  readonly others: Iterable<OwnerSets>
  /** Undefined: the zone is not signed. */
  readonly signing: ZoneSigning | undefined
}

export interface ZoneSigning {
  /** Each signs all that the zone has authority for; one is enough. */
  readonly keys: readonly SigningKey[]
  /** Unix seconds. */
  readonly now: number
  readonly terms: TermRules
  readonly dnskeyTtl: number
}

/** RFC 8976: scheme SIMPLE, SHA-384. */
const SIMPLE = 1
const SHA384 = 1

/** `sink` gets every owner but the apex, in order; the apex comes back, with the digest of all. */
export function finishZone(zone: UnfinishedZone, sink: (owner: OwnerSets) => void): OwnerSets {
  return new Finishing(zone, sink).run()
}

/** In canonical order: by type, and each type by its data. */
export function recordsOf({ name, sets }: OwnerSets): ResourceRecord[] {
  const records = sets.flatMap((set) => [
    ...set.rdatas.map((rdata) => ({ name, type: set.type, class: set.class, ttl: set.ttl, rdata })),
    ...set.signatures.map((rdata) => ({ name, type: Type.RRSIG, class: set.class, ttl: set.ttl, rdata })),
  ])
  return records
    .map((record) => ({ ...record, rdata: canonicalRdata(record.type, record.rdata) }))
    .sort((a, b) => a.type - b.type || compareBytes(a.rdata, b.rdata))
}

class Finishing {
  readonly #zone: UnfinishedZone
  readonly #apex: Name
  readonly #sink: (owner: OwnerSets) => void
  readonly #hash = growingSha384()
  readonly #serial: number
  readonly #negativeTtl: number
  #apexSets: readonly RRset[]
  /** The last name that the zone has authority for, and what came after it that it has none for. */
  #last: OwnerSets | undefined
  #glue: OwnerSets[] = []

  constructor(zone: UnfinishedZone, sink: (owner: OwnerSets) => void) {
    const { apex, signing } = zone
    this.#zone = zone
    this.#apex = apex.name
    this.#sink = sink
    const soa = apex.sets.find(({ type }) => type === Type.SOA)!
    const { serial, minimum } = soaView(soa.rdatas[0]!)
    this.#serial = serial
    // RFC 9077.
    this.#negativeTtl = Math.min(minimum, soa.ttl)
    const keys =
      signing &&
      setOf(
        apex.name,
        Type.DNSKEY,
        signing.dnskeyTtl,
        signing.keys.map(({ rdata }) => rdata),
      )
    this.#apexSets = keys === undefined ? apex.sets : [...apex.sets, keys]
  }

  run(): OwnerSets {
    let cut: Name | undefined
    for (const owner of this.#zone.others) {
      if (cut !== undefined && isSubdomain(owner.name, cut)) {
        this.#glue.push(owner)
        continue
      }
      this.#leaveLast(owner.name)
      cut = owner.sets.some(({ type }) => type === Type.NS) ? owner.name : undefined
      this.#last = owner
    }
    this.#leaveLast(this.#apex)
    return this.#withDigest()
  }

  /** `next`: who comes after it in the chain. */
  #leaveLast(next: Name): void {
    if (this.#last === undefined) {
      // ZONEMD is there in the end, and NSEC says so.
      const types = [...this.#apexSets.map(({ type }) => type), Type.ZONEMD]
      this.#apexSets = this.#signed(this.#apex, this.#apexSets, types, next)
      this.#digest({ name: this.#apex, sets: this.#apexSets })
      return
    }
    const { name, sets } = this.#last
    const isCut = sets.some(({ type }) => type === Type.NS)
    const types = sets.map(({ type }) => type).filter((type) => !isCut || type === Type.NS || type === Type.DS)
    this.#put({ name, sets: this.#signed(name, sets, types, next) })
    for (const owner of this.#glue) this.#put(owner)
    this.#glue = []
  }

  #put(owner: OwnerSets): void {
    this.#digest(owner)
    this.#sink(owner)
  }

  #signed(name: Name, sets: readonly RRset[], types: readonly number[], next: Name): readonly RRset[] {
    const { signing } = this.#zone
    if (signing === undefined) return sets
    const all = [...types, Type.NSEC, Type.RRSIG].sort((a, b) => a - b)
    const nsec = setOf(name, Type.NSEC, this.#negativeTtl, [buildRdata({ type: Type.NSEC, next, types: all })])
    const isOurs = (set: RRset) => all.includes(set.type) && (set.type !== Type.NS || name === this.#apex)
    return [...sets, nsec].map((set) => (isOurs(set) ? this.#sign(set, signing) : set))
  }

  #sign(set: RRset, { keys, now, terms }: ZoneSigning): RRset {
    const term = termAt(set.name, now, terms)
    return { ...set, signatures: keys.map((key) => signRRset(set, this.#apex, key, term)) }
  }

  #digest(owner: OwnerSets): void {
    for (const { rdata, ...record } of recordsOf(owner)) {
      if (record.type === Type.RRSIG && coveredType(rdata) === Type.ZONEMD) continue
      this.#hash.add(recordHead(record, rdata.length))
      this.#hash.add(rdata)
    }
  }

  #withDigest(): OwnerSets {
    const { signing } = this.#zone
    const digest = this.#hash.digest()
    const soa = this.#apexSets.find(({ type }) => type === Type.SOA)!
    const rdata = buildRdata({
      type: Type.ZONEMD,
      serial: this.#serial,
      scheme: SIMPLE,
      hashAlgorithm: SHA384,
      digest,
    })
    const set = setOf(this.#apex, Type.ZONEMD, soa.ttl, [rdata])
    return { name: this.#apex, sets: [...this.#apexSets, signing === undefined ? set : this.#sign(set, signing)] }
  }
}

function setOf(name: Name, type: number, ttl: number, rdatas: readonly Uint8Array[]): RRset {
  return { name, type, class: Class.IN, ttl, rdatas, signatures: [] }
}
