/** Keeps a trust anchor up to date as its zone changes its keys: asks, steps the state machine of RFC 5011, stores. */
import { aborted, Budget, type Cancel, type Clock, errorText, type Log } from '../../base/index.ts'
import { Class, type RRset, Type } from '../../dns/index.ts'
import {
  followedAnchor,
  followKeys,
  type Rollover,
  type RolloverStep,
  rolloverFromText,
  rolloverToText,
  startRollover,
  type TrustAnchor,
  type ValidationContext,
} from '../../dnssec/index.ts'
import type { Recursor } from '../job/types.ts'
import { limits } from '../limits.ts'

export interface AnchorFollowerDeps {
  /** What the operator, or the program itself, vouches for. Its zone is followed. */
  readonly configured: TrustAnchor
  readonly rules: Pick<ValidationContext, 'algorithms' | 'digests'>
  readonly clock: Clock
  readonly log: Log
  /** What `save` stored last; undefined at the first start. */
  readonly stored: string | undefined
}

export interface AnchorFollowerHooks {
  /** The recursor of now: a change of the configuration makes a new one. */
  readonly recursor: () => Pick<Recursor, 'resolve'>
  /** False while nobody validates by this anchor: then nothing is asked. */
  readonly isNeeded: () => boolean
  /** Resolves when the text is on disk. What it rejects with is logged, and it is called again at the next look. */
  readonly save: (text: string) => Promise<void>
  /** A key that counted counts no more: what was validated by it must go. */
  readonly onRevoked: () => void
}

export class AnchorFollower {
  readonly #deps: AnchorFollowerDeps
  readonly #hooks: AnchorFollowerHooks
  readonly #stopped = new AbortController()
  #rollover: Rollover
  #anchors: readonly TrustAnchor[]
  #isSaved = true
  #cancel: Cancel | undefined

  /** Throws DNSSEC_BAD_STATE: a revocation must not be forgotten because a file was damaged. */
  constructor(deps: AnchorFollowerDeps, hooks: AnchorFollowerHooks) {
    const { configured, stored } = deps
    const start = startRollover(configured.zone)
    this.#deps = deps
    this.#hooks = hooks
    this.#rollover = stored === undefined ? start : rolloverFromText(start, stored)
    this.#anchors = [followedAnchor(this.#rollover, configured)]
  }

  /** What to validate by now: the same object until it changes. */
  readonly anchors = (): readonly TrustAnchor[] => this.#anchors

  /** Asks soon, and then at the intervals of RFC 5011 section 2.3, until `stop`. */
  start(): void {
    this.#schedule(limits.ANCHOR_FIRST_MS)
  }

  stop(): void {
    this.#stopped.abort()
    this.#cancel?.()
  }

  /** One look at the keys. Resolves with the ms until the next. Rejects with ABORTED only. */
  async refresh(): Promise<number> {
    if (!this.#hooks.isNeeded()) return limits.ANCHOR_RETRY_MS
    try {
      const set = await this.#fetch()
      if (set === undefined) return this.#failed('the zone has no key set')
      const step = this.#step(set)
      if (!this.#isSaved) await this.#save()
      return step.againSeconds * 1000
    } catch (error) {
      if (this.#stopped.signal.aborted) throw aborted(this.#stopped.signal)
      return this.#failed(errorText(error))
    }
  }

  #failed(error: string): number {
    this.#deps.log.warn({ error }, 'the keys of the trust anchor could not be looked at, or not be stored')
    return limits.ANCHOR_RETRY_MS
  }

  #schedule(delayMs: number): void {
    if (this.#stopped.signal.aborted) return
    this.#cancel = this.#deps.clock.after(delayMs, () => {
      this.refresh().then(
        (againMs) => this.#schedule(againMs),
        // Stopped: there is no next time.
        () => {},
      )
    })
  }

  async #fetch(): Promise<RRset | undefined> {
    const { configured } = this.#deps
    const { outcome } = await this.#hooks.recursor().resolve({
      question: { name: configured.zone, type: Type.DNSKEY, class: Class.IN },
      budget: this.#budget(),
      signal: this.#stopped.signal,
      origin: 'any',
      // `followKeys` checks it by what the set says of itself: a key may revoke itself in a set that nobody else vouches for.
      checkingDisabled: true,
      fresh: true,
    })
    return outcome.kind === 'rrset' && outcome.rrset.type === Type.DNSKEY ? outcome.rrset : undefined
  }

  #step(set: RRset): RolloverStep {
    const { configured, rules, clock, log } = this.#deps
    const now = Math.floor(clock.now() / 1000)
    const step = followKeys(this.#rollover, configured, set, { ...rules, now }, this.#budget())
    if (!step.believed) log.warn({}, 'no trusted key has signed the key set of the trust anchor')
    if (step.changes.length === 0) return step
    log.info({ changes: step.changes }, 'the keys of the trust anchor have changed')
    this.#rollover = step.rollover
    this.#anchors = [followedAnchor(step.rollover, configured)]
    this.#isSaved = false
    if (step.changes.some(({ to }) => to === 'revoked')) this.#hooks.onRevoked()
    return step
  }

  async #save(): Promise<void> {
    await this.#hooks.save(rolloverToText(this.#rollover))
    this.#isSaved = true
  }

  #budget(): Budget {
    const { ANCHOR_QUERIES, ANCHOR_BYTES, ANCHOR_MS, ANCHOR_SIGNATURES } = limits
    const { clock } = this.#deps
    return new Budget(
      {
        queries: ANCHOR_QUERIES,
        bytes: ANCHOR_BYTES,
        timeMs: ANCHOR_MS,
        signatures: ANCHOR_SIGNATURES,
        hashes: 0,
      },
      () => clock.monotonic(),
    )
  }
}
