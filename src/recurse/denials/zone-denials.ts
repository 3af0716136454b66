/** The validated NSEC and NSEC3 records of one zone, in the order of their chains, and what they say of a question. */
import { type Budget, latin1 } from '../../base/index.ts'
import { type Name, prependLabel, type Question, type RRset, suffixName, Type } from '../../dns/index.ts'
import {
  type Aggressive,
  aggressiveAnswer,
  dnssecLimits,
  hashPrice,
  type Nsec3Params,
  type Nsec3Record,
  Nsec3Set,
  type NsecRecord,
  nsec3Hash,
  nsecStatusOf,
  readNsec,
  readNsec3,
} from '../../dnssec/index.ts'
import type { Outcome } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { Ordered } from './ordered.ts'

/** An answer that nobody was asked for. `expires` is unix ms. */
export interface Denied {
  readonly outcome: Outcome
  readonly expires: number
}

interface Kept<T> {
  readonly record: T
  readonly expires: number
}

export interface ZoneDenialLimits {
  readonly DENIAL_RECORDS_PER_ZONE: number
  readonly DENIAL_HASHES: number
}

export class ZoneDenials {
  readonly zone: Name
  readonly #limits: ZoneDenialLimits
  readonly #nsec = new Ordered<Kept<NsecRecord>>()
  /** All of one chain: the parameters of `#params`. */
  readonly #nsec3 = new Ordered<Kept<Nsec3Record>>()
  readonly #wildcards = new Ordered<Kept<RRset>>()
  #params: Nsec3Params | undefined
  #soa: Kept<RRset> | undefined

  constructor(zone: Name, limits: ZoneDenialLimits) {
    this.zone = zone
    this.#limits = limits
  }

  /** Records kept. */
  get size(): number {
    return this.#nsec.size + this.#nsec3.size + this.#wildcards.size
  }

  /** The RRset must be validated: signed by this zone. `expires` bounds what its own TTL says. */
  learnProof(rrset: RRset, expires: number, now: number): void {
    if (bytesOf(rrset) > limits.DENIAL_RECORD_BYTES) return
    const kept = compact(rrset)
    const until = Math.min(expires, now + rrset.ttl * 1000)
    if (rrset.type === Type.NSEC) {
      const record = readNsec(kept, this.zone)
      if (record !== undefined && !spansNothing(record)) {
        this.#nsec.set(orderKey(record.owner), { record, expires: until })
      }
    } else if (rrset.type === Type.NSEC3) {
      const record = readNsec3(kept, this.zone)
      if (record !== undefined) this.#learnNsec3(record, until)
    }
    this.#bound()
  }

  /** Its minimum and TTL bound every absence (RFC 8198 section 5.4, RFC 9077): `expires` has both in it. */
  learnSoa(rrset: RRset, expires: number): void {
    if (bytesOf(rrset) > limits.DENIAL_RECORD_BYTES || expires < (this.#soa?.expires ?? 0)) return
    this.#soa = { record: compact(rrset), expires }
  }

  /** `rrset`: as it was expanded, validated with its proof. */
  learnWildcard(wildcard: Name, rrset: RRset, expires: number): void {
    if (bytesOf(rrset) > limits.DENIAL_RECORD_BYTES) return
    this.#wildcards.set(wildcardKey(wildcard, rrset.type), { record: compact(rrset), expires })
    this.#bound()
  }

  /** Undefined when the records show nothing, or when using them would cost more hashes than the budget has left. */
  answer(question: Question, now: number, budget: Budget): Denied | undefined {
    return this.#byNsec(question, now) ?? this.#byNsec3(question, now, budget)
  }

  #learnNsec3(record: Nsec3Record, expires: number): void {
    const { iterations, salt, owner, optOut } = record
    // An opt-out span may hide what exists (RFC 8198 section 5.2), and costly iterations are not worth it.
    if (optOut || iterations > dnssecLimits.MAX_NSEC3_ITERATIONS) return
    if (this.#params?.iterations !== iterations || latin1(this.#params.salt) !== latin1(salt)) {
      this.#nsec3.clear()
      this.#params = { iterations, salt }
    }
    this.#nsec3.set(owner, { record, expires })
  }

  #bound(): void {
    const { DENIAL_RECORDS_PER_ZONE } = this.#limits
    for (const records of [this.#nsec, this.#nsec3, this.#wildcards]) {
      if (records.size > DENIAL_RECORDS_PER_ZONE) records.deleteOldest()
    }
  }

  #byNsec(question: Question, now: number): Denied | undefined {
    const { name } = question
    const at = this.#nsecAt(name, now)
    if (at === undefined) return undefined
    const status = nsecStatusOf(name, [at.record])
    if (status === undefined) return undefined
    const wildcard = status.kind === 'missing' ? prependLabel('*', status.encloser) : undefined
    const besides = wildcard === undefined ? undefined : this.#nsecAt(wildcard, now)
    const used = besides === undefined || besides === at ? [at] : [at, besides]
    const found = aggressiveAnswer(question, { nsec: used.map(({ record }) => record), nsec3: undefined })
    if (found?.kind === 'absent') return this.#absence(found, used, now)
    return wildcard === undefined ? undefined : this.#expansion(question, wildcard, at, now)
  }

