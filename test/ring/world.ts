/** Many step machines in one virtual network: seeded delay, loss, crash, restart, partition. Nothing waits in real time. */
import { asPeerId, baseLimits, OpenPeers, type PeerId, type RingId } from '../../src/base/index.ts'
import { keyedHashScheme, sha256 } from '../../src/crypto/index.ts'
import { type PointerRules, zaveRules } from '../../src/ring/chord/rules.ts'
import { initialState, statusOf, step } from '../../src/ring/machine/machine.ts'
import type { RingContext, RingEffect, RingEvent, RingState, RingTimer } from '../../src/ring/machine/state.ts'
import { keptPeers } from '../../src/ring/run/kept.ts'
import type { InvitationFault, LookupResult, RingOptions, RingStatus } from '../../src/ring/types.ts'
import { decodeReply, decodeRequest } from '../../src/ring/wire/decode.ts'
import { encodeMessage } from '../../src/ring/wire/encode.ts'
import type { RingMessage, RingReply, RingRequest } from '../../src/ring/wire/messages.ts'

export const scheme = keyedHashScheme(new Uint8Array(32).fill(7))

export const OPTIONS: RingOptions = {
  ringId: 'test',
  bootstrap: [],
  replicas: 2,
  stabiliseMs: 1_000,
  auditMs: 5_000,
  pingTimeoutMs: 500,
  successors: 16,
  graceMs: 4_000,
}

/** A ping, and its answer. */
const PLAIN_BYTES = encodeMessage({ type: 'ping' }).length

export function keyOf(name: string | number): Uint8Array {
  return sha256(new TextEncoder().encode(`node ${name}`))
}

export function contextOf(name: string | number, overrides: Partial<RingContext> = {}): RingContext {
  return {
    ringId: 'test',
    scheme,
    signer: scheme.signer(keyOf(name)),
    salt: new Uint8Array(),
    options: OPTIONS,
    rules: zaveRules,
    seats: 'signed',
    admits: (entry) => entry.salt.length === 0,
    addresses: () => [`/memory/${name}`],
    ...overrides,
  }
}

export interface Node {
  readonly name: number
  readonly peer: PeerId
  readonly id: RingId
  context: RingContext
  state: RingState
  up: boolean
  bootstrap: readonly Node[]
  /** What a restart brings along. */
  persisted: { largest: number; incarnation: number }
  /** A crash makes everything that was on its way stale. */
  life: number
  readonly timers: Map<RingTimer, number>
  /** Whom it is connected with, where connections are bounded. */
  readonly peers: OpenPeers | undefined
  /** By which table the kept ones were last chosen; undefined while that waits. */
  keptBy: number | undefined
}

export interface WorldOptions {
  readonly seed: number
  readonly minDelayMs?: number
  readonly meanDelayMs?: number
  readonly loss?: number
  /** Every message goes through its bytes. Costs half of the speed. */
  readonly wire?: boolean
  /** Count the bytes of all messages. */
  readonly weigh?: boolean
  readonly rules?: PointerRules
  readonly options?: Partial<RingOptions>
  /** Peers that a node is connected with at once. Default: connections cost nothing, and are not counted. */
  readonly maxPeers?: number
  readonly scheme?: typeof scheme
  readonly seats?: RingContext['seats']
}

interface Scheduled {
  readonly at: number
  readonly sequence: number
  readonly run: () => void
}

