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
import { recordOfEntry } from '../../src/chunk-chains/state/state.ts'
import type { ChunkEntry } from '../../src/chunks/entries/entry.ts'
import { examine } from '../../src/chunks/entries/examine.ts'
import { chunkOf, type RecordedClaim, type SignedEntry } from '../../src/chunks/index.ts'
import { questionKey } from '../../src/chunks/wire/question-key.ts'
import {
  ed25519,
  ed25519Signer,
  keyedHashScheme,
  peerIdFromPublicKey,
  type SignatureScheme,
  type Signer,
  sha256,
} from '../../src/crypto/index.ts'
import type { Question } from '../../src/dns/index.ts'
import type { TrustAnchor } from '../../src/dnssec/index.ts'
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

const hashed = keyedHashScheme(new Uint8Array(32).fill(9))

export interface Replica {
  readonly index: number
  readonly signer: Signer
  readonly member: MemberEntry
  chains: ChunkChains
  /** As its own table has them. */
  table: MemberEntry[]
  /** Where the replicas of all chunks are not the same: those of a key. */
  tableOf: ((key: string) => MemberEntry[]) | undefined
  readonly held: Map<string, ChunkEntry | SignedEntry>
  /** False for an earlier release, which does not know transactions of signed answers. */
  knowsSigned: boolean
  data: MemoryDisk
  /** Can be another one: the file was lost, or restored. */
  votes: MemoryDisk
  /** Times that it was started. */
  lives: number
  /** Keys of those whom it knows to have signed twice. */
  readonly accuses: Uint8Array[]
  store: Store
  guard: Store
  down: boolean
  changed(): void
}