  /** The record at the name, or the one before it. */
  #nsecAt(name: Name, now: number): Kept<NsecRecord> | undefined {
    const key = orderKey(name)
    for (;;) {
      const kept = this.#nsec.floor(key)
      if (kept === undefined || kept.expires > now) return kept
      this.#nsec.delete(orderKey(kept.record.owner))
    }
  }

  /** The wildcard's set as it would be expanded for this name: RFC 8198 section 5.3. */
  #expansion({ name, type }: Question, wildcard: Name, cover: Kept<NsecRecord>, now: number): Denied | undefined {
    for (const one of type === Type.CNAME ? [type] : [type, Type.CNAME]) {
      const key = wildcardKey(wildcard, one)
      const kept = this.#wildcards.get(key)
      if (kept === undefined) continue
      if (kept.expires <= now) {
        this.#wildcards.delete(key)
        continue
      }
      const rrset = { ...kept.record, name }
      const outcome: Outcome = { kind: 'rrset', rrset, apex: this.zone, proofs: [cover.record.rrset] }
      return { outcome, expires: Math.min(kept.expires, cover.expires) }
    }
    return undefined
  }

  #byNsec3(question: Question, now: number, budget: Budget): Denied | undefined {
    const params = this.#params
    if (params === undefined || this.#nsec3.size === 0) return undefined
    // Each name is hashed here and again in the proof; a wildcard and the name itself come on top of the names above.
    const names = question.name.labels - this.zone.labels + 2
    const price = 2 * names * hashPrice(params.iterations, params.salt.length)
    if (price > this.#limits.DENIAL_HASHES || price > budget.left('hashes')) return undefined
    const used = this.#nsec3For(question.name, params, now, budget)
    if (used === undefined) return undefined
    const records = used.map(({ record }) => record)
    const found = aggressiveAnswer(question, { nsec: [], nsec3: new Nsec3Set(this.zone, records, budget) })
    return found?.kind === 'absent' ? this.#absence(found, used, now) : undefined
  }

  /** The record at the name; or the three of a closest encloser proof (RFC 5155 section 8.4), if they are all here. */
  #nsec3For(name: Name, params: Nsec3Params, now: number, budget: Budget): Kept<Nsec3Record>[] | undefined {
    let nextCloser: string | undefined
    for (let labels = name.labels; labels >= this.zone.labels; labels--) {
      const candidate = suffixName(name, labels)
      const hash = nsec3Hash(candidate, params, budget)
      const match = this.#live(this.#nsec3.get(hash), now)
      if (match === undefined) {
        nextCloser = hash
        continue
      }
      if (nextCloser === undefined) return [match]
      const cover = this.#live(this.#spanning(nextCloser), now)
      if (cover === undefined) return undefined
      const wildcard = this.#live(this.#spanning(nsec3Hash(prependLabel('*', candidate), params, budget)), now)
      return wildcard === undefined ? undefined : [match, cover, wildcard]
    }
    return undefined
  }

  /** The record at or before the hash; the chain is a ring. */
  #spanning(hash: string): Kept<Nsec3Record> | undefined {
    return this.#nsec3.floor(hash) ?? this.#nsec3.last()
  }

  #live(kept: Kept<Nsec3Record> | undefined, now: number): Kept<Nsec3Record> | undefined {
    if (kept === undefined || kept.expires > now) return kept
    this.#nsec3.delete(kept.record.owner)
    return undefined
  }

  #absence(
    { rcode, used }: Extract<Aggressive, { kind: 'absent' }>,
    kept: readonly Kept<unknown>[],
    now: number,
  ): Denied | undefined {
    // A client may keep an absence only with its SOA (RFC 2308 section 5).
    const soa = this.#soa
    if (soa === undefined || soa.expires <= now) return undefined
    const outcome: Outcome = { kind: 'absent', rcode, apex: this.zone, soa: soa.record, proofs: used }
    return { outcome, expires: Math.min(soa.expires, ...kept.map(({ expires }) => expires)) }
  }
}

/**
 * A string whose order is the canonical order of names (RFC 4034 section 6.1): labels from the right, each ended by an octet
 * that sorts below all that a label can hold.
 */
export function orderKey(name: Name): string {
  const labels: string[] = []
  for (let at = 0; name.key.charCodeAt(at) !== 0; ) {
    const end = at + 1 + name.key.charCodeAt(at)
    labels.push(name.key.slice(at + 1, end))
    at = end
  }
  let key = ''
  for (let i = labels.length - 1; i >= 0; i--) key += `${escaped(labels[i]!)}\0`
  return key
}

/** Without octet 0, and in the same order. */
function escaped(label: string): string {
  if (!label.includes('\0') && !label.includes('\u0001')) return label
  return label.replaceAll('\u0001', '\u0001\u0002').replaceAll('\0', '\u0001\u0001')
}

function wildcardKey({ key }: Name, type: number): string {
  return `${type} ${key}`
}

/** Signers that make records up as they are asked: such a one ends just behind its owner (RFC 9824 section 3.1). */
function spansNothing({ owner, next }: NsecRecord): boolean {
  return next.labels === owner.labels + 1 && next.wire[0] === 1 && next.wire[1] === 0 && next.key.endsWith(owner.key)
}

function bytesOf({ name, rdatas, signatures }: RRset): number {
  let bytes = name.wire.length
  for (const rdata of rdatas) bytes += rdata.length
  for (const rdata of signatures) bytes += rdata.length
  return bytes
}

/** A copy that keeps no message alive. */
function compact(rrset: RRset): RRset {
  return {
    ...rrset,
    rdatas: rrset.rdatas.map((rdata) => rdata.slice()),
    signatures: rrset.signatures.map((rdata) => rdata.slice()),
  }
}