export class World {
  now = 1_700_000_000_000
  readonly nodes: Node[] = []
  messages = 0
  /** Connections that were opened, and that were wanted and had no place. */
  dials = 0
  noPlace = 0
  /** Of requests and replies that were sent, with `weigh`. */
  bytes = 0
  loss: number
  /** True when a message may pass. */
  link: (from: Node, to: Node) => boolean = () => true
  /** Peers that answer to anything, and are nothing else: one machine may be a thousand of them. */
  readonly hollow = new Set<PeerId>()
  /** The reply of a peer that is no node of this world; undefined when there is none. */
  elsewhere: (from: Node, peer: PeerId, request: RingRequest) => RingReply | undefined = () => undefined
  /** Called after every step of a node. */
  observe: (node: Node) => void = () => {}
  /** Called with what came of a look-up. */
  lookedUp: (node: Node, reference: number, result: LookupResult) => void = () => {}
  /** Called with what came of a claim to an invitation. */
  claimed: (node: Node, reference: number, fault: InvitationFault | undefined) => void = () => {}
  readonly #heap: Scheduled[] = []
  readonly #byPeer = new Map<PeerId, Node>()
  readonly #options: WorldOptions
  #sequence = 0
  #random: number

  constructor(options: WorldOptions) {
    this.#options = options
    this.#random = (options.seed * 2_654_435_761 + 1) >>> 0
    this.loss = options.loss ?? 0
  }

  /** Uniform in [0, 1): mulberry32. */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0
    let t = this.#random
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  /** A node that starts. `prepare` may put into its state what it knows already. */
  add(bootstrap: readonly Node[], prepare: (node: Node) => void = () => {}): Node {
    const name = this.nodes.length
    const { scheme: own = scheme, maxPeers } = this.#options
    const key = `${this.#options.seed}/${name}`
    const context = contextOf(key, {
      scheme: own,
      signer: own.signer(keyOf(key)),
      rules: this.#options.rules ?? zaveRules,
      seats: this.#options.seats ?? 'welcomed',
      ...(maxPeers !== undefined && { places: maxPeers }),
      options: { ...OPTIONS, ...this.#options.options },
    })
    const state = initialState(context, this.now)
    const { peer, id } = state.self
    const persisted = { largest: 1, incarnation: 0 }
    const peers = maxPeers === undefined ? undefined : openPeers(maxPeers, peer, () => node.state)
    const timers = new Map<RingTimer, number>()
    const node: Node = {
      name,
      peer,
      id,
      context,
      state,
      up: true,
      bootstrap,
      persisted,
      life: 0,
      timers,
      peers,
      keptBy: -1,
    }
    this.nodes.push(node)
    this.#byPeer.set(asPeerId(peer), node)
    prepare(node)
    this.feed(node, { kind: 'start', known: [] })
    return node
  }

  crash(node: Node): void {
    node.up = false
    node.life += 1
    node.timers.clear()
  }

  restart(node: Node, bootstrap: readonly Node[]): void {
    node.bootstrap = bootstrap
    node.state = initialState(node.context, this.now, node.persisted)
    node.up = true
    this.feed(node, { kind: 'start', known: [] })
  }

  leave(node: Node): void {
    this.feed(node, { kind: 'leave' })
    this.crash(node)
  }

  up(): Node[] {
    return this.nodes.filter((node) => node.up)
  }

  status(node: Node): RingStatus {
    return statusOf(node.context, node.state)
  }

  feed(node: Node, event: RingEvent): void {
    const { state, effects } = step(node.context, node.state, event, this.now)
    node.state = state
    for (const effect of effects) this.#perform(node, effect)
    this.#keepLater(node)
    this.observe(node)
  }

  /** As the driver does: a moment after the table has changed. */
  #keepLater(node: Node): void {
    if (node.peers === undefined || node.keptBy === undefined || node.keptBy === node.state.table.version) return
    node.keptBy = undefined
    this.at(200, () => {
      node.keptBy = node.state.table.version
      node.peers?.keep(keptPeers(node.state, node.context))
    })
  }

