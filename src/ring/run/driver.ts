/** Runs the machine: carries out its effects on the ports, and turns what happens into events. */
import {
  type Cancel,
  Charges,
  ChordnsError,
  type Clock,
  errorText,
  isChordnsError,
  type Log,
  type PeerAddress,
  type PeerId,
  type Random,
  type RequestOptions,
  type RingId,
  type Transport,
} from '../../base/index.ts'
import { rememberingScheme, type SignatureScheme, type Signer } from '../../crypto/index.ts'
import { type PointerRules, zaveRules } from '../chord/rules.ts'
import { limits } from '../limits.ts'
import { isCrowded } from '../machine/connections.ts'
import { initialState, statusOf, step } from '../machine/machine.ts'
import type { RingContext, RingEffect, RingEvent, RingState, RingTimer } from '../machine/state.ts'
import { networkOf } from '../members/networks.ts'
import { isOnList, isPeerOnList } from '../members/on-list.ts'
import { replicaSet } from '../members/replicas.ts'
import type {
  LookupMode,
  LookupResult,
  MemberEntry,
  PersistedRing,
  RememberedInvitations,
  RememberedVotes,
  ReplicaSet,
  Ring,
  RingAdmission,
  RingInvitations,
  RingOptions,
  RingStatus,
} from '../types.ts'
import { decodeReply, decodeRequest } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import type { RingReply } from '../wire/messages.ts'
import { Contacts } from './contacts.ts'
import { DrivenInvitations } from './inviting.ts'
import { keptPeers } from './kept.ts'
import { OwnPlace } from './place.ts'

export interface RingDeps {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly log: Log
  readonly options: RingOptions
  /** What was remembered of the last run. */
  readonly memory?: RememberedRing
  /** Of endorsed rings. Default: whoever signed and has no salt. */
  readonly admission?: RingAdmission
  /** Tests put known mistakes in here. */
  readonly rules?: PointerRules
}

export interface RememberedRing {
  readonly persisted: PersistedRing | undefined
  /** Rows of the last run: contacts beside the bootstrap addresses. Verified before they count. */
  readonly known: readonly MemberEntry[]
  /** Of expulsions. */
  readonly votes?: RememberedVotes
  readonly invitations?: RememberedInvitations
}

export interface RingHooks {
  /** Owes the reply of the peer to the body of one ring message, or a rejection with a ChordnsError when time is out. */
  readonly send: (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>
  /** Owes this node's own addresses as others should dial them now. */
  readonly addresses: () => readonly PeerAddress[]
  /** Called whenever what should be remembered changes. Owes that it is on disk when it returns; it must not throw. */
  readonly persist?: (state: PersistedRing) => void
  /** Owes that these survive the loss of power when it resolves, or false. Default: nothing is kept. */
  readonly keepInvitations?: (invitations: RememberedInvitations) => Promise<boolean>
}

export interface RunningRing extends Ring {
  /** Compares member tables with a peer: what a replica's hint that it believes in others is good for. */
  compareWith(peer: PeerId): void
  /** Asks its way to the owner of a key, and counts the members it asked. Never rejects. */
  lookup(key: RingId, mode: LookupMode): Promise<LookupResult>
}

export function createRing(deps: RingDeps, hooks: RingHooks): RunningRing {
  return new RingDriver(deps, hooks)
}

class RingDriver implements RunningRing {
  readonly ringId: string
  readonly invitations: RingInvitations
  readonly #deps: RingDeps
  readonly #hooks: RingHooks
  readonly #context: RingContext
  readonly #contacts: Contacts
  readonly #charges: Charges
  readonly #timers = new Map<RingTimer, Cancel>()
  readonly #listeners = new Set<() => void>()
  readonly #inFlight = new Set<Promise<void>>()
  /** Who waits for a look-up, by its reference. */
  readonly #lookups = new Map<number, (result: LookupResult) => void>()
  #nextLookup = 1
  readonly #claims: DrivenInvitations
  #state: RingState
  #running = false
  #cancelKeep: Cancel | undefined
  /** Who holds which key, as long as the table stays as it is. */
  #replicaSets: {
    readonly version: number
    readonly largest: number
    readonly sets: Map<RingId, ReplicaSet>
  } = { version: -1, largest: 0, sets: new Map() }
  /** What the transport was last told by. */
  #keptBy: { readonly version: number; readonly pointers: unknown } = { version: -1, pointers: undefined }
  #unsubscribe: Cancel | undefined
  readonly #place: OwnPlace
  /** Replies to what was sent in an earlier one are not for this one. */
  #life = 0

