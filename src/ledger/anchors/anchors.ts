/**
 * Which names are anchored on a ledger: asked for once and kept, so that a question for a known name causes no request. Proofs are renewed
 * behind the answer when the chain has gone on, and go on counting for a while when it cannot be asked, over restarts as well.
 */
import { type Clock, equalBytes, isChordnsError, type Log, RecentMap, unlessAborted } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import type { BlockHeader, FollowedChain, KeptProofs, LedgerView, ProvenState } from '../../chain/index.ts'
import { type Delegation, type Name, nameToText, suffixName } from '../../dns/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import { type Hidden, hiddenFrom, hiddenStateKey } from '../modules/governance/hidden.ts'
import { labelUnder, nameStateKey, zoneOf } from '../modules/names/label.ts'
import { decodeRecord } from '../modules/names/record.ts'
import { anchorFrom } from './from-record.ts'
import { HandsWatch } from './hands-watch.ts'
import { limits } from './limits.ts'
import type { Anchor, AnchorOptions, AnchorVerdict, Precedence, ProofNote } from './types.ts'

export interface AnchorDeps {
  /** Undefined on a node that follows no ledger. */
  readonly view: () => LedgerView | undefined
  /** Proofs of anchored names on disk; undefined: what is known ends with the process. */
  readonly kept?: (() => KeptProofs | undefined) | undefined
  readonly clock: Clock
  readonly log: Log
}

export interface AnchorHooks {
  /**
   * What was built on the keys of the zone is void; with `isOther`, so is all data at and below it: another owner has it, or none, or
   * the DNS had it before.
   */
  readonly onChanged: (zone: Name, isOther: boolean) => void
}

/** What is known of one registrable name. */
interface Known {
  /** Undefined: proven that nobody has it. */
  readonly anchor: Anchor | undefined
  /** What the policy of its TLD says of it; undefined: nothing. */
  readonly hidden: Hidden | undefined
  readonly proof: ProofNote
  /** Monotonic ms of the proof. */
  readonly at: number
  readonly place: Place
}

/** A registrable name in a TLD that has a ledger, or should. */
interface Place {
  readonly tld: string
  readonly tldName: Name
  readonly zone: Name
  readonly label: Uint8Array
  readonly precedence: Precedence
  readonly chain: FollowedChain | undefined
}

export class NameAnchors {
  readonly #deps: AnchorDeps
  readonly #hooks: AnchorHooks
  readonly #options: AnchorOptions
  /** By the key of the registrable name. */
  readonly #known: RecentMap<string, Known>
  readonly #contexts: RecentMap<CacheContext, Anchor>
  readonly #asked = new Map<string, Promise<Known | undefined>>()
  /** When a TLD's ledger gave no proof last, monotonic ms. */
  readonly #silent: RecentMap<string, number>
  /** Names that the DNS does not have, and until when (monotonic ms): with the precedence `dns`. */
  readonly #missing: RecentMap<string, number>
  readonly #hands: HandsWatch

