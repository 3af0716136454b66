/** Several `Chunks` in one process: virtual time, an in-memory network, a ring that everybody sees alike, and liars. */
import {
  type Cancel,
  ChordnsError,
  type Clock,
  type Log,
  type PeerId,
  type RequestOptions,
  type RingId,
  type Store,
  type Work,
} from '../../src/base/index.ts'
import { isPopularRequest } from '../../src/chunks/copies/messages.ts'
import {
  type Chunks,
  type ChunksOptions,
  chunkOf,
  createChunks,
  type ObserveHow,
  type OwnFetch,
  type ProofSource,
  type RingRead,
} from '../../src/chunks/index.ts'
import { isDigestRequest } from '../../src/chunks/wire/digest-messages.ts'
import { type ChunkReply, type ChunkRequest, decodeRequest, encodeReply } from '../../src/chunks/wire/messages.ts'
import {
  ed25519,
  ed25519Signer,
  keyedHashScheme,
  peerIdFromPublicKey,
  type SignatureScheme,
  type Signer,
  sha256,
} from '../../src/crypto/index.ts'
import { Class, nameFromWire, parseName, type Question, type RRset, rrsetKey, Type } from '../../src/dns/index.ts'
import {
  type Content,
  contentDigest,
  type Finding,
  isDelegation,
  type Observation,
  type Outcome,
  outcomeTtl,
  signObservation,
  type UnsignedObservation,
} from '../../src/evidence/index.ts'
import { machineClock, seededRandom, type VirtualClock } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'
import { type MemberEntry, memberId, type Ring } from './ring-parts.ts'

/** Signatures that cost a hundredth of real ones: what is tested here is what is signed, and by whom. */
export const keyed = keyedHashScheme(new Uint8Array(32).fill(11))

/** Of a world whose members sign as members do. */
export const realKeys = {
  scheme: ed25519,
  signerOf: (index: number) => ed25519Signer(sha256(Uint8Array.of(0xc4, index))),
}

/** What these tests ask of time; benchmarks hand in the machine's. */
export type WorldClock = Clock & Pick<VirtualClock, 'advanceAsync' | 'run' | 'pending'>

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Takes the place of a node's own answer. `honest` is what its real code would say. */
export type Liar = (
  request: ChunkRequest,
  from: PeerId,
  honest: () => Promise<ChunkReply | Uint8Array>,
) => Promise<ChunkReply | Uint8Array>

