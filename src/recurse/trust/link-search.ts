/**
 * Finds the links of the chain of trust that one validation needs. What is bad, or not settled, is seen by this validation alone;
 * it is remembered for all when no server has a better one.
 */
import { Rank } from '../../cache/index.ts'
import {
  Class,
  Ede,
  type ExtendedError,
  type Name,
  nameToText,
  parentName,
  type Question,
  sameName,
  Type,
} from '../../dns/index.ts'
import {
  anchorOf,
  type Claim,
  learn,
  linkOf,
  type Need,
  type ValidationContext,
  type Verdict,
  type ZoneSecurity,
  zoneLackingKey,
} from '../../dnssec/index.ts'
import { type Finding, type Outcome, outcomeTtl, type ProofLink } from '../../evidence/index.ts'
import { failed, isFailure, ours, type RecurseFailed } from '../job/failure.ts'
import { dsOfReferral } from '../job/referral.ts'
import { Copies } from './copies.ts'
import type { TrustEngine } from './engine.ts'
import { linkFromGiven } from './given.ts'
import type { ValidationTask } from './task.ts'
import type { Trust } from './trust.ts'

/** A link that is not good, and what was needed. */
interface BadLink {
  readonly need: Need
  readonly link: ZoneSecurity
  /** Nobody answered at all: that says nothing of the zone. */
  readonly failure?: RecurseFailed
}

export class LinkSearch {
  readonly #engine: TrustEngine
  readonly #trust: Trust
  readonly #task: ValidationTask
  readonly #bad = new Map<string, BadLink>()
  /** Keys that are being tried, or what they are tried by. */
  readonly #tried = new Map<string, ZoneSecurity>()
  readonly #copies = new Map<string, Copies>()
  /** The last copy of each set, and the zone by whose keys it was tried. */
  readonly #lastCopies = new Map<string, { readonly finding: Finding; readonly parent: Name }>()
  readonly #dsAskedAfresh = new Set<string>()

  constructor(engine: TrustEngine, trust: Trust, task: ValidationTask) {
    this.#engine = engine
    this.#trust = trust
    this.#task = task
  }

  context(): ValidationContext {
    const context = this.#trust.context()
    const { chain } = context
    const get = ({ key }: Name) => this.#bad.get(key)?.link ?? this.#tried.get(key)
    return { ...context, chain: { get: (name) => get(name) ?? chain.get(name) } }
  }

  /**
   * Finds the link; afterwards one is known, good or bad. Throws RECURSE_FAILED when a key set cannot be fetched, BUDGET_SPENT,
   * ABORTED.
   */
  async find(need: Need): Promise<void> {
    const link =
      this.#fromReferral(need) ??
      this.#fromGiven(need) ??
      (await this.#fromRingAtOnce(need)) ??
      (need.need === 'DS' ? await this.#ds(need) : await this.#keys(need))
    this.#report(need, link)
  }

  /**
   * After a bogus verdict: true when something was learned by which it may be another. Throws RECURSE_FAILED when the link that is
   * lacking could not be had, since that is no verdict.
   */
  async improve(verdict: Verdict & { verdict: 'bogus' }, claim: Claim): Promise<boolean> {
    if (verdict.at !== undefined) return this.#improveLink(verdict.at)
    const zone = zoneLackingKey(claim, this.context())
    return zone !== undefined && this.#trust.mayRenewKeys(zone) && this.#renewKeys(zone, claim)
  }

  async #improveLink(at: Name): Promise<boolean> {
    const bad = this.#bad.get(at.key)
    // Another question has found it so, a moment ago.
    if (bad === undefined) return false
    if (bad.failure !== undefined) throw bad.failure
    const link = await this.#nextCopy(bad.need)
    if (link !== undefined) {
      this.#keep(bad.need, link)
      this.#report(bad.need, link)
      return true
    }
    this.#settle(bad)
    return false
  }

  /** The DS set that came with the referral to a zone, if one is known: saves a question for each zone on the way. */
  #fromReferral(need: Need): ZoneSecurity | undefined {
    if (need.need !== 'DS') return undefined
    const { zone, parent } = need
    const { cache } = this.#engine.deps
    const now = this.#engine.now()
    const cached = cache.delegation(this.#task.context, zone, now)
    const isCached = cached !== undefined && sameName(cached.delegation.zone, zone)
    const known = isCached ? cached : this.#engine.agreed.get(zone, now)
    const said = known && dsOfReferral(known.delegation, parent)
    if (known === undefined || said === undefined) return undefined
    const link = this.#learn(need, said, (known.dsExpires - now) / 1000)
    if (isGood(link)) {
      this.#keep(need, link)
      return link
    }
    // It says nothing, or something false: the parent is asked, now and the next time.
    if (isCached) cache.dropDelegationDs(this.#task.context, zone)
    return undefined
  }

  #fromGiven(need: Need): ZoneSecurity | undefined {
    const given = this.#task.given && linkFromGiven(this.#trust, this.#task.given, need)
    if (given === undefined) return undefined
    this.#rememberGiven(given.link, given.proof)
    return this.#keep(need, given.link)
  }

  /** It stands alone, so this node can give it on with the answers that need it, without having asked for it. */
  #rememberGiven({ expires }: ZoneSecurity, { question, outcome }: ProofLink): void {
    const { cache } = this.#engine.deps
    const stored = this.#engine.now()
    const seconds = Math.min(outcomeTtl(outcome), expires - this.context().now)
    const kept = { rank: Rank.SECURE, side: 'ring', security: 'secure', provenance: 'solo' } as const
    cache.put(this.#task.context, { question, outcome, ...kept, stored, expires: stored + seconds * 1000 }, stored)
  }

  /** This walk began with an agreed delegation because the zones above did not answer, so they would not answer for their keys either. */
  async #fromRingAtOnce(need: Need): Promise<ZoneSecurity | undefined> {
    return this.#isBlocked ? this.#fromRing(need) : undefined
  }