  constructor(deps: RingDeps, hooks: RingHooks) {
    const { options, transport, clock, log, admission } = deps
    const place = new OwnPlace(admission, deps.signer.publicKey, log)
    this.#place = place
    this.ringId = options.ringId
    this.#deps = deps
    this.#hooks = hooks
    this.#context = {
      ringId: options.ringId,
      // Rows and their welcomes come again with every exchange, from everybody.
      scheme: rememberingScheme(deps.scheme, limits.MAX_REMEMBERED_SIGNATURES),
      signer: deps.signer,
      get salt() {
        return place.salt
      },
      options,
      rules: deps.rules ?? zaveRules,
      seats: admission === undefined ? 'welcomed' : 'signed',
      admits: (entry) => isOnList(admission, entry),
      addresses: hooks.addresses,
      places: transport.places,
    }
    const { WORK_PER_SECOND, WORK_BURST, MAX_CREDITS } = limits
    this.#charges = new Charges(clock, { perSecond: WORK_PER_SECOND, burst: WORK_BURST, maxPeers: MAX_CREDITS })
    this.#state = initialState(this.#context, clock.now(), deps.memory?.persisted)
    this.#claims = new DrivenInvitations(this.#context, clock, {
      state: () => this.#state,
      feed: (event) => this.#feed(event),
      keep: hooks.keepInvitations,
    })
    this.invitations = this.#claims
    this.#contacts = new Contacts(
      { transport, clock, log, bootstrap: options.bootstrap, timeoutMs: 4 * options.pingTimeoutMs },
      {
        isAlive: (peer) => this.#state.table.byPeer(peer)?.status === 'alive',
        onContact: (peer) => this.#whileRunning({ kind: 'contacted', peer }),
        onTried: (tried) => this.#whileRunning({ kind: 'contacts-done', tried }),
      },
    )
  }

  get self(): MemberEntry {
    return this.#state.self
  }

  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    this.#unsubscribe = this.#deps.transport.onPeerGone((peer) => this.#feed({ kind: 'gone', peer }))
    this.#place.begin({
      enter: () => this.#enter(),
      leave: () => this.#leave(),
      others: () => this.#feed({ kind: 'listed' }),
    })
  }

  /** From the start, or from the moment on in which the ledger's list has this node. */
  #enter(): void {
    const { known = [], votes, invitations } = this.#deps.memory ?? {}
    if (this.#state.self.salt !== this.#place.salt || this.#state.phase !== 'idle') this.#beNobody()
    this.#feed({
      kind: 'start',
      known,
      ...(votes !== undefined && { votes }),
      ...(invitations !== undefined && { invitations }),
    })
  }

  #leave(): void {
    this.#cancelTimers()
    this.#feed({ kind: 'leave' })
    this.#life += 1
  }

  #beNobody(): void {
    const { count, self } = this.#state
    const persisted = { largest: count.largest, incarnation: self.incarnation }
    this.#state = initialState(this.#context, this.#deps.clock.now(), persisted)
    this.#keptBy = { version: -1, pointers: undefined }
    this.#replicaSets = { version: -1, largest: 0, sets: new Map() }
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    this.#place.end()
    this.#cancelTimers()
    this.#cancelKeep?.()
    this.#cancelKeep = undefined
    this.#unsubscribe?.()
    this.#inFlight.clear()
    this.#feed({ kind: 'leave' })
    await settled(this.#inFlight, this.#deps.clock)
  }

  members(): readonly MemberEntry[] {
    return this.#state.table.alive()
  }

  ownerOf(key: RingId): MemberEntry | undefined {
    return this.#state.table.successors(key, 1)[0]
  }

  memberByKey(publicKey: Uint8Array): MemberEntry | undefined {
    return this.#state.table.byKey(publicKey)
  }

  memberByPeer(peer: PeerId): MemberEntry | undefined {
    return this.#state.table.byPeer(peer)
  }

  /** Asked for several times with each question, of keys that are few: one of each chunk. */
  replicasOf(key: RingId): ReplicaSet {
    const { admission, options } = this.#deps
    const { table, count } = this.#state
    const known = this.#replicaSets
    if (
      known.version !== table.version ||
      known.largest !== count.largest ||
      known.sets.size >= limits.MAX_REPLICA_SETS
    )
      this.#replicaSets = { version: table.version, largest: count.largest, sets: new Map() }
    const before = this.#replicaSets.sets.get(key)
    // The ledger's list may change without the table.
    if (before !== undefined && admission === undefined) return before
    // Where anybody may choose his place, a lie about his network brings no more than that does (docs/decisions/0064).
    const groupOf =
      admission === undefined ? networkOf : ({ publicKey }: MemberEntry) => admission.operatorOf(publicKey)
    const set = replicaSet(table, count.largest, options.replicas, key, groupOf)
    this.#replicaSets.sets.set(key, set)
    return set
  }

  isSuspect(id: RingId): boolean {
    return this.#state.detector.isSuspect(id)
  }

  isCrowded(): boolean {
    return isCrowded(this.#state, this.#context)
  }

  found(peer: PeerId, addresses: readonly PeerAddress[]): void {
    if (this.#running) this.#track(this.#contacts.meet(peer, addresses))
  }

  expel(id: RingId): void {
    if (this.#deps.admission !== undefined)
      throw new ChordnsError('RING_BY_LEDGER', 'the ledger decides who is in this ring, not its members', {})
    if (id === this.self.id) throw new ChordnsError('RING_NO_MEMBER', 'a member cannot expel itself; stop it', { id })
    if (!this.#state.table.isAlive(id))
      throw new ChordnsError('RING_NO_MEMBER', 'no member of the ring has this id', { id })
    this.#feed({ kind: 'vote-out', id })
  }

  isExpelled(peer: PeerId): boolean {
    return this.#state.expulsions.isExpelledPeer(peer) || !isPeerOnList(this.#deps.admission, peer)
  }

  votes(): RememberedVotes {
    const tallies = this.#state.expulsions.tallies()
    return {
      votes: tallies.flatMap(({ votes }) => votes),
      expelled: tallies.filter(({ isExpelled }) => isExpelled).map(({ key }) => key),
    }
  }

  report(id: RingId, outcome: 'answered' | 'failed'): void {
    this.#feed({ kind: 'report', id, outcome })
  }

  handle(from: PeerId, body: Uint8Array): Uint8Array {
    if (this.#charges.isSpent(from)) {
      this.#feed({ kind: 'refused' })
      throw new ChordnsError('RING_BUSY', 'this peer has made this node do too much lately', { peer: from })
    }
    let bytes = body.length
    try {
      const reply = this.#feed({ kind: 'request', from, request: decodeRequest(body) })
      if (reply === undefined) throw new ChordnsError('RING_NO_REPLY', 'a request was not answered', {})
      const encoded = encodeMessage(reply)
      bytes += encoded.length
      return encoded
    } catch (error) {
      if (isChordnsError(error, 'RING_MALFORMED')) {
        this.#feed({ kind: 'malformed' })
        this.#deps.log.warn({ peer: from, ...error.detail }, 'malformed ring message')
      }
      throw error
    } finally {
      this.#charges.charge(from, 1 + bytes / limits.BYTES_PER_WORK)
    }
  }

  onChange(listener: () => void): Cancel {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  status(): RingStatus {
    return statusOf(this.#context, this.#state)
  }

  compareWith(peer: PeerId): void {
    this.#feed({ kind: 'compare', peer })
  }

  lookup(key: RingId, mode: LookupMode): Promise<LookupResult> {
    const reference = this.#nextLookup++
    return new Promise((resolve) => {
      this.#lookups.set(reference, resolve)
      this.#feed({ kind: 'lookup', reference, key, mode })
    })
  }

  #whileRunning(event: RingEvent): void {
    if (this.#running) this.#feed(event)
  }

  /** Returns the reply when the event was a request. */
  #feed(event: RingEvent): RingReply | undefined {
    const result = step(this.#context, this.#state, event, this.#deps.clock.now())
    this.#state = result.state
    let reply: RingReply | undefined
    let changed = false
    for (const effect of result.effects) {
      if (effect.kind === 'respond') reply = effect.reply
      else if (effect.kind === 'changed') changed = true
      else this.#perform(effect)
    }
    if (changed) for (const listener of [...this.#listeners]) listener()
    this.#keepLater()
    return reply
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
        this.#track(this.#claims.carriesOwnWord(effect.request) ? this.#sendWhenKept(effect) : this.#send(effect))
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
        this.#claims.settled(effect.reference, effect.fault)
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
    if (await this.#claims.kept()) await this.#send(effect)
    else this.#feed({ kind: 'failed', token: effect.token, alive: true })
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
      if (malformed) this.#feed({ kind: 'malformed' })
      log.debug({ peer, request: request.type, error: errorText(error) }, 'ring request failed')
      // A far handler that threw, or that had its hands full, is alive all the same.
      const alive = malformed || isChordnsError(error, 'PEER_FAILED') || isChordnsError(error, 'PEER_BUSY')
      this.#feed({ kind: 'failed', token, alive })
      return
    }
    if (life === this.#life) this.#feed({ kind: 'reply', token, reply, elapsedMs: clock.monotonic() - sent })
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
        this.#feed({ kind: 'timer', timer })
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