export interface ChainsWorld {
  readonly clock: VirtualClock
  readonly replicas: readonly Replica[]
  readonly sent: { readonly from: number; readonly to: number; readonly kind: number }[]
  readonly errors: string[]
  /** Lines of the log of kind info. */
  readonly told: string[]
  /** Two different things that one replica signed for one place, in all its lives: what ever was on the wire is held together. */
  readonly contradictions: string[]
  /** Makes the network lose what this says. */
  cut: (from: Replica, to: Replica) => boolean
  /** Whether there is CPU to spare. */
  isFree: () => boolean
  /** A replica has a block with this. */
  onRecorded: (replica: Replica, claim: RecordedClaim) => void
  pass(ms: number): Promise<void>
  /** All replicas of the chunk hear of an entry that these saw. */
  agree(question: Question, outcome?: Outcome, ttl?: number): ChunkEntry
  /** The process or the power ends. */
  crash(replica: Replica, how: 'process' | 'power'): void
  restart(replica: Replica): void
  setMembers(members: readonly Replica[], seenBy?: readonly Replica[]): void
  /** All replicas hold what they have stored to be sound. */
  faults(replica: Replica): readonly { readonly height: number; readonly reason: string }[]
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

export function createChainsWorld(
  count: number,
  n = count,
  historyHours = 24,
  anchors: (index: number) => readonly TrustAnchor[] = () => [],
  gatherMs = 0,
  /** A quarter of the time of these tests was signatures: most do without. */
  keys: 'hashed' | 'real' = 'hashed',
  chunkBits = CHUNK_BITS,
): ChainsWorld {
  const scheme: SignatureScheme = keys === 'real' ? ed25519 : hashed
  const clock = virtualClock({ settle })
  const random = seededRandom(`chains ${count}`)
  const replicas: Replica[] = []
  const sent: ChainsWorld['sent'] = []
  const errors: string[] = []
  const told: string[] = []
  const contradictions: string[] = []
  const signed = new Map<string, string>()
  const byPeer = new Map<PeerId, Replica>()
  const log: Log = {
    debug() {},
    info: (_, message) => void told.push(message),
    warn() {},
    error: (detail, message) => errors.push(`${message} ${JSON.stringify(detail)}`),
  }
  const world: ChainsWorld = {
    clock,
    replicas,
    sent,
    errors,
    told,
    cut: () => false,
    isFree: () => true,
    onRecorded: () => {},
    pass: (ms) => clock.advanceAsync(ms),
    agree(question, outcome = answer(question), ttl = 300) {
      const now = clock.now()
      const chunk = chunkOf(question.name, chunkBits)
      const seats = replicas.filter(({ table, member }) => table.some(({ id }) => id === member.id)).slice(0, n)
      const certificate = {
        kind: 'agreed' as const,
        contents: [],
        observations: seats.map(({ signer }) => paper(signer, question, outcome, now, { ttl, chunk })),
      }
      const examined = examine(
        certificate,
        outcome,
        {
          ringId: 'world',
          chunk,
          question,
          n,
          replicas: seats.map(({ member }) => member),
          scheme,
          policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
        },
        now,
      )
      if (!examined.ok) throw new Error(examined.reason)
      for (const replica of seats) if (!replica.down) hold(replica, examined.entry)
      return examined.entry
    },
    contradictions,
    crash(replica, how) {
      replica.down = true
      replica.chains.stop()
      replica.data.crash(how)
      replica.votes.crash(how)
    },
    restart(replica) {
      replica.down = false
      open(replica)
    },
    setMembers(members, seenBy = replicas) {
      for (const replica of seenBy) {
        replica.table = members.map(({ member }) => member)
        replica.changed()
      }
    },
    faults(replica) {
      const parts = { store: replica.store, votes: replica.guard, scheme, chunkBits }
      const work = verifyChains({ ...parts, publicKey: replica.signer.publicKey })
      let next = work.next()
      while (next.done !== true) next = work.next()
      return next.value.faults
    },
    stop() {
      for (const { chains } of replicas) chains.stop()
    },
  }

  function hold(replica: Replica, entry: ChunkEntry): void {
    replica.held.set(questionKey(entry.question), entry)
    replica.chains.kept(entry)
  }

  function open(replica: Replica): void {
    const listeners = new Set<() => void>()
    replica.changed = () => {
      for (const listener of listeners) listener()
    }
    replica.store = replica.data.open()
    replica.guard = replica.votes.open()
    replica.chains = createChunkChains(
      {
        ring: {
          ringId: 'world',
          self: replica.member,
          replicasOf: (key) => ({ key, n, members: replica.tableOf?.(key) ?? replica.table }),
          onChange: (listener) => {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
          isSuspect: () => false,
        },
        clock,
        random: random.split(`replica ${replica.index}`),
        signer: replica.signer,
        scheme,
        log,
        anchors: () => anchors(replica.index),
        work: { isFree: () => world.isFree() },
        stores: { data: replica.store, votes: replica.guard, isUsedKey: replica.lives++ > 0 },
        held: {
          chunks: () => [...new Set([...replica.held.values()].map(({ chunk }) => chunk))],
          summariesOf: (chunk) =>
            [...replica.held]
              .filter(([, entry]) => entry.chunk === chunk && entry.expires > clock.now())
              .map(([key, entry]) => {
                const { seen } = recordOfEntry(entry, 0)
                const { publicKey } = replica.signer
                const own =
                  entry.class === 'signed' ||
                  entry.certificate.observations.some(({ observer }) => equalBytes(observer, publicKey))
                return { key, seen, own }
              }),
          entryOf: (key) => replica.held.get(key),
        },
      },
      {
        takesSigned: (peer) => byPeer.get(peer)!.knowsSigned,
        send: (to, body, { timeoutMs }) => deliver(replica, byPeer.get(to)!, body, timeoutMs),
        onRecorded: (claim) => world.onRecorded(replica, claim),
        members: () => replicas.flatMap(({ member: { peer } }) => (peer === replica.member.peer ? [] : [peer])),
        onEquivocator: (publicKey) => replica.accuses.push(publicKey),
      },
      { chunkBits, historyHours, gatherMs },
    )
    replica.chains.start()
  }

  function deliver(from: Replica, to: Replica, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
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
    const real = ed25519Signer(sha256(Uint8Array.of(0xc5, index)))
    const signer = keys === 'real' ? real : hashed.signer(real.publicKey)
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
    const replica = {
      index,
      signer,
      member,
      table: [],
      tableOf: undefined,
      held: new Map(),
      data: createMemoryDisk({ random: random.split(`data ${index}`) }),
      votes: createMemoryDisk({ random: random.split(`votes ${index}`) }),
      lives: 0,
      knowsSigned: true,
      accuses: [],
      down: false,
      changed: () => {},
    } as unknown as Replica
    replicas.push(replica)
    byPeer.set(peer, replica)
  }
  for (const replica of replicas) replica.table = replicas.map(({ member }) => member)
  for (const replica of replicas) open(replica)
  return world
}