  async #fromRing(need: Need): Promise<ZoneSecurity | undefined> {
    const outcome = await this.#task.agreedLink?.(need)
    if (outcome === undefined) return undefined
    const link = this.#learn(need, outcome)
    if (!isGood(link)) return undefined
    this.#keep(need, link)
    return link
  }

  /** What is not signed by the parent may be explained by a zone between: the next copy is asked for when it is not. */
  async #ds(need: Need): Promise<ZoneSecurity> {
    try {
      return this.#keep(need, (await this.#nextCopy(need)) ?? this.#unproven(need, nothingBetter(need)))
    } catch (error) {
      if (!isFailure(error)) throw error
      const agreed = this.#isBlocked ? undefined : await this.#fromRing(need)
      if (agreed !== undefined) return agreed
      const failure = notAnswered(need, error)
      const link = this.#unproven(need, failure.detail.ede[0]!)
      this.#bad.set(need.zone.key, { need, link, failure })
      return link
    }
  }

  #unproven({ parent }: Need, ede: ExtendedError): ZoneSecurity {
    const expires = this.context().now + this.#engine.limits.UNPROVEN_SECONDS
    return { status: 'unproven', under: parent, via: undefined, ede, expires }
  }

  async #keys(need: Need): Promise<ZoneSecurity> {
    let last: ZoneSecurity | undefined
    for (;;) {
      const finding = await this.#keysFinding(need)
      if (finding === undefined) break
      last = this.#learnFrom(need, finding)
      if (isGood(last) || last.expires <= this.context().now) return this.#keep(need, last)
      if (!speaksOfDs(last) || !(await this.#askDsAfresh(need.zone))) continue
      const again = this.#linkOf(need.zone)
      if (again?.status !== 'delegated') return again ?? last
      last = this.#learnFrom(need, finding)
      if (isGood(last)) return this.#keep(need, last)
    }
    if (last !== undefined) this.#settle({ need, link: last })
    const known = last ?? this.#linkOf(need.zone)
    return known!
  }

  /** Undefined when there is no further copy, or DS, asked for afresh, says that no keys are needed. */
  async #keysFinding(need: Need): Promise<Finding | undefined> {
    try {
      return await this.#copiesOf(need).next()
    } catch (error) {
      if (!isFailure(error)) throw error
      const agreed = this.#isBlocked ? undefined : await this.#fromRing(need)
      if (agreed !== undefined) return undefined
      if ((await this.#askDsAfresh(need.zone)) && this.#linkOf(need.zone)?.status !== 'delegated') return undefined
      throw notAnswered(need, error)
    }
  }

  /** A zone may have changed its keys, or have been unsigned, since its DS set was fetched. Once for each zone. True when DS has changed. */
  async #askDsAfresh(zone: Name): Promise<boolean> {
    const parent = this.#secureAbove(zone)
    if (parent === undefined || this.#isBlocked || this.#dsAskedAfresh.has(zone.key)) return false
    this.#dsAskedAfresh.add(zone.key)
    const need: Need = { need: 'DS', zone, parent }
    const before = this.#linkOf(zone)
    const copies = this.#copiesOf(need)
    copies.startAfresh()
    let isBad = false
    for (let asked = 0; asked < this.#engine.limits.DS_ASKED_AFRESH; asked++) {
      const finding = await copies.next(isBad)
      if (finding === undefined) return false
      const link = this.#learnFrom(need, finding)
      isBad = !isGood(link)
      if (isBad || isSameTrust(before, link)) continue
      this.#engine.deps.cache.dropDelegationDs(this.#task.context, zone)
      this.#keep(need, link)
      return true
    }
    return false
  }

  /** The data is signed by a key that the zone's set, as it is known, does not have: another server may have a newer set. */
  async #renewKeys(zone: Name, claim: Claim): Promise<boolean> {
    const need: Need = { need: 'DNSKEY', zone, parent: zone }
    if (!(await this.#goBackToDs(zone))) return false
    const copies = this.#copiesOf(need)
    copies.startAfresh()
    const trustedBy = this.#tried.get(zone.key)
    for (;;) {
      const finding = await copies.next(false)
      if (trustedBy === undefined) this.#tried.delete(zone.key)
      else this.#tried.set(zone.key, trustedBy)
      if (finding === undefined) break
      const link = this.#learnFrom(need, finding)
      if (link.status !== 'secure') continue
      this.#tried.set(zone.key, link)
      if (zoneLackingKey(claim, this.context()) !== undefined) continue
      this.#tried.delete(zone.key)
      this.#keep(need, link)
      return true
    }
    this.#tried.delete(zone.key)
    return false
  }

  /** For this search only, the keys of the zone count as not known yet. False when its DS cannot be had. */
  async #goBackToDs(zone: Name): Promise<boolean> {
    if (this.#anchorIsAt(zone)) return true
    const parent = this.#secureAbove(zone)
    if (parent === undefined) return false
    const need: Need = { need: 'DS', zone, parent }
    const now = this.#engine.now()
    const cached = this.#engine.deps.cache.delegation(this.#task.context, zone, now)
    const said = cached && sameName(cached.delegation.zone, zone) ? dsOfReferral(cached.delegation, parent) : undefined
    try {
      const link =
        said === undefined
          ? this.#learnFrom(need, await this.#task.fetch(questionOf(need), false, NOBODY))
          : this.#learn(need, said, (cached!.dsExpires - now) / 1000)
      if (link.status !== 'delegated') return false
      this.#tried.set(zone.key, link)
      return true
    } catch (error) {
      if (!isFailure(error)) throw error
      return false
    }
  }

  get #isBlocked(): boolean {
    return this.#task.finding.start === 'agreed'
  }

  #anchorIsAt(zone: Name): boolean {
    const anchor = anchorOf(zone, this.#trust.context())
    return anchor !== undefined && sameName(anchor.zone, zone)
  }

  /** The nearest zone above whose keys are known; undefined for a trust anchor's own zone. */
  #secureAbove(zone: Name): Name | undefined {
    if (this.#anchorIsAt(zone)) return undefined
    for (let at = zone; at.labels > 0; ) {
      at = parentName(at)
      if (this.#linkOf(at)?.status === 'secure') return at
    }
    return undefined
  }

  #linkOf(name: Name): ZoneSecurity | undefined {
    return linkOf(name, this.context())
  }

  #copiesOf(need: Need): Copies {
    const question = questionOf(need)
    const key = copiesKey(question)
    let copies = this.#copies.get(key)
    if (copies === undefined) {
      copies = new Copies(this.#engine, question, (fresh, avoid) => this.#task.fetch(question, fresh, avoid))
      this.#copies.set(key, copies)
    }
    return copies
  }

  async #nextCopy(need: Need): Promise<ZoneSecurity | undefined> {
    const key = copiesKey(questionOf(need))
    const { parent } = need
    const last = this.#lastCopies.get(key)
    if (last !== undefined && !sameName(last.parent, parent)) {
      // A zone was found between: the copy is not bad, it was tried by the keys of the wrong zone.
      this.#lastCopies.set(key, { ...last, parent })
      const link = this.#learnFrom(need, last.finding)
      if (isGood(link)) return link
    }
    const finding = await this.#copiesOf(need).next()
    if (finding === undefined) return undefined
    this.#lastCopies.set(key, { finding, parent })
    return this.#learnFrom(need, finding)
  }

  #learnFrom(need: Need, { outcome, expires }: Finding): ZoneSecurity {
    return this.#learn(need, outcome, (expires - this.#engine.now()) / 1000)
  }

  #learn(need: Need, outcome: Outcome, secondsLeft?: number): ZoneSecurity {
    return learn(need, outcome, this.context(), this.#task.budget, secondsLeft)
  }

  /** Good links are everybody's; a bad one is this search's. One that has expired already was lost on the way, and is asked for again. */
  #keep(need: Need, link: ZoneSecurity): ZoneSecurity {
    if (isGood(link)) {
      this.#bad.delete(need.zone.key)
      this.#trust.learnt(need.zone, link)
    } else if (link.expires > this.context().now) this.#bad.set(need.zone.key, { need, link })
    else this.#copies.delete(copiesKey(questionOf(need)))
    return link
  }

  /** No server has a better copy: so it is for all, for a short while. The copy itself is not found again. */
  #settle({ need, link }: BadLink): void {
    const { cache } = this.#engine.deps
    const question = questionOf(need)
    const context = this.#engine.zones.contextOf(question)
    this.#bad.delete(need.zone.key)
    this.#trust.learnt(need.zone, link)
    if (cache.get(context, question, this.#engine.now())?.security === 'indeterminate') cache.remove(context, question)
  }

  #report(need: Need, link: ZoneSecurity): void {
    const verdict = isGood(link) ? link.status : (link.ede.text ?? link.status)
    this.#task.onStep?.({ kind: 'validate', zone: need.zone, question: questionOf(need), verdict })
  }
}

