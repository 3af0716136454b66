/**
 * Carries CDS sets to the ledger (RFC 7344, as a parent does it): looks at the names that the operator told, again and again, and at those that
 * somebody names by NOTIFY (RFC 9859), once in a while. What is found is checked by the rules of the chain before anything is sent and paid for.
 */
import {
  type Cancel,
  type Clock,
  errorText,
  isChordnsError,
  type Log,
  latin1,
  type Random,
  sleep,
} from '../../base/index.ts'
import { encodeCanonical, sha256 } from '../../crypto/index.ts'
import { canonicalName, type Name, nameToText } from '../../dns/index.ts'
import { type CdsEvidence, cdsRefusal, type NameRecord, type Payload, updateByCdsPayload } from '../../ledger/index.ts'
import { limits } from './limits.ts'
import { Looks, type Watched } from './looks.ts'
import type { SentPayload } from './sending.ts'

/** A name of a chain that this node follows. */
export interface CarriedPlace {
  readonly zone: Name
  readonly chain: string
  readonly chainId: Uint8Array
  readonly label: Uint8Array
}

export interface CdsCarrierOptions {
  /** Names that the operator told. */
  readonly names: readonly Name[]
  /** Whether others may name some by NOTIFY. */
  readonly notified: boolean
  readonly everyMs: number
}

export interface CdsCarrierDeps {
  readonly clock: Clock
  readonly random: Pick<Random, 'below'>
  readonly log: Log
}

/** What a carrier does to the world; all reject with ChordnsErrors only. */
export interface CdsCarrierHooks {
  /** Owes undefined for names that no followed chain gives out. */
  readonly placeOf: (zone: Name) => CarriedPlace | undefined
  /** Owes what the newest header says of the name; undefined: nobody has it, or nothing is known now. */
  readonly recordOf: (place: CarriedPlace, signal: AbortSignal) => Promise<NameRecord | undefined>
  /** Owes what the servers of the zone have; undefined: nothing that could be carried. */
  readonly setsOf: (zone: Name, signal: AbortSignal) => Promise<CdsEvidence | undefined>
  readonly send: (chainId: Uint8Array, payload: Payload, signal: AbortSignal) => Promise<SentPayload>
}

/** Plain counters since the start. */
export interface CarrierStats {
  readonly looks: number
  readonly notified: number
  readonly notifiedRefused: number
  readonly sent: number
  readonly carried: number
}

interface Counted {
  digest: string
  readonly times: readonly number[]
}

export class CdsCarrier {
  readonly #deps: CdsCarrierDeps
  readonly #hooks: CdsCarrierHooks
  readonly #options: CdsCarrierOptions
  readonly #looks: Looks
  readonly #stopping = new AbortController()
  readonly #timers = new Map<boolean, Cancel>()
  readonly #busy = new Set<boolean>()
  /** By name: what was sent last, and when transactions were sent in the last day. */
  readonly #sent = new Map<string, Counted>()
  readonly #counts = { looks: 0, notified: 0, notifiedRefused: 0, sent: 0, carried: 0 }

  constructor(deps: CdsCarrierDeps, hooks: CdsCarrierHooks, options: CdsCarrierOptions) {
    this.#deps = deps
    this.#hooks = hooks
    this.#options = options
    this.#looks = new Looks(options.names, options.everyMs, deps.clock.monotonic())
  }

  start(): void {
    for (const isTold of [true, false]) this.#schedule(isTold)
  }