  /** True when the two are connected, or could be: each has a place, or somebody who makes room. */
  #connect(from: Node, to: Node): boolean {
    if (from.peers === undefined || to.peers === undefined) return true
    if (from.peers.has(to.peer)) {
      from.peers.used(to.peer, this.now)
      to.peers.used(from.peer, this.now)
      return true
    }
    this.dials++
    const end = (node: Node) => (other: PeerId) => this.#disconnect(node, this.#byPeer.get(other)!)
    if (!to.peers.admit(from.peer, this.now, end(to))) {
      this.noPlace++
      return false
    }
    if (from.peers.admit(to.peer, this.now, end(from))) return true
    this.#disconnect(from, to)
    this.noPlace++
    return false
  }

  #disconnect(a: Node, b: Node): void {
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      node.peers?.gone(other.peer)
      this.at(this.#delay(), () => {
        if (node.up) this.feed(node, { kind: 'gone', peer: other.peer })
      })
    }
  }

  at(delayMs: number, run: () => void): void {
    this.#push({ at: this.now + delayMs, sequence: this.#sequence++, run })
  }

  /** Runs everything that happens in the next `ms`. */
  run(ms: number): void {
    const end = this.now + ms
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  /** Runs until `done` holds, in steps; returns the time it took, or undefined when it never did. Ms. */
  runUntil(done: () => boolean, limitMs: number, stepMs = 250): number | undefined {
    const start = this.now
    while (!done()) {
      if (this.now - start >= limitMs) return undefined
      this.run(stepMs)
    }
    return this.now - start
  }

  #perform(node: Node, effect: RingEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(node, effect)
        return
      case 'timer': {
        const sequence = this.#sequence
        node.timers.set(effect.timer, sequence)
        this.at(effect.afterMs + this.random() * effect.jitterMs, () => {
          if (node.timers.get(effect.timer) !== sequence) return
          node.timers.delete(effect.timer)
          this.feed(node, { kind: 'timer', timer: effect.timer })
        })
        return
      }
      case 'contact':
        this.#contact(node, effect.again)
        return
      case 'persist':
        node.persisted = { largest: effect.largest, incarnation: effect.incarnation }
        return
      case 'looked-up':
        this.lookedUp(node, effect.reference, effect.result)
        return
      case 'claimed':
        this.claimed(node, effect.reference, effect.fault)
        return
      case 'respond':
      case 'learn':
      case 'changed':
      case 'log':
        return
    }
  }

  #send(node: Node, effect: Extract<RingEffect, { kind: 'send' }>): void {
    this.messages += 1
    this.#weigh(effect.request)
    const { life } = node
    const asked = this.now
    let settled = false
    const settle = (event: RingEvent) => {
      if (settled || !node.up || node.life !== life) return
      settled = true
      this.feed(node, event)
    }
    this.at(effect.timeoutMs, () => settle({ kind: 'failed', token: effect.token, alive: false }))
    const target = this.#byPeer.get(effect.peer)
    if (this.hollow.has(effect.peer))
      this.at(2 * this.#delay(), () =>
        settle({ kind: 'reply', token: effect.token, reply: { type: 'ok' }, elapsedMs: this.now - asked }),
      )
    if (target === undefined) {
      const reply = this.elsewhere(node, effect.peer, effect.request)
      if (reply === undefined) return
      this.#weigh(reply)
      const asked = this.now
      this.at(this.#delay() + this.#delay(), () =>
        settle({ kind: 'reply', token: effect.token, reply, elapsedMs: this.now - asked }),
      )
      return
    }
    if (!this.#passes(node, target)) return
    if (!this.#connect(node, target)) {
      this.at(this.#delay(), () => settle({ kind: 'failed', token: effect.token, alive: false }))
      return
    }
    const { wire = false } = this.#options
    const request = wire ? decodeRequest(encodeMessage(effect.request)) : effect.request
    this.at(this.#delay(), () => {
      if (!target.up) return
      const reply = this.serve(target, node.peer, request)
      this.#weigh(reply)
      if (!this.#passes(target, node)) return
      const answer = wire ? decodeReply(encodeMessage(reply)) : reply
      this.at(this.#delay(), () =>
        settle({ kind: 'reply', token: effect.token, reply: answer, elapsedMs: this.now - asked }),
      )
    })
  }

  /** A node answers a request now. */
  serve(node: Node, from: PeerId, request: RingRequest): RingReply {
    const result = step(node.context, node.state, { kind: 'request', from, request }, this.now)
    for (const other of result.effects) if (other.kind !== 'respond') this.#perform(node, other)
    this.observe(node)
    const reply = result.effects.find((other) => other.kind === 'respond')
    if (reply === undefined) throw new Error('a request was not answered')
    return reply.reply
  }

  #weigh(message: RingMessage): void {
    if (this.#options.weigh !== true) return
    const plain = message.type === 'ping' || message.type === 'ok'
    this.bytes += plain ? PLAIN_BYTES : encodeMessage(message).length
  }

  #contact(node: Node, again: boolean): void {
    const { life } = node
    const targets = node.bootstrap.filter(
      (target) => target !== node && !(again && node.state.table.byPeer(target.peer)?.status === 'alive'),
    )
    for (const target of targets) {
      this.at(this.#delay() + this.#delay(), () => {
        if (!node.up || node.life !== life || !target.up || !this.link(node, target)) return
        if (!this.#connect(node, target)) return
        this.feed(node, { kind: 'contacted', peer: target.peer })
      })
    }
    this.at(600, () => {
      if (node.up && node.life === life) this.feed(node, { kind: 'contacts-done', tried: targets.length })
    })
  }

  #passes(from: Node, to: Node): boolean {
    return from.up && this.link(from, to) && this.random() >= this.loss
  }

  /** Exponential above a minimum. */
  #delay(): number {
    const { minDelayMs = 1, meanDelayMs = 20 } = this.#options
    return minDelayMs - Math.log(1 - this.random()) * meanDelayMs
  }

  #push(item: Scheduled): void {
    const heap = this.#heap
    heap.push(item)
    let i = heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    let i = 0
    for (;;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child
      }
      if (least === i) return
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}