const NOBODY: ReadonlySet<string> = new Set()

type Bad = Extract<ZoneSecurity, { status: 'bogus' | 'unproven' }>

function isGood(link: ZoneSecurity): link is Exclude<ZoneSecurity, Bad> {
  return link.status !== 'bogus' && link.status !== 'unproven'
}

/** True when the key set does not fit the DS set, or there is none: the DS set may be an old one. */
function speaksOfDs(link: ZoneSecurity): boolean {
  return link.status === 'bogus' && link.ede.code === Ede.DNSKEY_MISSING
}

function isSameTrust(a: ZoneSecurity | undefined, b: ZoneSecurity): boolean {
  if (a?.status !== 'delegated' || b.status !== 'delegated') return false
  const texts = (link: typeof b) => link.trust.ds.map((rdata) => rdata.join(' ')).sort()
  return texts(a).join('\n') === texts(b).join('\n')
}

function copiesKey({ name, type }: Question): string {
  return `${type} ${name.key}`
}

function nothingBetter({ zone, need }: Need): ExtendedError {
  return { code: Ede.DNSSEC_INDETERMINATE, text: `no server has a good copy of ${nameToText(zone)} ${need}` }
}

export function questionOf({ need, zone }: Need): Question {
  return { name: zone, type: need === 'DS' ? Type.DS : Type.DNSKEY, class: Class.IN }
}

function notAnswered({ need, zone }: Need, { message, detail }: RecurseFailed): RecurseFailed {
  const text = `no answer to ${nameToText(zone)} ${need}, which validation needs`
  const code = need === 'DNSKEY' ? Ede.DNSKEY_MISSING : Ede.DNSSEC_INDETERMINATE
  const ede: readonly ExtendedError[] = [{ code, text }, ...detail.ede]
  const error = failed(detail.reason, `${text}: ${message}`, ede)
  return detail.isOurs === true ? ours(error) : error
}