  stop(): void {
    this.#stopping.abort()
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  stats(): CarrierStats {
    return { ...this.#counts }
  }

  /** A NOTIFY(CDS): `from` can be forged. Undefined: this node listens to none for this name. */
  notified(name: Name, from: string): 'taken' | 'refused' | undefined {
    const zone = canonicalName(name)
    const now = this.#deps.clock.monotonic()
    const isTold = this.#looks.isTold(zone)
    if (!isTold && !this.#options.notified) return undefined
    if (isTold) this.#looks.soon(zone, now)
    else if (this.#hooks.placeOf(zone) === undefined || !this.#looks.add(zone, from, now)) {
      this.#counts.notifiedRefused++
      return 'refused'
    }
    this.#counts.notified++
    this.#schedule(isTold)
    return 'taken'
  }

  /** The operator's names do not wait for those that others have named: each of the two has a turn of its own. */
  #schedule(isTold: boolean): void {
    this.#timers.get(isTold)?.()
    const next = this.#looks.next(isTold)
    if (next === undefined || this.#busy.has(isTold) || this.#stopping.signal.aborted) return
    const wait = Math.max(next.due - this.#deps.clock.monotonic(), isTold ? 0 : limits.LOOK_GAP_MS)
    this.#timers.set(
      isTold,
      this.#deps.clock.after(wait, () => void this.#turn(next)),
    )
  }

  async #turn(one: Watched): Promise<void> {
    const { clock, log, random } = this.#deps
    this.#busy.add(one.isTold)
    let isSettled = false
    try {
      isSettled = await this.#look(one)
    } catch (error) {
      if (!isChordnsError(error)) log.warn({ error: errorText(error) }, 'a look at a CDS set failed unexpectedly')
      else if (error.code !== 'ABORTED')
        log.debug({ zone: nameToText(one.zone), code: error.code }, 'a look at a CDS set failed')
    }
    this.#busy.delete(one.isTold)
    this.#looks.looked(one, clock.monotonic(), isSettled, random.below(1_000) / 1_000)
    this.#schedule(one.isTold)
  }

  /** True: nothing more is to be expected of the name now. */
  async #look(one: Watched): Promise<boolean> {
    const { clock, random } = this.#deps
    this.#counts.looks++
    const place = this.#hooks.placeOf(one.zone)
    const payload = place && (await this.#payloadFor(place))
    if (payload === undefined) return place === undefined
    if (!this.#maySend(one, payload.digest)) return false
    await sleep(clock, random.below(Math.min(limits.JITTER_MS, this.#options.everyMs / 2) + 1), this.#stopping.signal)
    const again = await this.#payloadFor(place!)
    // Somebody else was first, or the set is another one now.
    if (again === undefined || again.digest !== payload.digest) return again === undefined
    const counted = this.#count(one.zone, payload.digest)
    this.#counts.sent++
    let sent: SentPayload
    try {
      sent = await this.#hooks.send(place!.chainId, payload.payload, this.#stopping.signal)
    } catch (error) {
      // Nobody took it: the same set may be sent once more.
      counted.digest = ''
      throw error
    }
    return this.#sentOne(one, place!, sent, counted)
  }

  /** True: nothing more is to be expected of the name now. */
  #sentOne(one: Watched, place: CarriedPlace, { transaction, outcome }: SentPayload, counted: Counted): boolean {
    const { log } = this.#deps
    const zone = nameToText(one.zone)
    if (outcome === undefined) {
      counted.digest = ''
      log.info({ zone, transaction }, 'a CDS set was sent, and is in no block yet')
      return false
    }
    if (outcome.code === 0) {
      this.#counts.carried++
      log.info({ zone, chain: place.chain, height: outcome.height }, 'a CDS set was carried: the name has other keys')
      return true
    }
    // Another transaction of this account came in between: the same set may be sent once more.
    if (outcome.code === NONCE) counted.digest = ''
    log.info({ zone, code: outcome.code, detail: outcome.detail }, 'a CDS set was carried, and did nothing')
    return outcome.code !== NONCE
  }

  /** What would do something on the ledger now; undefined: nothing would. */
  async #payloadFor(place: CarriedPlace) {
    const limit = new AbortController()
    const cancel = this.#deps.clock.after(limits.LOOK_TIMEOUT_MS, () => limit.abort())
    try {
      const signal = AbortSignal.any([limit.signal, this.#stopping.signal])
      const record = await this.#hooks.recordOf(place, signal)
      if (record?.settings?.updateByCds !== true) return undefined
      const evidence = await this.#hooks.setsOf(place.zone, signal)
      if (evidence === undefined) return undefined
      const now = Math.floor(this.#deps.clock.now() / 1_000)
      const refusal = cdsRefusal(evidence, record, place.zone, now)
      if (refusal !== undefined) {
        this.#deps.log.debug({ zone: nameToText(place.zone), refusal }, 'a CDS set is not carried')
        return undefined
      }
      const payload = updateByCdsPayload(place.label, evidence)
      // Signatures are made anew all the time; what is asked for is the set.
      const digest = latin1(sha256(encodeCanonical([[...evidence.cds], record.generation, record.newestCds])))
      return { payload, digest }
    } finally {
      cancel()
    }
  }

  #maySend({ zone, isTold }: Watched, digest: string): boolean {
    const since = this.#deps.clock.monotonic() - limits.DAY_MS
    const known = this.#sent.get(zone.key)
    const times = known?.times.filter((at) => at > since) ?? []
    if (known?.digest === digest && times.length > 0) return false
    return times.length < (isTold ? limits.A_DAY_TOLD : limits.A_DAY_NOTIFIED)
  }

  #count({ key }: Name, digest: string): Counted {
    const now = this.#deps.clock.monotonic()
    const times = (this.#sent.get(key)?.times ?? []).filter((at) => at > now - limits.DAY_MS)
    const counted = { digest, times: [...times, now] }
    this.#sent.delete(key)
    this.#sent.set(key, counted)
    if (this.#sent.size > limits.MAX_COUNTED) this.#sent.delete(this.#sent.keys().next().value!)
    return counted
  }
}

/** Code of a result: `ResultCode.NONCE`. */
const NONCE = 3