function openPeers(most: number, self: PeerId, stateOf: () => RingState): OpenPeers {
  const isBusy = (peer: PeerId) => {
    const { pending } = stateOf()
    for (const one of pending.values()) if (one.peer === peer && peer !== self) return true
    return false
  }
  return new OpenPeers({ most, idleMs: baseLimits.PEER_IDLE_MS, restMs: baseLimits.PEER_REST_MS }, { isBusy })
}

/** Why the ring of all nodes that are up is not yet the ideal one; undefined when it is. */
export function flaw(world: World, listLength = 16): string | undefined {
  const ring = world.up().sort((a, b) => (a.id < b.id ? -1 : 1))
  const length = Math.min(listLength, ring.length - 1)
  for (const [i, node] of ring.entries()) {
    const { joined, predecessor, successors } = world.status(node)
    if (!joined) return `${node.name} has not joined`
    const wanted = Array.from({ length }, (_, k) => ring[(i + k + 1) % ring.length]!.id)
    if (successors.join() !== wanted.join()) {
      return `${node.name}: list ${successors.map((id) => id.slice(0, 4))} and not ${wanted.map((id) => id.slice(0, 4))}`
    }
    const before = ring.length === 1 ? undefined : ring[(i - 1 + ring.length) % ring.length]!.id
    if (predecessor !== before && ring.length > 1) return `${node.name}: predecessor ${predecessor} and not ${before}`
  }
  return undefined
}

/** Why the tables of all nodes that are up differ from who is up; undefined when they do not. */
export function tableFlaw(world: World): string | undefined {
  const wanted = world
    .up()
    .map(({ id }) => id)
    .sort()
  for (const node of world.up()) {
    const have = world.status(node).members.map(({ id }) => id)
    if (have.join() !== wanted.join()) return `${node.name} knows ${have.length} members of ${wanted.length}`
  }
  return undefined
}
