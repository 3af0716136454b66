/** The chunk chains of several nodes in one process: virtual time, a network that can be cut, disks that can fail. */
import { setImmediate as settle } from 'node:timers/promises'
import {
  asChunkId,
  ChordnsError,
  type ChunkId,
  equalBytes,
  type Log,
  type PeerId,
  type Store,
  toHex,
} from '../../src/base/index.ts'
import { decodeMessage } from '../../src/chain/index.ts'
import { type ChunkChains, createChunkChains, verifyChains } from '../../src/chunk-chains/index.ts'
import { decodeChainsRequest } from '../../src/chunk-chains/run/messages.ts'
import type { ChunkEntry } from '../../src/chunks/entries/entry.ts'
import { examine } from '../../src/chunks/entries/examine.ts'
import { chunkOf } from '../../src/chunks/index.ts'
import { questionKey } from '../../src/chunks/wire/question-key.ts'
import { ed25519, ed25519Signer, peerIdFromPublicKey, type Signer, sha256 } from '../../src/crypto/index.ts'
import type { Question } from '../../src/dns/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'
import type { MemberEntry } from '../../src/ring/index.ts'
import {
  createMemoryDisk,
  type MemoryDisk,
  seededRandom,
  type VirtualClock,
  virtualClock,
} from '../../src/sim/index.ts'
import { memberId } from '../chunks/ring-parts.ts'
import { answer, ask, paper } from '../chunks/world.ts'

export const CHUNK_BITS = 8

export interface Keeper {
  readonly index: number
  readonly signer: Signer
  readonly member: MemberEntry
  chains: ChunkChains
  /** As its own table has them. */
  table: MemberEntry[]
  readonly held: Map<string, ChunkEntry>
  readonly data: MemoryDisk
  /** Can be another one: the file was lost, or restored. */
  votes: MemoryDisk
  store: Store
  guard: Store
  down: boolean
  changed(): void
}

export interface ChainsWorld {
  readonly clock: VirtualClock
  readonly keepers: readonly Keeper[]
  readonly sent: { readonly from: number; readonly to: number; readonly kind: number }[]
  readonly errors: string[]
  /** Lines of the log of kind info. */
  readonly told: string[]
  /** Two different things that one keeper signed for one place, in all its lives: what ever was on the wire is held together. */
  readonly contradictions: string[]
  /** Makes the network lose what this says. */
  cut: (from: Keeper, to: Keeper) => boolean
  pass(ms: number): Promise<void>
  /** All keepers of the chunk hear of an entry that these saw. */
  agree(question: Question, outcome?: Outcome, ttl?: number): ChunkEntry
  /** The process or the power ends. */
  crash(keeper: Keeper, how: 'process' | 'power'): void
  restart(keeper: Keeper): void
  setMembers(members: readonly Keeper[], seenBy?: readonly Keeper[]): void
  /** All keepers hold what they have stored to be sound. */
  faults(keeper: Keeper): readonly { readonly height: number; readonly reason: string }[]
  stop(): void
}

/** Names that all fall into one chunk. */
export function namesOf(chunk: ChunkId, count: number): Question[] {
  const found: Question[] = []
  for (let i = 0; found.length < count; i++) {
    const question = ask(`w${i}.example.com`)
    if (chunkOf(question.name, CHUNK_BITS) === chunk) found.push(question)
  }
  return found
}

export const CHUNK = asChunkId(7)

