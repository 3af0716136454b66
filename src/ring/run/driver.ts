/** Runs the machine: carries out its effects on the ports, and turns what happens into events. */
import {
  type Cancel,
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
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import { type PointerRules, zaveRules } from '../chord/rules.ts'
import { limits } from '../limits.ts'
import { initialState, statusOf, step } from '../machine/machine.ts'
import type { RingContext, RingEffect, RingEvent, RingTimer } from '../machine/state.ts'
import { replicaSet } from '../members/replicas.ts'
import type { LookupMode, LookupResult, MemberEntry, Ring, RingOptions } from '../types.ts'
import { decodeReply, decodeRequest } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import type { RingReply } from '../wire/messages.ts'

/** What a node remembers between two runs. */
export interface PersistedRing {
  /** Largest member count of the last 24 h. */
  readonly largest: number
  readonly incarnation: number
}

export interface RingParts {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly options: RingOptions
  readonly log: Log
  /** Own addresses, as others should dial them. */
  readonly addresses: () => readonly PeerAddress[]
  readonly persisted?: PersistedRing | undefined
  /** Rows of the last run: contacts beside the bootstrap addresses. Verified before they count. */
  readonly known?: readonly MemberEntry[]
  /** Called whenever what should be remembered changes. */
  readonly persist?: (state: PersistedRing) => void
  /** Sends the body of a ring message to a peer and resolves with the body of its reply. */
  readonly send: (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>
  /** Endorsed rings: the ledger's randomness for this key. */
  readonly salt?: Uint8Array
  /** Who may be a member; by default whoever signed and has no salt (psk and open rings). */
  readonly admits?: (entry: MemberEntry) => boolean
  readonly rules?: PointerRules
}

export interface RunningRing extends Ring {
  /** Compares member tables with a peer: what a replica's hint that it believes in others is good for. */
  compareWith(peer: PeerId): void
  /** Asks its way to the owner of a key, and counts the members it asked. Never rejects. */
  lookup(key: RingId, mode: LookupMode): Promise<LookupResult>
}

export function createRing(parts: RingParts): RunningRing {
  const { clock, options, transport } = parts
  const context: RingContext = {
    ringId: options.ringId,
    scheme: parts.scheme,
    signer: parts.signer,
    salt: parts.salt ?? new Uint8Array(),
    options,
    rules: parts.rules ?? zaveRules,
    admits: parts.admits ?? ((entry) => entry.salt.length === 0),
    addresses: parts.addresses,
  }
  let state = initialState(context, clock.now(), parts.persisted)
  const timers = new Map<RingTimer, Cancel>()
  const listeners = new Set<() => void>()
  const inFlight = new Set<Promise<void>>()
  /** Whom a bootstrap address led to. */
  const found = new Map<PeerAddress, PeerId>()
  const lookups = new Map<number, (result: LookupResult) => void>()
  let nextLookup = 1
  let running = false
  let contacting = false
  let meeting = 0
  /** When whom we tried because others named it. Monotonic ms. */
  const met = new Map<PeerId, number>()
  let unsubscribe: Cancel | undefined

  /** Returns the reply when the event was a request. */
  function feed(event: RingEvent): RingReply | undefined {
    const result = step(context, state, event, clock.now())
    state = result.state
    let reply: RingReply | undefined
    let changed = false
    for (const effect of result.effects) {
      if (effect.kind === 'respond') reply = effect.reply
      else if (effect.kind === 'changed') changed = true
      else perform(effect)
    }
    if (changed) for (const listener of [...listeners]) listener()
    return reply
  }

  function perform(effect: Exclude<RingEffect, { kind: 'respond' | 'changed' }>): void {
    switch (effect.kind) {
      case 'send':
        track(sendRequest(effect))
        return
      case 'timer':
        startTimer(effect)
        return
      case 'contact':
        if (!contacting) track(contact(effect.again))
        return
      case 'looked-up':
        lookups.get(effect.reference)?.(effect.result)
        lookups.delete(effect.reference)
        return
      case 'learn':
        transport.learn(effect.peer, effect.addresses)
        return
      case 'persist':
        parts.persist?.({ incarnation: effect.incarnation, largest: effect.largest })
        return
      case 'log':
        parts.log[effect.level](effect.detail, effect.message)
        return
    }
  }

  async function sendRequest(effect: Extract<RingEffect, { kind: 'send' }>): Promise<void> {
    const { token, peer, timeoutMs } = effect
    const asked = clock.monotonic()
    let reply: RingReply
    try {
      reply = decodeReply(await parts.send(peer, encodeMessage(effect.request), { timeoutMs }))
    } catch (error) {
      const malformed = isChordnsError(error, 'RING_MALFORMED')
      if (malformed) feed({ kind: 'malformed' })
      parts.log.debug({ peer, request: effect.request.type, error: errorText(error) }, 'ring request failed')
      // A far handler that threw, or that had its hands full, is alive all the same.
      const alive = malformed || isChordnsError(error, 'PEER_FAILED') || isChordnsError(error, 'PEER_BUSY')
      feed({ kind: 'failed', token, alive })
      return
    }
    feed({ kind: 'reply', token, reply, elapsedMs: clock.monotonic() - asked })
  }

  function startTimer({ timer, afterMs, jitterMs }: Extract<RingEffect, { kind: 'timer' }>): void {
    timers.get(timer)?.()
    if (!running) return
    const delay = afterMs + parts.random.below(Math.max(1, Math.ceil(jitterMs)))
    timers.set(
      timer,
      clock.after(delay, () => {
        timers.delete(timer)
        feed({ kind: 'timer', timer })
      }),
    )
  }

  /** Dials the bootstrap addresses, all at once; each that answers is told at once, a slow one holds nobody up. */
  async function contact(again: boolean): Promise<void> {
    contacting = true
    const targets = options.bootstrap.slice(0, limits.MAX_BOOTSTRAP).filter((address) => {
      if (isOwn(address, transport)) return false
      const peer = found.get(address)
      return !(again && peer !== undefined && state.table.byPeer(peer)?.status === 'alive')
    })
    await Promise.all(
      targets.map(async (address) => {
        try {
          const peer = await transport.connect([address], { timeoutMs: 4 * options.pingTimeoutMs })
          found.set(address, peer)
          if (running && peer !== transport.self) feed({ kind: 'contacted', peer })
        } catch (error) {
          parts.log[again ? 'debug' : 'info'](
            { address, error: errorText(error) },
            'a bootstrap address does not answer',
          )
        }
      }),
    )
    contacting = false
    const others = targets.filter((address) => found.get(address) !== transport.self)
    if (running) feed({ kind: 'contacts-done', tried: others.length })
  }

  /** Tries the addresses of whom we do not know; whoever floods us with names makes us dial so many and no more. */
  async function meet(peer: PeerId, addresses: readonly PeerAddress[]): Promise<void> {
    const now = clock.monotonic()
    if (!running || peer === transport.self || state.table.byPeer(peer)?.status === 'alive') return
    if (now - (met.get(peer) ?? Number.NEGATIVE_INFINITY) < limits.FOUND_AGAIN_MS || meeting >= limits.MAX_MEETING)
      return
    met.delete(peer)
    met.set(peer, now)
    if (met.size > limits.MAX_FOUND) met.delete(met.keys().next().value!)
    meeting++
    try {
      const targets = addresses.slice(0, limits.MAX_BOOTSTRAP).map((address) => withPeer(address, peer))
      const reached = await transport.connect(targets, { timeoutMs: 4 * options.pingTimeoutMs })
      if (running) feed({ kind: 'contacted', peer: reached })
    } catch (error) {
      parts.log.debug({ peer, error: errorText(error) }, 'a member that was named does not answer')
    } finally {
      meeting--
    }
  }

  function track(promise: Promise<void>): void {
    inFlight.add(promise)
    void promise.finally(() => inFlight.delete(promise))
  }

  return {
    ringId: options.ringId,
    get self() {
      return state.self
    },
    async start() {
      if (running) return
      running = true
      unsubscribe = transport.onPeerGone((peer) => feed({ kind: 'gone', peer }))
      feed({ kind: 'start', known: parts.known ?? [] })
    },
    async stop() {
      if (!running) return
      running = false
      for (const cancel of timers.values()) cancel()
      timers.clear()
      unsubscribe?.()
      inFlight.clear()
      feed({ kind: 'leave' })
      await settled(inFlight, clock)
    },
    members: () => state.table.alive(),
    memberByKey: (publicKey) => state.table.byKey(publicKey),
    memberByPeer: (peer) => state.table.byPeer(peer),
    replicasOf: (key) => replicaSet(state.table, state.count.largest, options.replicas, key),
    isSuspect: (id) => state.detector.isSuspect(id),
    found(peer, addresses) {
      track(meet(peer, addresses))
    },
    report(id, outcome) {
      feed({ kind: 'report', id, outcome })
    },
    handle(from, body) {
      try {
        const reply = feed({ kind: 'request', from, request: decodeRequest(body) })
        if (reply === undefined) throw new ChordnsError('RING_NO_REPLY', 'a request was not answered', {})
        return encodeMessage(reply)
      } catch (error) {
        if (isChordnsError(error, 'RING_MALFORMED')) {
          feed({ kind: 'malformed' })
          parts.log.warn({ peer: from, ...error.detail }, 'malformed ring message')
        }
        throw error
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    status: () => statusOf(context, state),
    compareWith(peer) {
      feed({ kind: 'compare', peer })
    },
    lookup(key, mode) {
      const reference = nextLookup++
      return new Promise((resolve) => {
        lookups.set(reference, resolve)
        feed({ kind: 'lookup', reference, key, mode })
      })
    },
  }
}

/** True for an address that leads to ourselves: by its peer id, or by being one of ours. */
function isOwn(address: PeerAddress, transport: Transport): boolean {
  const suffix = `/p2p/${transport.self}`
  const bare = (text: PeerAddress) => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text)
  return address.endsWith(suffix) || transport.addresses().some((own) => bare(own) === address)
}

function withPeer(address: PeerAddress, peer: PeerId): PeerAddress {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
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
