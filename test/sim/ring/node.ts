/** One simulated member: the production ring and records on simulated ports, through as many lives as the plan gives it. */
import {
  ChordnsError,
  concatBytes,
  type Log,
  type PeerId,
  type RequestOptions,
  type Store,
} from '../../../src/base/index.ts'
import { type Chunks, createChunks, type OwnFetch } from '../../../src/chunks/index.ts'
import { peerIdFromPublicKey, type SignatureScheme, type Signer } from '../../../src/crypto/index.ts'
import {
  createRing,
  createRingMemory,
  openDoorkeeper,
  type PointerRules,
  type RingMemory,
  type RingOptions,
  type RunningRing,
} from '../../../src/ring/index.ts'
import {
  createMemoryDisk,
  type MemoryDisk,
  type MemoryNetwork,
  machineClock,
  type SeededRandom,
  type VirtualClock,
} from '../../../src/sim/index.ts'
import { defaults } from '../../chunks/world.ts'
import type { Liar } from './liars.ts'

/** Liars make their papers for this ring (see the papers of test/chunks/world.ts). */
export const RING_ID = 'world'

const Room = { RING: 1, CHUNKS: 2 } as const

export interface MemberModules {
  readonly index: number
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly random: SeededRandom
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly options: Pick<RingOptions, 'replicas' | 'successors'>
  readonly skewMs: number
  readonly rules: PointerRules
  readonly ownFetch: (member: Member) => OwnFetch
  readonly liar: Liar | undefined
  readonly count: (what: string) => void
}