  constructor(deps: AnchorDeps, hooks: AnchorHooks, options: AnchorOptions) {
    this.#deps = deps
    this.#hooks = hooks
    this.#options = options
    this.#known = new RecentMap({ max: limits.NAMES_REMEMBERED })
    this.#contexts = new RecentMap({ max: limits.NAMES_REMEMBERED })
    this.#missing = new RecentMap({ max: limits.NAMES_REMEMBERED })
    this.#silent = new RecentMap({ max: limits.LEDGERS_REMEMBERED })
    this.#hands = new HandsWatch(deps.log, {
      isOfUse: (chain) => this.#knownUnder(chain.name).length > 0,
      onChanged: (chain, labels, header) => this.#lookAgain(chain.name, labels, header),
    })
  }

  /** Undefined at once for names that are no ledger's; a verdict at once for what is known. Rejects with ABORTED only. */
  find(name: Name, signal: AbortSignal): AnchorVerdict | Promise<AnchorVerdict> | undefined {
    const place = this.#placeOf(name)
    if (place === undefined) return undefined
    if (place.precedence === 'dns' && !this.#isMissing(place)) {
      return { kind: 'dns', why: 'the DNS goes first', mayBeAnchored: true }
    }
    return this.#verdictOf(place, signal)
  }

  /** True when the next block of a ledger may say something else of the name than is known now. */
  concerns(name: Name): boolean {
    return this.#placeOf(name) !== undefined
  }

  /** The DNS has said that a name does not exist, for so many ms, whose TLD gives the DNS precedence. */
  async afterNxdomain(name: Name, ttlMs: number, signal: AbortSignal): Promise<AnchorVerdict | undefined> {
    const place = this.#placeOf(name)
    if (place?.precedence !== 'dns') return undefined
    const verdict = await this.#verdictOf(place, signal)
    if (verdict.kind === 'anchored') this.#missing.set(place.zone.key, this.#monotonic() + ttlMs)
    return verdict
  }

  /**
   * The name of a server that must be resolved on the way: what the ledger says of it is known afterwards. False: it is not the DNS's to
   * say where that server is, and nothing else is known. Undefined at once for names that are no ledger's. Rejects with ABORTED only.
   */
  learn(name: Name, signal: AbortSignal): Promise<boolean> | undefined {
    const found = this.find(name, signal)
    if (found === undefined) return undefined
    return Promise.resolve(found).then(({ kind }) => kind === 'anchored' || kind === 'dns')
  }

  /** The context of the anchored zone at or above a name, from what is known. */
  contextOf(name: Name): CacheContext | undefined {
    return this.#inForce(name)?.context
  }

  delegationOf(context: CacheContext): Delegation | undefined {
    return this.#contexts.get(context)?.delegation
  }

  anchoredAt(name: Name): TrustAnchor | undefined {
    const anchor = this.#inForce(name)
    return anchor === undefined ? undefined : { zone: anchor.zone, ds: anchor.ds, keys: [] }
  }

  #inForce(name: Name): Anchor | undefined {
    if (name.labels < 2) return undefined
    const { key } = suffixName(name, 2)
    if (!this.#known.has(key) && this.#deps.kept?.()?.has(key) !== true) return undefined
    const place = this.#placeOf(name)
    const known = place === undefined ? this.#known.get(key) : this.#knownOf(place)
    if (known?.anchor === undefined || this.#ageOf(known) > limits.ANCHOR_KEPT_MS) return undefined
    if (this.#isOver(known.anchor)) return undefined
    return place?.precedence === 'dns' && !this.#isMissing(place) ? undefined : known.anchor
  }

  /** A head is a minute old at most, so an end is seen a minute late at most. */
  #isOver({ until }: Anchor): boolean {
    return until <= this.#deps.clock.now() - limits.OVER_AFTER_MS
  }

  #knownUnder(tld: string): readonly [string, Known][] {
    return [...this.#known.entries()].filter(([, { proof }]) => proof.chain === tld)
  }

  /** What others hear of these names must be proven anew; undefined: of all that are known. So must what is over by the time of a header. */
  #lookAgain(tld: string, labels: readonly Uint8Array[] | undefined, header: BlockHeader): void {
    const changed = labels && new Set(labels.map((label) => zoneOf(tld, label).key))
    for (const [key, { anchor, proof, place }] of this.#knownUnder(tld)) {
      const isNamed = changed === undefined ? proof.height < header.height : changed.has(key)
      const isOver = anchor !== undefined && anchor.until <= header.time
      if (!isNamed && !isOver) continue
      // Another has it now: nothing of the old owner may be answered while the new record is on its way.
      if (isNamed && changed !== undefined && anchor !== undefined) this.#hooks.onChanged(anchor.zone, true)
      this.#prove(place).catch((error: unknown) => this.#failed(error))
    }
  }

  #placeOf(name: Name): Place | undefined {
    if (name.labels === 0) return undefined
    const view = this.#deps.view()
    if (view === undefined && this.#options.precedence.size === 0) return undefined
    const tldName = suffixName(name, 1)
    const tld = nameToText(tldName).slice(0, -1).toLowerCase()
    const chain = view?.chains().find((one) => one.name === tld)
    const precedence = this.#options.precedence.get(tld)
    if (chain === undefined && precedence === undefined) return undefined
    const zone = suffixName(name, Math.min(2, name.labels))
    const label = labelUnder(tld, zone) ?? NO_LABEL
    return { tld, tldName, zone, label, precedence: precedence ?? 'ledger', chain }
  }

  #verdictOf(place: Place, signal: AbortSignal): AnchorVerdict | Promise<AnchorVerdict> {
    if (place.label.length === 0) return notRegistered(place, 'no name that is given out', false)
    const known = this.#knownOf(place)
    const isCurrent = known !== undefined && this.#isCurrent(place, known)
    if (known !== undefined && (isCurrent || this.#mayNotWait(place, known))) {
      // The chain went on: the next question has it.
      if (!isCurrent) this.#prove(place).catch((error: unknown) => this.#failed(error))
      return this.#said(place, known)
    }
    return this.#prove(place, signal).then((proven) => this.#said(place, proven ?? this.#known.get(place.zone.key)))
  }

  /** An anchor that counts anyway is not kept waiting by a ledger that has just been silent: every question would be. */
  #mayNotWait({ tld }: Place, known: Known): boolean {
    const age = this.#ageOf(known)
    // Its time is over unless somebody has renewed it since.
    if (known.anchor !== undefined && this.#isOver(known.anchor)) return false
    if (age <= limits.RENEWED_BEHIND_MS) return true
    const silent = this.#silent.get(tld) ?? Number.NEGATIVE_INFINITY
    return known.anchor !== undefined && age <= limits.ANCHOR_KEPT_MS && this.#monotonic() - silent < limits.SILENCE_MS
  }

  /** Else from the disk, as old as its header. */
  #knownOf(place: Place): Known | undefined {
    const { zone, tld, label, chain } = place
    const known = this.#known.get(zone.key)
    if (known !== undefined || chain === undefined) return known
    const kept = this.#deps.kept?.()
    const proof = kept?.get(zone.key)
    const [answer] = proof?.answers ?? []
    const isOfName = answer !== undefined && isAbout(answer.keys, label)
    if (proof === undefined || !isOfName || !equalBytes(proof.header.chainId, chain.chainId)) return undefined
    const { log } = this.#deps
    try {
      const recalled = knownFrom({ ...proof, ...answer }, place, this.#timeOf(proof.header))
      this.#known.set(zone.key, recalled)
      if (recalled.anchor !== undefined) this.#contexts.set(recalled.anchor.context, recalled.anchor)
      return recalled
    } catch (error) {
      if (!isChordnsError(error, 'LEDGER_MALFORMED')) throw error
      log.debug({ chain: tld }, 'a kept record of a name cannot be read')
      kept?.delete(zone.key)
      return undefined
    }
  }

  #said(place: Place, known: Known | undefined): AnchorVerdict {
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#ageOf(known)
    if (known?.anchor !== undefined) {
      if (this.#isOver(known.anchor))
        return { kind: 'unreachable', why: `${place.tld} does not say whether it was renewed` }
      if (age <= limits.ANCHOR_KEPT_MS) {
        const { anchor, hidden } = known
        const isHeeded = hidden !== undefined && this.#options.hidden !== 'ignore'
        if (isHeeded) return { kind: 'hidden', tld: place.tldName, zone: anchor.zone, why: whyHidden(place, hidden) }
        const said = hidden && { ignored: whyHidden(place, hidden) }
        return { kind: 'anchored', anchor, isOld: age > limits.RENEWED_BEHIND_MS, ...said }
      }
      // Not given to the DNS: whoever keeps this node from the ledger would decide by whose keys the name is validated.
      return { kind: 'unreachable', why: `the ledger of ${place.tld} was not to be asked for too long` }
    }
    if (known !== undefined && age <= limits.ABSENCE_KEPT_MS)
      return notRegistered(place, `not registered at height ${known.proof.height} of ${place.tld}`, true)
    const why = `the ledger of ${place.tld} cannot be asked`
    // Its proof is too old to be looked at by what is trusted now.
    if (known === undefined && this.#deps.kept?.()?.has(place.zone.key) === true) return { kind: 'unreachable', why }
    const isClosed = place.precedence === 'ledger-only' || this.#options.unreachable === 'fail'
    return isClosed ? { kind: 'unreachable', why } : { kind: 'dns', why }
  }

  /** One request for each name at a time, whoever waits for it. Undefined: nothing was proven. */
  async #prove(place: Place, signal?: AbortSignal): Promise<Known | undefined> {
    const { key } = place.zone
    let work = this.#asked.get(key)
    if (work === undefined) {
      if (this.#asked.size >= limits.ASKED_AT_ONCE) return undefined
      work = this.#ask(place).finally(() => this.#asked.delete(key))
      this.#asked.set(key, work)
    }
    return signal === undefined ? work : unlessAborted(work, signal)
  }

  async #ask(place: Place): Promise<Known | undefined> {
    const { chain, zone, label, tld } = place
    const view = this.#deps.view()
    if (view === undefined || chain === undefined) return undefined
    this.#hands.watch(view)
    const keys = keysOf(label)
    const answer = await view.prove(chain.chainId, keys)
    if (answer.kind === 'unproven') {
      this.#silent.set(tld, this.#monotonic())
      this.#deps.log.debug({ chain: tld, reason: answer.reason }, 'no proof of a name')
      return undefined
    }
    // By an old head it is known what was so then: whoever withholds newer ones does not make it any newer.
    if (answer.fresh) this.#silent.delete(tld)
    else this.#silent.set(tld, this.#monotonic())
    try {
      const at = answer.fresh ? this.#monotonic() : this.#timeOf(answer.header)
      const known = knownFrom(answer, place, at)
      this.#keep(zone, known)
      const kept = this.#deps.kept?.()
      // That nobody has a name counts for an hour only, and anybody can ask for names that nobody has.
      if (known.anchor === undefined) kept?.delete(zone.key)
      else kept?.put(zone.key, answer.header, [{ keys, values: answer.values, proof: answer.proof }])
      return known
    } catch (error) {
      if (!isChordnsError(error, 'LEDGER_MALFORMED')) throw error
      this.#deps.log.warn({ chain: tld }, 'a name has a record that this release does not know: a newer one is needed')
      return undefined
    }
  }

  #keep(zone: Name, known: Known): void {
    const before = this.#known.get(zone.key)
    this.#known.set(zone.key, known)
    const [old, next] = [before?.anchor, known.anchor]
    if (next !== undefined) this.#contexts.set(next.context, next)
    const isHiddenAnew = before !== undefined && (before.hidden === undefined) !== (known.hidden === undefined)
    if (isHiddenAnew && this.#options.hidden !== 'ignore') this.#hooks.onChanged(zone, true)
    if (old?.context === next?.context) {
      if (old !== undefined && next !== undefined && !sameSet(old.ds, next.ds)) this.#hooks.onChanged(zone, false)
      return
    }
    if (old !== undefined) this.#contexts.delete(old.context)
    // Of a name that was not asked for before there is nothing but chain links, from questions around it.
    this.#hooks.onChanged(zone, before !== undefined)
  }

  #isCurrent({ chain }: Place, { proof }: Known): boolean {
    const head = chain && this.#deps.view()?.head(chain.chainId)
    return head?.fresh === true && head.height <= proof.height
  }

  #isMissing({ zone }: Place): boolean {
    return (this.#missing.get(zone.key) ?? 0) > this.#monotonic()
  }

  /** When a header was made, by the monotonic clock. */
  #timeOf({ time }: Pick<BlockHeader, 'time'>): number {
    return this.#monotonic() - Math.max(0, this.#deps.clock.now() - time)
  }

  #ageOf({ at }: Known): number {
    return this.#monotonic() - at
  }

  #monotonic(): number {
    return this.#deps.clock.monotonic()
  }

  #failed(error: unknown): void {
    this.#deps.log.debug({ failure: error }, 'renewing the proof of a name failed')
  }
}