export interface Node {
  readonly index: number
  readonly signer: Signer
  readonly member: MemberEntry
  /** Another one after `restart`. */
  chunks: Chunks
  /** What this node's own iteration finds; undefined: what the world holds. */
  sees: ((question: Question, how: ObserveHow) => Content | undefined) | undefined
  liar: Liar | undefined
  /** Takes the place of its digests. */
  digestLiar: ((request: Uint8Array) => Uint8Array) | undefined
  /** Silent: requests to it time out. */
  down: boolean
  /** Ms until it answers. */
  delayMs: number
  /** What it says to those who pull, instead of what it holds. */
  supplies:
    | ((from: PeerId, body: Uint8Array, honest: () => AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>)
    | undefined
  /** Ms that its clock is ahead. */
  skewMs: number
  fetches: number
  /** The members that it believes in; another array where they change. */
  table: readonly MemberEntry[]
  readonly suspects: Set<RingId>
  /** It may be connected with fewer than all members. */
  isCrowded: boolean
  changed(): void
}

export interface WorldOptions {
  readonly nodes: number
  readonly n: number
  readonly clock?: WorldClock
  readonly options?: Partial<ChunksOptions>
  readonly isPrivate?: (question: Question) => boolean
  /** Each node's own validation; default: it does not validate. */
  readonly proofs?: (index: number) => ProofSource
  /** Each node's own iteration; default: `sees`, else what was published. */
  readonly fetch?: (index: number, clock: Clock) => OwnFetch
  /** The disk of each node; default: none. */
  readonly store?: (index: number) => Store
  /** The same for signed answers. */
  readonly proofStore?: (index: number) => Store
  /** Replicas pull what they lack; default: it is only pushed. */
  readonly bulk?: boolean
  /** What signatures are checked with, and who signs, by their place. Default: a keyed hash. */
  readonly scheme?: SignatureScheme
  /** When each node may do what nobody waits for; default: at once. */
  readonly work?: (index: number, clock: Clock) => Work
  readonly signerOf?: (index: number) => Signer
}

export interface World {
  readonly clock: WorldClock
  readonly nodes: readonly Node[]
  /** Pulls, and the frames that came back. */
  readonly pulls: {
    readonly from: number
    readonly to: number
    readonly body: Uint8Array
    frames: number
    bytes: number
  }[]
  readonly requests: {
    readonly from: number
    readonly to: number
    readonly request: ChunkRequest
    /** How long it may wait for others, ms. */
    readonly patienceMs: number | undefined
  }[]
  /** What the authorities say. */
  publish(question: Question, outcome: Outcome): void
  withdraw(): void
  replicas(question: Question): Node[]
  outsiders(question: Question): Node[]
  read(node: Node, question: Question): Promise<RingRead>
  /** Every node in `by` tells, then time passes until the round is over. */
  told(question: Question, by: readonly Node[], waitMs?: number): Promise<void>
  /** Takes members out of every table; they stay in `nodes`. */
  remove(...gone: readonly Node[]): void
  /** Puts members into every table. */
  add(...come: readonly Node[]): void
  /** The process is killed, and another one starts in its place with what its store holds. */
  restart(node: Node): void
  stop(): Promise<void>
}

export const defaults: ChunksOptions = {
  chunkBits: 8,
  admitAfter: 1,
  acceptFrom: 'majority',
  admission: 'psk',
  share: true,
  requestTimeoutMs: 500,
  roundTimeoutMs: 5_000,
}

export function createWorld({
  nodes: count,
  n,
  options = {},
  isPrivate = () => false,
  store,
  proofStore,
  bulk = false,
  scheme = keyed,
  signerOf = (index) => keyed.signer(realKeys.signerOf(index).publicKey),
  proofs,
  fetch,
  work,
  clock = testClock(),
}: WorldOptions): World {
  const truth = new Map<string, Outcome>()
  const nodes: Node[] = []
  const byPeer = new Map<PeerId, Node>()
  const starts = new Map<Node, () => Chunks>()
  const requests: World['requests'] = []
  const pulls: World['pulls'] = []

  for (let index = 0; index < count; index++) {
    const signer = signerOf(index)
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
    const listeners = new Set<() => void>()
    const state = {
      index,
      signer,
      member,
      sees: undefined,
      liar: undefined,
      digestLiar: undefined,
      down: false,
      delayMs: 1,
      supplies: undefined,
      skewMs: 0,
      fetches: 0,
      table: [] as readonly MemberEntry[],
      suspects: new Set<RingId>(),
      isCrowded: false,
      changed: () => {
        for (const listener of listeners) listener()
      },
    }
    const ring: Pick<
      Ring,
      | 'ringId'
      | 'self'
      | 'members'
      | 'ownerOf'
      | 'memberByPeer'
      | 'replicasOf'
      | 'isSuspect'
      | 'isCrowded'
      | 'report'
      | 'onChange'
    > = {
      ringId: 'world',
      self: member,
      members: () => state.table,
      ownerOf: (key) => successors(state.table, key, 1)[0],
      memberByPeer: (wanted) => indexOf(state.table).byPeer.get(wanted),
      replicasOf: (key) => ({ key, n, members: successors(state.table, key, n) }),
      isSuspect: (id) => state.suspects.has(id),
      isCrowded: () => state.isCrowded,
      report: () => {},
      onChange: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const nodeClock = machineClock(clock, { wall: (unixMs) => unixMs + state.skewMs })
    const fetching = fetch?.(index, nodeClock)
    const start = () =>
      createChunks(
        {
          ring: ring as Ring,
          ...(store !== undefined && { store: store(index) }),
          ...(proofStore !== undefined && { proofStore: proofStore(index) }),
          ...(proofs !== undefined && { proofs: proofs(index) }),
          ...(work !== undefined && { work: work(index, nodeClock) }),
          clock: nodeClock,
          random: seededRandom(index + 1),
          signer,
          scheme,
          log: quiet,
        },
        {
          isPrivate,
          ownFetch: async (question, signal, how) => {
            if (!isDelegation(question)) node.fetches++
            if (fetching !== undefined) return fetching(question, signal, how)
            await wait(clock, 10, signal)
            const outcome = node.sees === undefined ? truth.get(keyOf(question)) : node.sees(question, how)
            if (outcome === undefined) throw new ChordnsError('RECURSE_FAILED', 'no server answers', {})
            return ownFinding(question, outcome, nodeClock.now())
          },
          send: (to, body, sendOptions) => deliver(node, to, body, sendOptions),
          ...(bulk && { bulk: (to, body, bulkOptions) => pull(node, to, body, bulkOptions) }),
        },
        { ...defaults, ...options },
      )
    const node: Node = Object.assign(state, { chunks: start() })
    nodes.push(node)
    starts.set(node, start)
    byPeer.set(peer, node)
  }
  const all = nodes.map((one) => one.member)
  for (const node of nodes) {
    node.table = all
    node.chunks.start()
  }

  async function deliver(
    from: Node,
    peer: PeerId,
    body: Uint8Array,
    { timeoutMs, patienceMs, signal }: RequestOptions,
  ): Promise<Uint8Array> {
    const to = byPeer.get(peer)!
    // Digests are beside what is tested, save where they are tested.
    const asksDigest = isDigestRequest(body) || isPopularRequest(body)
    const request = asksDigest ? undefined : decodeRequest(body)
    // What zones cause is beside what is tested, save where it is tested.
    if (request !== undefined && !isDelegation(request.question))
      requests.push({ from: from.index, to: to.index, request, patienceMs })
    const reply = async (): Promise<Uint8Array> => {
      await wait(clock, to.delayMs, signal)
      if (to.down || from.down) return new Promise<never>(() => {})
      const honest = () => to.chunks.handle(from.member.peer, body)
      try {
        if (request === undefined) return (isDigestRequest(body) && to.digestLiar?.(body)) || (await honest())
        const said = to.liar === undefined ? await honest() : await to.liar(request, from.member.peer, honest)
        return said instanceof Uint8Array ? said : encodeReply(said)
      } catch (error) {
        throw new ChordnsError('PEER_FAILED', 'the far handler threw', {}, { cause: error })
      }
    }
    let cancel: Cancel = () => {}
    let onAbort: () => void = () => {}
    const end = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => reject(new ChordnsError('PEER_TIMEOUT', 'no answer', {})))
      onAbort = () => reject(new ChordnsError('ABORTED', 'given up', {}))
      if (signal?.aborted) onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([reply(), end])
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async function* pull(
    from: Node,
    peer: PeerId,
    body: Uint8Array,
    { timeoutMs, signal }: RequestOptions,
  ): AsyncGenerator<Uint8Array> {
    const to = byPeer.get(peer)!
    const one: World['pulls'][number] = { from: from.index, to: to.index, body, frames: 0, bytes: 0 }
    pulls.push(one)
    const reading = new AbortController()
    const honest = () => to.chunks.supply(from.member.peer, body, reading.signal)
    const frames = (to.supplies?.(from.member.peer, body, honest) ?? honest())[Symbol.asyncIterator]()
    try {
      for (;;) {
        const late = wait(clock, timeoutMs, signal).then((): never => {
          throw new ChordnsError('PEER_TIMEOUT', 'no frame', {})
        })
        const next = to.down || from.down ? await late : await Promise.race([frames.next(), late])
        late.catch(() => {})
        if (next.done === true) return
        one.frames++
        one.bytes += next.value.length
        yield next.value
      }
    } finally {
      reading.abort()
    }
  }

  function change(): void {
    for (const node of nodes) node.changed()
  }

  const replicas = (question: Question): Node[] => {
    const bits = options.chunkBits ?? defaults.chunkBits
    const first = BigInt(chunkOf(question.name, bits)) << BigInt(256 - bits)
    const key = first.toString(16).padStart(64, '0')
    return successors(nodes[0]!.table, key as RingId, n).map((member) => byPeer.get(member.peer)!)
  }

  return {
    clock,
    nodes,
    requests,
    pulls,
    publish: (question, outcome) => void truth.set(keyOf(question), outcome),
    withdraw: () => truth.clear(),
    replicas,
    outsiders: (question) => {
      const inside = new Set(replicas(question))
      return nodes.filter((node) => !inside.has(node))
    },
    read: (node, question) => clock.run(node.chunks.read(question, new AbortController().signal)),
    async told(question, by, waitMs = 8_000) {
      for (const node of by) node.chunks.tell(question)
      await clock.advanceAsync(waitMs)
    },
    remove(...gone) {
      const ids = new Set(gone.map((node) => node.member.id))
      for (const node of nodes) node.table = node.table.filter((member) => !ids.has(member.id))
      change()
    },
    add(...come) {
      for (const node of nodes) {
        const known = new Set(node.table.map((member) => member.id))
        node.table = [...node.table, ...come.map((one) => one.member).filter((member) => !known.has(member.id))]
      }
      change()
    },
    restart(node) {
      void node.chunks.stop()
      node.chunks = starts.get(node)!()
      node.chunks.start()
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.chunks.stop()))
    },
  }
}

