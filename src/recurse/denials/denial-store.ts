/**
 * What signed zones have said of names that do not exist, kept to answer for other such names without asking (RFC 8198).
 * Only what this node fetched itself and found secure gets in, each zone speaks for itself alone, and nothing outlives the
 * answer that it came with.
 */
import type { Budget } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import { isSubdomain, isWildcard, type Question, sameName, Type } from '../../dns/index.ts'
import type { Verdict } from '../../dnssec/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { type Denied, type ZoneDenialLimits, ZoneDenials } from './zone-denials.ts'

export interface DenialLimits extends ZoneDenialLimits {
  readonly DENIAL_RECORDS: number
}

type Secure = Extract<Verdict, { verdict: 'secure' }>

export class DenialStore {
  readonly #limits: DenialLimits
  /** By context and apex, the longest unused first. */
  readonly #zones = new Map<string, ZoneDenials>()
  #records = 0

  constructor(limits: DenialLimits) {
    this.#limits = limits
  }

  get records(): number {
    return this.#records
  }

  get zones(): number {
    return this.#zones.size
  }

  /** `finding`: as it was settled, with the verdict's own expiry. */
  learn(context: CacheContext, finding: Finding, verdict: Secure, now: number): void {
    const { outcome, expires } = finding
    const wildcard = outcome.kind === 'rrset' ? verdict.wildcard : undefined
    if (expires <= now || (outcome.kind === 'rrset' && wildcard === undefined)) return
    const { zone } = verdict
    const key = keyOf(context, zone.key)
    const store = this.#zones.get(key) ?? new ZoneDenials(zone, this.#limits)
    this.#zones.delete(key)
    const before = store.size
    for (const rrset of outcome.proofs) store.learnProof(rrset, expires, now)
    if (outcome.kind === 'absent') {
      if (outcome.soa !== undefined && sameName(outcome.soa.name, zone)) store.learnSoa(outcome.soa, expires)
    } else if (wildcard !== undefined && isSubdomain(wildcard, zone) && outcome.rrset.type !== Type.NSEC) {
      store.learnWildcard(wildcard, outcome.rrset, expires)
    }
    this.#records += store.size - before
    if (store.size > 0) this.#zones.set(key, store)
    this.#makeRoom()
  }

  /**
   * What the deepest zone known at or above the name says of the question. `cut`: labels of the deepest zone cut that is known
   * at or above the name; a zone above that cut cannot speak for the name. Draws hashes on the budget, never more than it has.
   */
  answer(context: CacheContext, question: Question, cut: number, now: number, budget: Budget): Denied | undefined {
    const { name, type } = question
    if (this.#records === 0 || type === Type.DS || type === Type.RRSIG || type === Type.ANY || isWildcard(name)) {
      return undefined
    }
    let at = 0
    for (let labels = name.labels; labels >= cut; labels--) {
      const key = keyOf(context, name.key.slice(at))
      const store = this.#zones.get(key)
      if (store !== undefined) {
        const before = store.size
        const found = store.answer(question, now, budget)
        this.#records += store.size - before
        this.#zones.delete(key)
        if (store.size > 0) this.#zones.set(key, store)
        return found
      }
      at += 1 + name.key.charCodeAt(at)
    }
    return undefined
  }

  clear(): void {
    this.#zones.clear()
    this.#records = 0
  }

  #makeRoom(): void {
    for (const [key, store] of this.#zones) {
      if (this.#records <= this.#limits.DENIAL_RECORDS) return
      this.#records -= store.size
      this.#zones.delete(key)
    }
  }
}

function keyOf(context: CacheContext, zoneKey: string): string {
  return `${context}\0${zoneKey}`
}