const NO_LABEL = new Uint8Array()

/** What a proof of a name is asked for: its record, and whether its TLD hides it. What was kept by an earlier release has the first alone. */
function keysOf(label: Uint8Array): readonly Uint8Array[] {
  return [nameStateKey(label), hiddenStateKey(label)]
}

function isAbout(keys: readonly Uint8Array[], label: Uint8Array): boolean {
  const own = keysOf(label)
  return keys.length > 0 && keys.every((key, index) => own[index] !== undefined && equalBytes(key, own[index]))
}

function whyHidden({ tld, zone }: Place, { since, motion, reason, text }: Hidden): string {
  const words = text === '' ? reason : `${reason}: ${text}`
  return `${tld} hides ${nameToText(zone)} since ${new Date(since).toISOString()} by motion ${motion} (${words})`
}

/** `at`: monotonic ms. Throws LEDGER_MALFORMED. */
function knownFrom({ values, header, proof }: Proven, place: Place, at: number): Known {
  const hidden = values[1] === undefined ? undefined : hiddenFrom(place.label, values[1])
  const note: ProofNote = { chain: place.tld, height: header.height, time: header.time, bytes: proof.length }
  const value = values[0]
  const record = value === undefined ? undefined : decodeRecord(value)
  return { anchor: record && anchorFrom(record, place.zone, note), hidden, proof: note, at, place }
}

type Proven = Pick<ProvenState, 'values' | 'header' | 'proof'>

function notRegistered({ precedence, tldName }: Place, why: string, isProven: boolean): AnchorVerdict {
  return precedence === 'ledger-only' ? { kind: 'nothing', tld: tldName, why, isProven } : { kind: 'dns', why }
}

function sameSet(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((one, index) => equalBytes(one, b[index]!))
}