export function createChainsWorld(count: number, n = count, historyHours = 24): ChainsWorld {
  const clock = virtualClock({ settle })
  const random = seededRandom(`chains ${count}`)
  const keepers: Keeper[] = []
  const sent: ChainsWorld['sent'] = []
  const errors: string[] = []
  const told: string[] = []
  const contradictions: string[] = []
  const signed = new Map<string, string>()
  const byPeer = new Map<PeerId, Keeper>()
  const log: Log = {
    debug() {},
    info: (_, message) => void told.push(message),
    warn() {},
    error: (detail, message) => errors.push(`${message} ${JSON.stringify(detail)}`),
  }
  const world: ChainsWorld = {
    clock,
    keepers,
    sent,
    errors,
    told,
    cut: () => false,
    pass: (ms) => clock.advanceAsync(ms),
    agree(question, outcome = answer(question), ttl = 300) {
      const now = clock.now()
      const seats = keepers.filter(({ table, member }) => table.some(({ id }) => id === member.id)).slice(0, n)
      const certificate = {
        kind: 'agreed' as const,
        contents: [],
        observations: seats.map(({ signer }) => paper(signer, question, outcome, now, { ttl })),
      }
      const examined = examine(
        certificate,
        outcome,
        {
          ringId: 'world',
          chunk: chunkOf(question.name, CHUNK_BITS),
          question,
          n,
          replicas: seats.map(({ member }) => member),
          scheme: ed25519,
          policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
        },
        now,
      )
      if (!examined.ok) throw new Error(examined.reason)
      for (const keeper of seats) if (!keeper.down) hold(keeper, examined.entry)
      return examined.entry
    },
    contradictions,
    crash(keeper, how) {
      keeper.down = true
      keeper.chains.stop()
      keeper.data.crash(how)
      keeper.votes.crash(how)
    },
    restart(keeper) {
      keeper.down = false
      open(keeper)
    },
    setMembers(members, seenBy = keepers) {
      for (const keeper of seenBy) {
        keeper.table = members.map(({ member }) => member)
        keeper.changed()
      }
    },
    faults(keeper) {
      const parts = { store: keeper.store, votes: keeper.guard, scheme: ed25519, chunkBits: CHUNK_BITS }
      const work = verifyChains({ ...parts, publicKey: keeper.signer.publicKey })
      let next = work.next()
      while (next.done !== true) next = work.next()
      return next.value.faults
    },
    stop() {
      for (const { chains } of keepers) chains.stop()
    },
  }

  function hold(keeper: Keeper, entry: ChunkEntry): void {
    keeper.held.set(questionKey(entry.question), entry)
    keeper.chains.kept(entry)
  }

  function open(keeper: Keeper): void {
    const listeners = new Set<() => void>()
    keeper.changed = () => {
      for (const listener of listeners) listener()
    }
    keeper.store = keeper.data.open()
    keeper.guard = keeper.votes.open()
    keeper.chains = createChunkChains(
      {
        ring: {
          ringId: 'world',
          self: keeper.member,
          replicasOf: (key) => ({ key, n, members: keeper.table }),
          onChange: (listener) => {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
          isSuspect: () => false,
        },
        clock,
        random: random.split(`keeper ${keeper.index}`),
        signer: keeper.signer,
        scheme: ed25519,
        log,
        stores: { data: keeper.store, votes: keeper.guard },
        held: {
          chunks: () => [...new Set([...keeper.held.values()].map(({ chunk }) => chunk))],
          summariesOf: (chunk) =>
            [...keeper.held]
              .filter(([, entry]) => entry.chunk === chunk && entry.expires > clock.now())
              .map(([key, { seen, certificate }]) => {
                const { publicKey } = keeper.signer
                const own = certificate.observations.some(({ observer }) => equalBytes(observer, publicKey))
                return { key, seen, own }
              }),
          entryOf: (key) => keeper.held.get(key),
        },
      },
      { send: (to, body, { timeoutMs }) => deliver(keeper, byPeer.get(to)!, body, timeoutMs) },
      { chunkBits: CHUNK_BITS, historyHours },
    )
    keeper.chains.start()
  }

  function deliver(from: Keeper, to: Keeper, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    listen(body)
    sent.push({ from: from.index, to: to.index, kind: body[2]! })
    return new Promise((resolve, reject) => {
      const late = clock.after(timeoutMs, () => reject(new ChordnsError('PEER_TIMEOUT', 'no answer', {})))
      clock.after(5, () => {
        if (to.down || world.cut(from, to)) return
        let reply: Uint8Array
        try {
          reply = to.chains.handle(from.member.peer, body)
        } catch (error) {
          late()
          return reject(new ChordnsError('PEER_FAILED', 'the far handler threw', {}, { cause: error }))
        }
        clock.after(5, () => {
          if (from.down || world.cut(to, from)) return
          late()
          resolve(reply)
        })
      })
    })
  }

  function listen(body: Uint8Array): void {
    const request = decodeChainsRequest(body)
    if (request.kind !== 'message') return
    const message = decodeMessage(request.chainId, request.bytes)
    const places =
      message.type === 'votes'
        ? message.votes.map(({ kind, ...vote }) => ({ kind, ...vote }))
        : message.type === 'proposal'
          ? [{ kind: 'proposal', ...message.proposal.claim }]
          : []
    for (const { kind, height, round, signer, blockId } of places) {
      const place = `${toHex(request.chainId)} ${height} ${round} ${kind} ${toHex(signer)}`
      const id = blockId === undefined ? 'nil' : toHex(blockId)
      if ((signed.get(place) ?? id) !== id) contradictions.push(place)
      signed.set(place, id)
    }
  }

  for (let index = 0; index < count; index++) {
    const signer = ed25519Signer(sha256(Uint8Array.of(0xc5, index)))
    const peer = peerIdFromPublicKey(signer.publicKey)
    const member: MemberEntry = {
      id: memberId(signer.publicKey, new Uint8Array()),
      peer,
      publicKey: signer.publicKey,
      salt: new Uint8Array(),
      addresses: [],
      status: 'alive',
      incarnation: 1,
      signatures: [],
    }
    const keeper = {
      index,
      signer,
      member,
      table: [],
      held: new Map(),
      data: createMemoryDisk({ random: random.split(`data ${index}`) }),
      votes: createMemoryDisk({ random: random.split(`votes ${index}`) }),
      down: false,
      changed: () => {},
    } as unknown as Keeper
    keepers.push(keeper)
    byPeer.set(peer, keeper)
  }
  for (const keeper of keepers) keeper.table = keepers.map(({ member }) => member)
  for (const keeper of keepers) open(keeper)
  return world
}
