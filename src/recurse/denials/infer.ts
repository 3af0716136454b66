/** What validated data already says of a question that nobody was asked: RFC 8198 (aggressive use), RFC 8020 (NXDOMAIN cut). */
import { RecentMap } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import { type Name, suffixName, Type } from '../../dns/index.ts'
import { aggressiveAnswer, hashPrice, readNsec3, readProofs, type Verdict } from '../../dnssec/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import type { Engine } from '../job/engine.ts'
import type { RecurseRequest } from '../job/types.ts'
import type { Trust } from '../trust/trust.ts'
import { DenialStore } from './denial-store.ts'
import type { Denied } from './zone-denials.ts'

export class Inference {
  readonly #engine: Engine
  readonly #trust: Trust
  readonly #denials: DenialStore
  /** Names that do not exist, by context, with the zone that has signed so. The proof is in the cache. */
  readonly #missing: RecentMap<string, Name>
  #validFor = ''

  constructor(engine: Engine, trust: Trust) {
    this.#engine = engine
    this.#trust = trust
    this.#denials = new DenialStore(engine.limits)
    this.#missing = new RecentMap({ max: engine.limits.MISSING_REMEMBERED })
  }

  /** Records kept to answer from, and the zones they are of. */
  get size(): { readonly records: number; readonly zones: number } {
    return { records: this.#denials.records, zones: this.#denials.zones }
  }

  /** `finding`: as `keepVerdict` returned it. `own`: fetched by this node, so that other names may be answered from it, too. */
  learn(context: CacheContext, finding: Finding, verdict: Verdict, own: boolean): void {
    if (!this.#trust.isAggressive || verdict.verdict !== 'secure') return
    this.#renew()
    const { question, outcome } = finding
    if (outcome.kind === 'absent' && outcome.rcode === 3) this.#missing.set(keyOf(context, question.name), verdict.zone)
    // What comes from a peer may be old, if its signatures still hold: then it is good for its own question alone.
    if (own) this.#denials.learn(context, finding, verdict, this.#engine.now())
  }

  /** Always secure. Nothing for those who want to see the world (`fresh`, CD=1), or to vouch for what they saw (`own`). */
  answer(request: RecurseRequest, context: CacheContext): Finding | undefined {
    const { question, onStep } = request
    if (!this.#trust.isAggressive || request.checkingDisabled || request.fresh === true || request.origin === 'own') {
      return undefined
    }
    if (this.#trust.isExempt(question.name)) return undefined
    this.#renew()
    const cut = this.#deepestCut(context, question.name)
    const found =
      this.#denials.answer(context, question, cut, this.#engine.now(), request.budget) ??
      this.#belowMissing(request, context, cut)
    if (found === undefined) return undefined
    onStep?.({ kind: 'cache', question, what: 'denial', detail: describe(found.outcome) })
    const evidence = { security: 'secure', provenance: 'solo', observers: [] } as const
    return { question, outcome: found.outcome, evidence, expires: found.expires, inferred: true }
  }

  /** Below a name that does not exist there is nothing; shown again by the same proofs, or not at all. */
  #belowMissing({ question, budget }: RecurseRequest, context: CacheContext, cut: number): Denied | undefined {
    const { name, type } = question
    if (this.#missing.size === 0 || isNeverInferred(type)) return undefined
    for (let labels = name.labels - 1; labels > cut; labels--) {
      const above = suffixName(name, labels)
      const zone = this.#missing.get(keyOf(context, above))
      if (zone === undefined || zone.labels < cut) continue
      const entry = this.#engine.deps.cache.get(context, { ...question, name: above }, this.#engine.now())
      if (entry?.security !== 'secure' || entry.outcome.kind !== 'absent' || entry.outcome.rcode !== 3) continue
      const { proofs, soa } = entry.outcome
      const price = priceOf(proofs, zone, name)
      if (price > this.#engine.limits.DENIAL_HASHES || price > budget.left('hashes')) continue
      const found = aggressiveAnswer(question, readProofs(proofs, zone, budget))
      if (found?.kind !== 'absent') continue
      return {
        outcome: { kind: 'absent', rcode: found.rcode, apex: entry.outcome.apex, soa, proofs: found.used },
        expires: entry.expires,
      }
    }
    return undefined
  }

  #deepestCut(context: CacheContext, name: Name): number {
    const known = this.#engine.deps.cache.delegation(context, name, this.#engine.now())
    return Math.max(known?.delegation.zone.labels ?? 0, this.#trust.deepestCut(name))
  }

  /** A flush, or other anchors, leave nothing that could be inferred from. */
  #renew(): void {
    const validFor = `${this.#engine.deps.cache.generation} ${this.#trust.epoch}`
    if (validFor === this.#validFor) return
    this.#validFor = validFor
    this.#denials.clear()
    this.#missing.clear()
  }
}

function isNeverInferred(type: number): boolean {
  return type === Type.DS || type === Type.RRSIG || type === Type.ANY
}

/** Hashes that the proof costs for this name. */
function priceOf(proofs: Outcome['proofs'], zone: Name, name: Name): number {
  for (const proof of proofs) {
    const record = proof.type === Type.NSEC3 ? readNsec3(proof, zone) : undefined
    if (record !== undefined) return (name.labels - zone.labels + 2) * hashPrice(record.iterations, record.salt.length)
  }
  return 0
}

function keyOf(context: CacheContext, name: Name): string {
  return `${context}\0${name.key}`
}

function describe(outcome: Outcome): string {
  if (outcome.kind === 'rrset') return 'a wildcard covers the name'
  return outcome.rcode === 3 ? 'the name is shown not to exist' : 'the type is shown not to exist'
}
