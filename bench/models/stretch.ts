/**
 * How long a look-up takes where members are as far from each other as hosts of the Internet, over the round trip to the nearest
 * replica: reads by the reader of `src/chunks`, in virtual time; Chord and Kademlia beside it, from the same places.
 */
import { setImmediate } from 'node:timers/promises'
import { asPeerId, type PeerId, type RingId } from '../../src/base/index.ts'
import { chunkOf, keyOfChunk } from '../../src/chunks/index.ts'
import { createReading, type Reading } from '../../src/chunks/reads/reading.ts'
import { createPlacement } from '../../src/chunks/seats/placement.ts'
import { Faults } from '../../src/chunks/wire/faults.ts'
import type { ReplicaAnswer } from '../../src/chunks/wire/messages.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { Question } from '../../src/dns/index.ts'
import { buildCertificate } from '../../src/evidence/index.ts'
import type { MemberEntry, Ring } from '../../src/ring/index.ts'
import { latencySpace, seededRandom, type VirtualClock, virtualClock } from '../../src/sim/index.ts'
import { memberId } from '../../test/chunks/ring-parts.ts'
import { answer, ask, paper } from '../../test/chunks/world.ts'
import { hashScheme } from '../../test/sim/chain/signatures.ts'
import { type ChordMode, ChordModel, kill } from './chord.ts'
import { KademliaModel, type KademliaOptions } from './kademlia.ts'

export interface StretchOptions {
  readonly nodes: number
  readonly seed: number
  readonly askers: number
  /** Reads of each asker, one after the other. */
  readonly reads: number
}

export interface Timed {
  /** Ms until the answer. */
  readonly ms: number
  /** Over the round trip to the nearest live replica. */
  readonly stretch: number
  readonly requests: number
}

/** Virtual ms: as the configuration has them. */
const REQUEST_TIMEOUT_MS = 2_000
const CHUNK_BITS = 8
const SEATS = 3
/** Just after members went silent each asker reads so often: later it knows who is silent. */
const READS_AFTER = 20

interface Place {
  readonly member: MemberEntry
  readonly index: number
}

/** Places in the King-like space of `src/sim`, by number; without jitter, as in the King data. */
export function placesOf(seed: number) {
  const space = latencySpace(seededRandom(`stretch ${seed}`))
  const peer = (index: number): PeerId => asPeerId(`place-${index}`)
  return (a: number, b: number): number => Math.max(0.1, space.roundTrip(peer(a), peer(b)))
}

/** Reads at rest, and then just after a share of the members went silent. */
export async function timedReads(
  options: StretchOptions,
  silentShare: number,
): Promise<{ readonly rest: readonly Timed[]; readonly silent: readonly Timed[] }> {
  const field = new Field(options)
  const askers = Array.from({ length: options.askers }, (_, i) => field.asker(i))
  const each = async (reads: number) => (await Promise.all(askers.map((one) => one.run(reads)))).flat()
  const rest = await field.clock.run(each(options.reads))
  field.silence(silentShare)
  const silent = await field.clock.run(each(READS_AFTER))
  return { rest, silent }
}

class Field {
  readonly clock: VirtualClock = virtualClock({ settle: () => setImmediate() })
  readonly dead = new Set<PeerId>()
  readonly #options: StretchOptions
  readonly #scheme
  readonly #rtt
  readonly #places: Place[]
  readonly #byPeer: ReadonlyMap<PeerId, Place>
  readonly #questions: Question[] = []
  readonly #answers = new Map<number, ReplicaAnswer>()