/** What is looked up of a table again and again; a table that changes is another array. */
interface TableIndex {
  readonly sorted: readonly MemberEntry[]
  readonly byPeer: ReadonlyMap<PeerId, MemberEntry>
}

const indexes = new WeakMap<readonly MemberEntry[], TableIndex>()

function indexOf(table: readonly MemberEntry[]): TableIndex {
  let found = indexes.get(table)
  if (found === undefined) {
    const sorted = [...table].sort((a, b) => (a.id < b.id ? -1 : 1))
    found = { sorted, byPeer: new Map(table.map((member) => [member.peer, member])) }
    indexes.set(table, found)
  }
  return found
}

function successors(table: readonly MemberEntry[], key: RingId, n: number): MemberEntry[] {
  const { sorted } = indexOf(table)
  const first = sorted.findIndex((member) => member.id >= key)
  const count = Math.min(n, sorted.length)
  return Array.from({ length: count }, (_, i) => sorted[(Math.max(first, 0) + i) % sorted.length]!)
}

function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel()
      reject(new ChordnsError('ABORTED', 'given up', {}))
    }
    // Listeners that stay make each later one dearer: a node has one signal for as long as it runs.
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function keyOf(question: Question): string {
  return rrsetKey(question.name, question.type, question.class)
}

export function ownFinding<T extends Content>(
  question: Question,
  outcome: T,
  now: number,
): Omit<Finding, 'outcome'> & { outcome: T } {
  return {
    question,
    outcome,
    evidence: { security: 'indeterminate', provenance: 'solo', observers: [] },
    expires: now + outcomeTtl(outcome) * 1000,
  }
}

