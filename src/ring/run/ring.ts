/** A node's ring, as the rest of it sees the ring: what the table says, what peers may ask, and what an operator may do. */
import {
  type Cancel,
  Charges,
  ChordnsError,
  isChordnsError,
  type PeerAddress,
  type PeerId,
  type RingId,
} from '../../base/index.ts'
import { rememberingScheme } from '../../crypto/index.ts'
import { zaveRules } from '../chord/rules.ts'
import { limits } from '../limits.ts'
import { isCrowded } from '../machine/connections.ts'
import { statusOf } from '../machine/machine.ts'
import type { RingContext } from '../machine/state.ts'
import { isOnList, isPeerOnList } from '../members/on-list.ts'
import type {
  LookupMode,
  LookupResult,
  MemberEntry,
  RememberedVotes,
  ReplicaSet,
  Ring,
  RingInvitations,
  RingStatus,
} from '../types.ts'
import { decodeRequest } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import type { RingDeps, RingHooks } from './deps.ts'
import { RingDriver } from './driver.ts'
import { OwnPlace } from './place.ts'
import { ReplicasByKey } from './replica-sets.ts'

export interface RunningRing extends Ring {
  /** Compares member tables with a peer: what a replica's hint that it believes in others is good for. */
  compareWith(peer: PeerId): void
  /** Asks its way to the owner of a key, and counts the members it asked. Never rejects. */
  lookup(key: RingId, mode: LookupMode): Promise<LookupResult>
}

export function createRing(deps: RingDeps, hooks: RingHooks): RunningRing {
  return new DrivenRing(deps, hooks)
}

class DrivenRing implements RunningRing {
  readonly ringId: string
  readonly invitations: RingInvitations
  readonly #deps: RingDeps
  readonly #context: RingContext
  readonly #driver: RingDriver
  readonly #charges: Charges
  readonly #replicaSets: ReplicasByKey
  readonly #place: OwnPlace

  constructor(deps: RingDeps, hooks: RingHooks) {
    const { options, clock, log, admission } = deps
    this.ringId = options.ringId
    this.#deps = deps
    this.#place = new OwnPlace(admission, deps.signer.publicKey, log)
    this.#context = contextOf(deps, hooks, this.#place)
    this.#driver = new RingDriver(deps, hooks, this.#context)
    this.invitations = this.#driver.invitations
    this.#replicaSets = new ReplicasByKey(options, admission)
    const { WORK_PER_SECOND, WORK_BURST, MAX_CREDITS } = limits
    this.#charges = new Charges(clock, { perSecond: WORK_PER_SECOND, burst: WORK_BURST, maxPeers: MAX_CREDITS })
  }

  get self(): MemberEntry {
    return this.#driver.state.self
  }

  async start(): Promise<void> {
    if (this.#driver.isRunning) return
    this.#driver.begin()
    this.#place.begin({
      enter: () => this.#driver.enter(),
      leave: () => this.#driver.leave(),
      others: () => this.#driver.feed({ kind: 'listed' }),
    })
  }

  async stop(): Promise<void> {
    if (!this.#driver.isRunning) return
    this.#place.end()
    await this.#driver.end()
  }

  members(): readonly MemberEntry[] {
    return this.#driver.state.table.alive()
  }

  ownerOf(key: RingId): MemberEntry | undefined {
    return this.#driver.state.table.successors(key, 1)[0]
  }

  memberByKey(publicKey: Uint8Array): MemberEntry | undefined {
    return this.#driver.state.table.byKey(publicKey)
  }

  memberByPeer(peer: PeerId): MemberEntry | undefined {
    return this.#driver.state.table.byPeer(peer)
  }

  replicasOf(key: RingId): ReplicaSet {
    return this.#replicaSets.of(key, this.#driver.state)
  }

  isSuspect(id: RingId): boolean {
    return this.#driver.state.detector.isSuspect(id)
  }

  isCrowded(): boolean {
    return isCrowded(this.#driver.state, this.#context)
  }

  found(peer: PeerId, addresses: readonly PeerAddress[]): void {
    this.#driver.meet(peer, addresses)
  }

  expel(id: RingId): void {
    if (this.#deps.admission !== undefined)
      throw new ChordnsError('RING_BY_LEDGER', 'the ledger decides who is in this ring, not its members', {})
    if (id === this.self.id) throw new ChordnsError('RING_NO_MEMBER', 'a member cannot expel itself; stop it', { id })
    if (!this.#driver.state.table.isAlive(id))
      throw new ChordnsError('RING_NO_MEMBER', 'no member of the ring has this id', { id })
    this.#driver.feed({ kind: 'vote-out', id })
  }

  isExpelled(peer: PeerId): boolean {
    return this.#driver.state.expulsions.isExpelledPeer(peer) || !isPeerOnList(this.#deps.admission, peer)
  }

  votes(): RememberedVotes {
    const tallies = this.#driver.state.expulsions.tallies()
    return {
      votes: tallies.flatMap(({ votes }) => votes),
      expelled: tallies.filter(({ isExpelled }) => isExpelled).map(({ key }) => key),
    }
  }

  report(id: RingId, outcome: 'answered' | 'failed'): void {
    this.#driver.feed({ kind: 'report', id, outcome })
  }

  handle(from: PeerId, body: Uint8Array): Uint8Array {
    if (this.#charges.isSpent(from)) {
      this.#driver.feed({ kind: 'refused' })
      throw new ChordnsError('RING_BUSY', 'this peer has made this node do too much lately', { peer: from })
    }
    let bytes = body.length
    try {
      const reply = this.#driver.feed({ kind: 'request', from, request: decodeRequest(body) })
      if (reply === undefined) throw new ChordnsError('RING_NO_REPLY', 'a request was not answered', {})
      const encoded = encodeMessage(reply)
      bytes += encoded.length
      return encoded
    } catch (error) {
      if (isChordnsError(error, 'RING_MALFORMED')) {
        this.#driver.feed({ kind: 'malformed' })
        this.#deps.log.warn({ peer: from, ...error.detail }, 'malformed ring message')
      }
      throw error
    } finally {
      this.#charges.charge(from, 1 + bytes / limits.BYTES_PER_WORK)
    }
  }

  onChange(listener: () => void): Cancel {
    return this.#driver.onChange(listener)
  }

  status(): RingStatus {
    return statusOf(this.#context, this.#driver.state)
  }

  compareWith(peer: PeerId): void {
    this.#driver.feed({ kind: 'compare', peer })
  }

  lookup(key: RingId, mode: LookupMode): Promise<LookupResult> {
    return this.#driver.lookup(key, mode)
  }
}

/** What the machine is given with each step. */
function contextOf(
  { options, scheme, signer, rules, admission, transport }: RingDeps,
  hooks: RingHooks,
  place: OwnPlace,
): RingContext {
  return {
    ringId: options.ringId,
    // Rows and their welcomes come again with every exchange, from everybody.
    scheme: rememberingScheme(scheme, limits.MAX_REMEMBERED_SIGNATURES),
    signer,
    get salt() {
      return place.salt
    },
    options,
    rules: rules ?? zaveRules,
    seats: admission === undefined ? 'welcomed' : 'signed',
    admits: (entry) => isOnList(admission, entry),
    addresses: hooks.addresses,
    places: transport.places,
  }
}
