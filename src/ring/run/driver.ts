/** Runs the machine: carries out its effects on the ports, and turns what happens into events. */
import {
  type Cancel,
  type Clock,
  errorText,
  isChordnsError,
  Listeners,
  type PeerAddress,
  type PeerId,
  type RingId,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { initialState, step } from '../machine/machine.ts'
import type { RingContext, RingEffect, RingEvent, RingState, RingTimer } from '../machine/state.ts'
import type { LookupMode, LookupResult } from '../types.ts'
import { decodeReply } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import type { RingReply } from '../wire/messages.ts'
import { Contacts } from './contacts.ts'
import type { RingDeps, RingHooks } from './deps.ts'
import { DrivenInvitations } from './inviting.ts'
import { keptPeers } from './kept.ts'

export class RingDriver {
  readonly invitations: DrivenInvitations
  readonly #deps: RingDeps
  readonly #hooks: RingHooks
  readonly #context: RingContext
  readonly #contacts: Contacts
  readonly #timers = new Map<RingTimer, Cancel>()
  readonly #listeners: Listeners<[]>
  readonly #inFlight = new Set<Promise<void>>()
  /** Who waits for a look-up, by its reference. */
  readonly #lookups = new Map<number, (result: LookupResult) => void>()
  #nextLookup = 1
  #state: RingState
  #running = false
  #cancelKeep: Cancel | undefined
  /** What the transport was last told by. */
  #keptBy: { readonly version: number; readonly pointers: unknown } = { version: -1, pointers: undefined }
  #unsubscribe: Cancel | undefined
  /** Replies to what was sent in an earlier one are not for this one. */
  #life = 0

  constructor(deps: RingDeps, hooks: RingHooks, context: RingContext) {
    const { options, transport, clock, log } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.#context = context
    this.#state = initialState(context, clock.now(), deps.memory?.persisted)
    this.#listeners = new Listeners((error) => {
      log.error({ error: errorText(error) }, 'a listener for changes of the ring failed')
    })
    this.invitations = new DrivenInvitations(context, clock, {
      state: () => this.#state,
      feed: (event) => this.feed(event),
      keep: hooks.keepInvitations,
    })
    this.#contacts = new Contacts(
      { transport, clock, log, bootstrap: options.bootstrap, timeoutMs: 4 * options.pingTimeoutMs },
      {
        isAlive: (peer) => this.#state.table.byPeer(peer)?.status === 'alive',
        onContact: (peer) => this.#whileRunning({ kind: 'contacted', peer }),
        onTried: (tried) => this.#whileRunning({ kind: 'contacts-done', tried }),
      },
    )
  }

  get state(): RingState {
    return this.#state
  }

  get isRunning(): boolean {
    return this.#running
  }

  /** From now on the ports are heard. The machine starts with `enter`. */
  begin(): void {
    this.#running = true
    this.#unsubscribe = this.#deps.transport.onPeerGone((peer) => this.feed({ kind: 'gone', peer }))
  }

  /** From the start, or from the moment on in which the ledger's list has this node. */
  enter(): void {
    const { known = [], votes, invitations } = this.#deps.memory ?? {}
    if (this.#state.self.salt !== this.#context.salt || this.#state.phase !== 'idle') this.#beNobody()
    this.feed({
      kind: 'start',
      known,
      ...(votes !== undefined && { votes }),
      ...(invitations !== undefined && { invitations }),
    })
  }

  leave(): void {
    this.#cancelTimers()
    this.feed({ kind: 'leave' })
    this.#life += 1
  }

  /** Says to the others that this node leaves, and waits until they have heard it, at most LEAVE_TIMEOUT_MS. */
  async end(): Promise<void> {
    this.#running = false
    this.#cancelTimers()
    this.#cancelKeep?.()
    this.#cancelKeep = undefined
    this.#unsubscribe?.()
    this.#inFlight.clear()
    this.feed({ kind: 'leave' })
    await settled(this.#inFlight, this.#deps.clock)
  }

  meet(peer: PeerId, addresses: readonly PeerAddress[]): void {
    if (this.#running) this.#track(this.#contacts.meet(peer, addresses))
  }

  lookup(key: RingId, mode: LookupMode): Promise<LookupResult> {
    const reference = this.#nextLookup++
    return new Promise((resolve) => {
      this.#lookups.set(reference, resolve)
      this.feed({ kind: 'lookup', reference, key, mode })
    })
  }

  onChange(listener: () => void): Cancel {
    return this.#listeners.add(listener)
  }

  /** Returns the reply when the event was a request. */
  feed(event: RingEvent): RingReply | undefined {
    const result = step(this.#context, this.#state, event, this.#deps.clock.now())
    this.#state = result.state
    let reply: RingReply | undefined
    let changed = false
    for (const effect of result.effects) {
      if (effect.kind === 'respond') reply = effect.reply
      else if (effect.kind === 'changed') changed = true
      else this.#perform(effect)
    }
    if (changed) this.#listeners.tell()
    this.#keepLater()
    return reply
  }

  #beNobody(): void {
    const { count, self } = this.#state
    const persisted = { largest: count.largest, incarnation: self.incarnation }
    this.#state = initialState(this.#context, this.#deps.clock.now(), persisted)
    this.#keptBy = { version: -1, pointers: undefined }
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  #whileRunning(event: RingEvent): void {
    if (this.#running) this.feed(event)
  }

  /** Says to the transport whom to stay connected with, a moment after the table or the pointers have changed. */
  #keepLater(): void {
    const { table, pointers } = this.#state
    if (!this.#running || this.#cancelKeep !== undefined) return
    if (this.#keptBy.version === table.version && this.#keptBy.pointers === pointers) return
    this.#cancelKeep = this.#deps.clock.after(limits.KEEP_AFTER_MS, () => {
      this.#cancelKeep = undefined
      this.#keptBy = { version: this.#state.table.version, pointers: this.#state.pointers }
      this.#deps.transport.keep(keptPeers(this.#state, this.#context))
    })
  }

  #perform(effect: Exclude<RingEffect, { kind: 'respond' | 'changed' }>): void {
    switch (effect.kind) {
      case 'send':
        this.#track(this.invitations.carriesOwnWord(effect.request) ? this.#sendWhenKept(effect) : this.#send(effect))
        return
      case 'timer':
        this.#startTimer(effect)
        return
      case 'contact':
        this.#track(this.#contacts.contact(effect.again))
        return
      case 'looked-up':
        this.#lookups.get(effect.reference)?.(effect.result)
        this.#lookups.delete(effect.reference)
        return
      case 'claimed':
        this.invitations.settled(effect.reference, effect.fault)
        return
      case 'learn':
        this.#deps.transport.learn(effect.peer, effect.addresses)
        return
      case 'persist':
        this.#hooks.persist?.({ incarnation: effect.incarnation, largest: effect.largest })
        return
      case 'log':
        this.#deps.log[effect.level](effect.detail, effect.message)
        return
    }
  }

  async #sendWhenKept(effect: Extract<RingEffect, { kind: 'send' }>): Promise<void> {
    if (await this.invitations.kept()) await this.#send(effect)
    else this.feed({ kind: 'failed', token: effect.token, alive: true })
  }

  async #send({ token, peer, request, timeoutMs }: Extract<RingEffect, { kind: 'send' }>): Promise<void> {
    const { clock, log } = this.#deps
    const sent = clock.monotonic()
    const life = this.#life
    let reply: RingReply
    try {
      reply = decodeReply(await this.#hooks.send(peer, encodeMessage(request), { timeoutMs }))
    } catch (error) {
      if (life !== this.#life) return
      const malformed = isChordnsError(error, 'RING_MALFORMED')
      if (malformed) this.feed({ kind: 'malformed' })
      log.debug({ peer, request: request.type, error: errorText(error) }, 'ring request failed')
      // A far handler that threw, or that had its hands full, is alive all the same.
      const alive = malformed || isChordnsError(error, 'PEER_FAILED') || isChordnsError(error, 'PEER_BUSY')
      this.feed({ kind: 'failed', token, alive })
      return
    }
    if (life === this.#life) this.feed({ kind: 'reply', token, reply, elapsedMs: clock.monotonic() - sent })
  }

  #startTimer({ timer, afterMs, jitterMs }: Extract<RingEffect, { kind: 'timer' }>): void {
    const { clock, random } = this.#deps
    this.#timers.get(timer)?.()
    if (!this.#running) return
    const delay = afterMs + random.below(Math.max(1, Math.ceil(jitterMs)))
    this.#timers.set(
      timer,
      clock.after(delay, () => {
        this.#timers.delete(timer)
        this.feed({ kind: 'timer', timer })
      }),
    )
  }

  #track(promise: Promise<void>): void {
    this.#inFlight.add(promise)
    void promise.finally(() => this.#inFlight.delete(promise))
  }
}

/** Waits until all have settled, at most LEAVE_TIMEOUT_MS. */
async function settled(promises: ReadonlySet<Promise<void>>, clock: Clock): Promise<void> {
  let cancel: Cancel = () => {}
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(limits.LEAVE_TIMEOUT_MS, resolve)
  })
  await Promise.race([Promise.all(promises), late])
  cancel()
}