export function ask(name: string, type: number = Type.A): Question {
  return { name: parseName(name), type, class: Class.IN }
}

/** An A answer to `question` with these last octets of 198.51.100.0/24. */
export function answer(question: Question, last: readonly number[] = [1], ttl = 300): Outcome {
  const rrset: RRset = {
    name: question.name,
    type: Type.A,
    class: Class.IN,
    ttl,
    rdatas: last.map((byte) => Uint8Array.of(198, 51, 100, byte)),
    signatures: [],
  }
  return { kind: 'rrset', rrset, apex: parseName('example.com.'), proofs: [] }
}

/** As `answer`, with the times of a signature that begins at this second, and nothing else of one. */
export function signed(question: Question, last: number, from: number, ttl: number): Outcome {
  const outcome = answer(question, [last], ttl)
  if (outcome.kind !== 'rrset') throw new Error(outcome.kind)
  const rrsig = new Uint8Array(40)
  new DataView(rrsig.buffer).setUint32(8, from + 1_000_000)
  new DataView(rrsig.buffer).setUint32(12, from)
  return { ...outcome, rrset: { ...outcome.rrset, signatures: [rrsig] } }
}

export function nothing(rcode: 0 | 3 = 3, serial = 1): Outcome {
  const rdata = new Uint8Array(22)
  new DataView(rdata.buffer).setUint32(2, serial)
  new DataView(rdata.buffer).setUint32(18, 300)
  const apex = parseName('example.com.')
  return {
    kind: 'absent',
    rcode,
    apex,
    soa: { name: apex, type: Type.SOA, class: Class.IN, ttl: 300, rdatas: [rdata], signatures: [] },
    proofs: [],
  }
}

/** What a node would sign if it had seen this: how liars make their papers. */
export function paper(
  signer: Signer,
  question: Question,
  outcome: Content,
  now: number,
  change: Partial<UnsignedObservation> = {},
): Observation {
  const lower = nameFromWire(Uint8Array.from(question.name.key, (letter) => letter.charCodeAt(0)))
  return signObservation(
    {
      ringId: 'world',
      chunk: chunkOf(question.name, 8),
      question: { ...question, name: lower },
      apex: outcome.apex,
      digest: contentDigest(question, outcome),
      ttl: 300,
      when: now,
      nonce: new Uint8Array(16),
      start: 'parent',
      ...change,
    },
    signer,
  )
}