  constructor(options: StretchOptions) {
    this.#options = options
    this.#scheme = hashScheme(options.seed)
    this.#rtt = placesOf(options.seed)
    this.#places = Array.from({ length: options.nodes }, (_, index) => {
      const publicKey = sha256(new TextEncoder().encode(`stretch ${options.seed}/${index}`))
      const member: MemberEntry = {
        id: memberId(publicKey, new Uint8Array()),
        peer: asPeerId(`place-${index}`),
        publicKey,
        salt: new Uint8Array(),
        addresses: [],
        status: 'alive',
        incarnation: 1,
        signatures: [],
      }
      return { member, index }
    })
    this.#byPeer = new Map(this.#places.map((place) => [place.member.peer, place]))
    this.#places.sort((a, b) => (a.member.id < b.member.id ? -1 : 1))
    this.#agree()
  }

  /** One name in each chunk, whose replicas have agreed on it. */
  #agree(): void {
    const now = this.clock.now()
    const wanted = 2 ** CHUNK_BITS
    for (let i = 0; this.#questions.length < wanted; i++) {
      const question = ask(`name${i}.example.com`)
      const chunk = chunkOf(question.name, CHUNK_BITS)
      if (this.#answers.has(chunk)) continue
      const outcome = answer(question, [1], 3_600)
      const replicas = this.#seats(keyOfChunk(chunk, CHUNK_BITS))
      const observations = replicas.map(({ publicKey }) =>
        paper(this.#scheme.signer(publicKey), question, outcome, now, { ttl: 3_600 }),
      )
      const certificate = buildCertificate(observations, {
        ringId: 'world',
        chunk,
        question,
        n: SEATS,
        replicas: replicas.map(({ publicKey }) => publicKey),
        scheme: this.#scheme,
        now,
      })
      if (certificate === undefined) throw new Error('all replicas saw the same')
      this.#questions.push(question)
      this.#answers.set(chunk, { kind: 'reply', reply: { kind: 'entry', certificate, outcome } })
    }
  }

  #seats(key: RingId): MemberEntry[] {
    const from = this.#places.findIndex(({ member }) => member.id >= key)
    const first = from === -1 ? 0 : from
    return Array.from({ length: SEATS }, (_, i) => this.#places[(first + i) % this.#places.length]!.member)
  }

  silence(share: number): void {
    const dead = new Uint8Array(this.#places.length)
    const random = seededRandom(`silent ${this.#options.seed}`)
    kill(dead, share, () => random.below(2 ** 32) / 2 ** 32)
    for (const [i, { member }] of this.#places.entries()) if (dead[i] === 1) this.dead.add(member.peer)
  }

  asker(number: number): { run(reads: number): Promise<Timed[]> } {
    const self = this.#byPeer.get(asPeerId(`place-${number}`))!
    const random = seededRandom(`asker ${this.#options.seed}/${number}`)
    const suspects = new Set<RingId>()
    const ring = {
      ringId: 'world',
      self: self.member,
      isSuspect: (id: RingId) => suspects.has(id),
      replicasOf: (key: RingId) => ({ key, n: SEATS, members: this.#seats(key) }),
    } as unknown as Ring
    const placement = createPlacement({
      ring,
      scheme: this.#scheme,
      options: { chunkBits: CHUNK_BITS, acceptFrom: 'majority', admission: 'psk' },
      isPrivate: () => false,
    })
    let requests = 0
    const reading: Reading = createReading(
      {
        ring,
        clock: this.clock,
        placement,
        faults: new Faults(),
        proofs: { check: async () => 'no proofs here' },
        random: { bytes: (length) => new Uint8Array(length), below: (bound) => random.below(bound) },
        digests: { areAhead: true, namers: (_question, { others }) => new Set(others.map(({ peer }) => peer)) },
        choosing: { isPopular: () => false, copyOf: () => undefined },
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        stopping: new AbortController().signal,
        request: (peer, { question }, { signal }) => {
          requests++
          return this.#reply(self.index, peer, question, signal, () => suspects.add(this.#byPeer.get(peer)!.member.id))
        },
      },
      { ownWord: () => ({ kind: 'unknown' }), linksFrom: () => undefined, onAccepted: () => {}, onRead: () => {} },
    )
    return {
      run: async (reads) => {
        const times: Timed[] = []
        for (let i = 0; i < reads; i++) {
          const question = this.#questions[random.below(this.#questions.length)]!
          const { members, mine } = placement.seatsOf(question)
          const live = members.filter(({ peer }) => !this.dead.has(peer))
          // Who keeps the chunk itself asks nobody; of a chunk whose replicas are all silent there is nothing to read.
          if (mine || live.length === 0) continue
          const nearest = Math.min(...live.map(({ peer }) => this.#rtt(self.index, this.#byPeer.get(peer)!.index)))
          const before = requests
          const began = this.clock.monotonic()
          const read = await reading.read(question, new AbortController().signal)
          if (read.kind !== 'accepted') throw new Error(`the ring has it, and says ${read.kind}`)
          const ms = this.clock.monotonic() - began
          times.push({ ms, stretch: ms / nearest, requests: requests - before })
        }
        return times
      },
    }
  }

  #reply(
    from: number,
    peer: PeerId,
    question: Question,
    signal: AbortSignal | undefined,
    onSilent: () => void,
  ): Promise<ReplicaAnswer> {
    const isDead = this.dead.has(peer)
    const ms = isDead ? REQUEST_TIMEOUT_MS : this.#rtt(from, this.#byPeer.get(peer)!.index)
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(ms, () => {
        if (isDead) onSilent()
        resolve(
          isDead ? { kind: 'failed', reason: 'PEER_TIMEOUT' } : this.#answers.get(chunkOf(question.name, CHUNK_BITS))!,
        )
      })
      signal?.addEventListener(
        'abort',
        () => {
          cancel()
          reject(new Error('given up'))
        },
        { once: true },
      )
    })
  }
}

/** Look-ups over fingers, lists or the table until the owner has answered, one member after the other; SEATS members hold the key. */
export function timedChord({ nodes, seed, askers, reads }: StretchOptions, mode: ChordMode): Timed[] {
  const random = seededRandom(`chord ${seed}`)
  const chance = () => random.below(2 ** 32) / 2 ** 32
  const model = new ChordModel(nodes, 16, chance)
  const rtt = placesOf(seed)
  const times: Timed[] = []
  for (let i = 0; i < askers * reads; i++) {
    const from = Math.floor(chance() * nodes)
    const key = model.randomKey(chance)
    const first = model.successorOf(key)
    const replicas = Array.from({ length: SEATS }, (_, place) => (first + place) % nodes)
    if (replicas.includes(from)) continue
    let ms = 0
    const { members } = model.lookup(from, key, mode, (at) => (ms += rtt(from, at)))
    times.push({ ms, stretch: ms / Math.min(...replicas.map((at) => rtt(from, at))), requests: members })
  }
  return times
}

/** Until the first of the k holders has answered, alpha requests in flight. */
export function timedKademlia({ nodes, seed, askers, reads }: StretchOptions, options: KademliaOptions): Timed[] {
  const random = seededRandom(`kademlia ${seed}`)
  const chance = () => random.below(2 ** 32) / 2 ** 32
  const model = new KademliaModel(nodes, seed, chance)
  const rtt = placesOf(seed)
  const times: Timed[] = []
  for (let i = 0; i < askers * reads; i++) {
    const from = Math.floor(chance() * nodes)
    const key = Math.floor(chance() * 2 ** 32)
    const holders = model.closest(key, options.k)
    if (holders.includes(from)) continue
    const { ms, requests } = model.timedLookup(from, key, options, (at) => rtt(from, at))
    times.push({ ms, stretch: ms / Math.min(...holders.map((at) => rtt(from, at))), requests })
  }
  return times
}