export interface Member {
  readonly index: number
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  readonly address: string
  readonly isLiar: boolean
  up: boolean
  /** Virtual ms at which it last went down. */
  downSince: number
  /** How often it was started. */
  lives: number
  ring: RunningRing
  chunks: Chunks
  /** A chunk message, past the node's own records. */
  send(to: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array>
  /** Unix ms, by its own clock. */
  now(): number
  start(bootstrap: readonly string[]): void
  /** Down at once, or after so many more messages and writes; `then` runs when it is. */
  crash(how: 'process' | 'power', effects: number, then: () => void): void
  leave(then: () => void): void
}

const TIMING = { stabiliseMs: 1_000, auditMs: 5_000, pingTimeoutMs: 500, graceMs: 4_000 } as const

export function createMember(modules: MemberModules): Member {
  const { clock, network, random, signer, scheme, count } = modules
  const peer = peerIdFromPublicKey(signer.publicKey)
  const address = `/memory/${modules.index}`
  const disks: MemoryDisk[] = ['ring', 'chunks'].map((name) =>
    createMemoryDisk({ random: random.split(`disk ${name}`) }),
  )
  let life = 0
  /** What is left until it goes out, and what then. */
  let fuse: { effects: number; readonly go: () => void } | undefined
  let stopped: (() => Promise<void>) | undefined

  /** Called at each effect of this life: messages sent, batches written. */
  function burn(): void {
    if (fuse === undefined || fuse.effects-- > 0) return
    fuse.go()
  }

  /** Nothing of a life that is over goes on. */
  const clockOf = (mine: number) =>
    machineClock(clock, {
      wall: (unixMs) => Math.floor(unixMs + modules.skewMs),
      run(callback) {
        if (life === mine) callback()
      },
    })

  function storeOf(disk: MemoryDisk): Store {
    const store = disk.open()
    return {
      ...store,
      batch(writes, options) {
        store.batch(writes, options)
        burn()
      },
    }
  }

  const member: Member = {
    index: modules.index,
    peer,
    publicKey: signer.publicKey,
    address,
    isLiar: modules.liar !== undefined,
    up: false,
    downSince: Number.NEGATIVE_INFINITY,
    lives: 0,
    ring: undefined as unknown as RunningRing,
    chunks: undefined as unknown as Chunks,
    send: () => Promise.reject(new ChordnsError('PEER_GONE', 'not started', {})),
    now: () => Math.floor(clock.now() + modules.skewMs),
    start(bootstrap) {
      const mine = ++life
      member.lives++
      member.up = true
      const own = random.split(`life ${mine}`)
      const nodeClock = clockOf(mine)
      const door = openDoorkeeper({ ringId: RING_ID, random: own.split('door') })
      const transport = network.transport(peer, door, { address })
      const sender = (room: number) => (to: PeerId, body: Uint8Array, options: RequestOptions) => {
        burn()
        return transport.request(to, concatBytes(Uint8Array.of(room), body), options)
      }
      const [ringStore, chunkStore] = disks.map(storeOf) as [Store, Store]
      const log = counting(count)
      const memory: RingMemory = createRingMemory({ store: ringStore, clock: nodeClock, log, ringId: RING_ID })
      const ring = createRing(
        {
          memory,
          transport,
          clock: nodeClock,
          random: own.split('ring'),
          signer,
          scheme,
          log,
          options: { ...TIMING, ...modules.options, ringId: RING_ID, bootstrap },
          rules: modules.rules,
        },
        { send: sender(Room.RING), addresses: () => transport.addresses(), persist: memory.persist },
      )
      const chunks = createChunks(
        {
          store: chunkStore,
          ring,
          clock: nodeClock,
          random: own.split('chunks'),
          signer,
          scheme,
          log,
        },
        { send: sender(Room.CHUNKS), ownFetch: modules.ownFetch(member), isPrivate: () => false },
        { ...defaults, requestTimeoutMs: 1_000 },
      )
      const { liar } = modules
      transport.onRequest((from, body) => {
        if (life !== mine) throw new ChordnsError('PEER_GONE', 'this life is over', {})
        const rest = body.subarray(1)
        if (body[0] === Room.RING) return ring.handle(from, rest)
        const honest = () => chunks.handle(from, rest)
        return liar === undefined ? honest() : liar(from, rest, honest)
      })
      member.ring = ring
      member.chunks = chunks
      member.send = sender(Room.CHUNKS)
      stopped = async () => {
        await chunks.stop()
        await ring.stop()
        memory.stop()
        await transport.close()
        ringStore.close()
        chunkStore.close()
      }
      void ring.start()
      memory.follow(ring)
      chunks.start()
    },
    crash(how, effects, then) {
      const mine = life
      const go = () => {
        fuse = undefined
        if (!member.up || life !== mine) return
        life++
        member.up = false
        member.downSince = clock.monotonic()
        network.kill(peer, { silent: how === 'power' })
        for (const disk of disks) disk.crash(how)
        count(how === 'power' ? 'power failures' : 'kills')
        if (effects > 0) count('crashes between effects')
        then()
      }
      if (effects === 0) go()
      else {
        fuse = { effects, go }
        // A node that has nothing to do goes down all the same.
        clock.after(2_000, () => fuse?.go === go && go())
      }
    },
    leave(then) {
      const mine = life
      member.up = false
      // Until it has said good-bye it still answers.
      member.downSince = Number.POSITIVE_INFINITY
      void stopped?.().then(() => {
        if (life !== mine) return
        life++
        member.downSince = clock.monotonic()
        count('leaves')
        then()
      })
    },
  }
  return member
}

/** Messages that say that something rare has happened. */
const WORTH_COUNTING: readonly (readonly [start: string, name: string])[] = [
  ['a neighbour is silent', 'accusations'],
  ['a member is dead', 'deaths agreed'],
  ['refuted a claim', 'refutations'],
  ['handed entries over', 'hand-overs'],
  ['a certificate was refused', 'certificates refused'],
  ['a vote does not count', 'votes refused'],
  ['a bootstrap address does not answer', 'bootstrap silent'],
]

function counting(count: (what: string) => void): Log {
  const note = (detail: object, message: string) => {
    if (message === 'a round ended without agreement')
      count(`rounds: ${'reason' in detail ? String(detail.reason) : ''}`)
    for (const [start, name] of WORTH_COUNTING) if (message.startsWith(start)) count(name)
  }
  return { debug: note, info: note, warn: note, error: note }
}
