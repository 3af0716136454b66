/**
 * A few real members of a very large ring: step machines of src/ring, each with the whole table, among members of which only the
 * rows are real. What those others would say is said by the same code over one table that is always right: the tree by
 * `branches`, the answers by `answer`. So a change comes to a real member by the way, and as often, as it would in a ring of
 * that size; only the tables of the others are better than they would be.
 */
import type { PeerId, RingId } from '../../src/base/index.ts'
import { limits } from '../../src/ring/limits.ts'
import { answer } from '../../src/ring/machine/answer.ts'
import { initialState } from '../../src/ring/machine/machine.ts'
import type { RingState, RingWork } from '../../src/ring/machine/state.ts'
import { branches, expand, gatherMs, inShort, settlesAt } from '../../src/ring/machine/tree.ts'
import { condemn, signAccusation } from '../../src/ring/members/accusations.ts'
import { signEntry } from '../../src/ring/members/member.ts'
import { signWelcome } from '../../src/ring/members/welcomes.ts'
import type { MemberEntry } from '../../src/ring/types.ts'
import { encodeMessage } from '../../src/ring/wire/encode.ts'
import type { RingReply, RingRequest } from '../../src/ring/wire/messages.ts'
import { contextOf, keyOf, type Node, OPTIONS, scheme, World } from '../../test/ring/world.ts'
import { round } from '../lib/stats.ts'

/** Who comes and who goes. */
export interface Mix {
  readonly name: string
  /** Of those who come: who has been a member before and left by its own word. */
  readonly returning: number
  /** Of those who go: who says so. */
  readonly leaving: number
}

export interface LargeTask {
  readonly n: number
  readonly real: number
  readonly seed: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly sessionHours: number
  readonly mix: Mix
}

export interface LargeRow {
  readonly n: number
  readonly real: number
  readonly mix: string
  readonly seconds: number
  readonly changesPerSecond: number
  readonly bitsPerSecond: number
  /** Bytes a second by what was sent, with the replies. */
  readonly byKind: Readonly<Record<string, number>>
  readonly exchanges: number
  /** Until real members know of a change, ms. */
  readonly half: number
  readonly most: number
  readonly last: number
  /** Share of the changes that some real member does not know a minute later. */
  readonly missed: number
  /** Rows of the worst table that are not as they are in the end; changes that are on their way are among them. */
  readonly wrongRows: number
}

export const RING = { stabiliseMs: 1_000, auditMs: 10_000, graceMs: 20_000, pingTimeoutMs: 1_000 }
const MEAN_DELAY_MS = 25
/** How often who has nothing else to do looks after its neighbours. */
const QUIET_MS = limits.QUIET_PACE * RING.stabiliseMs

interface Identity {
  readonly name: string
  row: MemberEntry
  real: Node | undefined
}

export class LargeRing {
  readonly world: World
  readonly #task: LargeTask
  readonly #hollow: RingState
  readonly #byPeer = new Map<PeerId, Identity>()
  readonly #byId = new Map<RingId, Identity>()
  readonly #alive: Identity[] = []
  readonly #gone: Identity[] = []
  readonly #real: Node[] = []
  /** Sorted ids of the real members. */
  #realIds: RingId[] = []
  readonly delays: number[] = []
  /** When a real member and a neighbour that is not asked each other something last, ms. */
  readonly #talked = new Map<string, number>()
  readonly #watched = new Map<RingId, { at: number; incarnation: number; status: string; left: Set<Node> }>()
  changes = 0
  #names = 0
  bytes: Record<string, number> = {}

  constructor(task: LargeTask) {
    this.#task = task
    this.world = new World({ seed: task.seed, meanDelayMs: MEAN_DELAY_MS, options: RING })
    const context = contextOf('hollow', { options: { ...OPTIONS, ...RING } })
    this.#hollow = { ...initialState(context, this.world.now - 3_600_000), phase: 'member' }
    this.#hollow.table.remove(this.#hollow.self.id)
    const rows: Identity[] = []
    for (let i = 0; i < task.n - task.real; i++) rows.push(this.#newcomer(this.world.now - 3_600_000))
    for (let i = 0; i < task.real; i++) this.#addReal(rows)
    rows.sort((a, b) => (a.row.id < b.row.id ? -1 : 1))
    const start = this.world.now - 3_600_000
    for (const { row } of rows) this.#hollow.table.put(row, start)
    for (const node of this.#real) this.#fill(node, rows)
    this.#realIds = this.#real.map(({ id }) => id).sort()
    this.#alive.push(...rows.filter(({ real }) => real === undefined))
    // Those who may come back are rows of everybody's table as well.
    const seconds = 60 + task.warmUpSeconds + task.seconds
    const returning = task.mix.returning > 0 ? Math.ceil((1.3 * seconds * task.n) / 3_600 / task.sessionHours) : 0
    for (let i = 0; i < returning; i++) this.#formerMember(start)
    this.world.elsewhere = (from, peer, request) => this.#answer(from, peer, request)
  }

  /** Lets members come and go, and renew their rows after a day. */
  start(): void {
    const { n, sessionHours, mix } = this.#task
    const perSecond = n / (3_600 * sessionHours)
    this.#every(perSecond, () => this.#goes(this.world.random() < mix.leaving))
    this.#every(perSecond, () => this.#comes(this.world.random() < mix.returning))
    // Who is there for a day without a pause signs its row anew (`REFRESH_MS`): of sessions that end at random, few.
    const whole = Math.exp(-limits.REFRESH_MS / 3_600_000 / sessionHours)
    this.#every((perSecond * whole) / (1 - whole), () => this.#renews())
    for (const node of this.#real) this.world.at(this.world.random() * QUIET_MS, () => this.#watch(node))
  }

  /** The neighbours that are not real ping a real one as it pings them: when neither has asked the other anything for six periods. */
  #watch(node: Node): void {
    for (const { peer } of this.#hollow.table.nearest(node.id)) {
      const since = this.#talked.get(`${node.id} ${peer}`) ?? Number.NEGATIVE_INFINITY
      if (this.world.now - since < limits.PING_PERIODS * RING.stabiliseMs) continue
      this.#talked.set(`${node.id} ${peer}`, this.world.now)
      this.world.serve(node, peer, { type: 'ping' })
    }
    this.world.at(QUIET_MS, () => this.#watch(node))
  }

  measured(): LargeRow {
    const { n, real, mix, warmUpSeconds, seconds } = this.#task
    this.world.run(1_000 * warmUpSeconds)
    const [changes, exchanges] = [this.changes, this.#exchanges()]
    this.bytes = {}
    this.delays.length = 0
    this.world.run(1_000 * seconds)
    const per = (bytes: number) => round(bytes / real / seconds, 1)
    const byKind = Object.fromEntries(Object.entries(this.bytes).map(([kind, bytes]) => [kind, per(bytes)]))
    const sum = Object.values(this.bytes).reduce((a, b) => a + b, 0)
    const sorted = [...this.delays].sort((a, b) => a - b)
    const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0, 0)
    const old = this.world.now - 60_000
    const missed = [...this.#watched].filter(([id, { at: when, left, incarnation, status }]) => {
      const knows = (row: MemberEntry | undefined) => row?.incarnation === incarnation && row.status === status
      return when < old && [...left].some((node) => !knows(node.state.table.get(id)))
    }).length
    return {
      n,
      real,
      mix: mix.name,
      seconds,
      changesPerSecond: round((this.changes - changes) / seconds, 2),
      bitsPerSecond: round((8 * sum) / real / seconds, 0),
      byKind,
      exchanges: round((this.#exchanges() - exchanges) / real, 1),
      half: at(0.5),
      most: at(0.98),
      last: at(1),
      missed: round(missed / Math.max(1, this.#watched.size), 4),
      wrongRows: Math.max(...this.#real.map((node) => this.#wrong(node))),
    }
  }

  #exchanges(): number {
    return this.#real.reduce((sum, { state }) => sum + state.stats.exchanges, 0)
  }

  /** Rows of a table that are not as they are. */
  #wrong(node: Node): number {
    let wrong = 0
    for (const { row, real } of this.#byId.values()) {
      if (real !== undefined) continue
      const mine = node.state.table.get(row.id)
      if (row.status === 'alive' ? mine?.incarnation !== row.incarnation : mine?.status === 'alive') wrong += 1
    }
    return wrong
  }

  #every(perSecond: number, run: () => void): void {
    this.world.at((-Math.log(1 - this.world.random()) * 1_000) / perSecond, () => {
      run()
      this.#every(perSecond, run)
    })
  }

  #sign(name: string, status: 'alive' | 'left', incarnation: number): MemberEntry {
    const address = `/ip4/203.0.${this.#names % 250}.${Math.floor(this.#names / 250) % 250}/tcp/4001`
    const known = this.#byName.get(name)?.row.addresses
    const signer = scheme.signer(keyOf(name))
    return signEntry('test', signer, { salt: new Uint8Array(), addresses: known ?? [address], status, incarnation })
  }

  readonly #byName = new Map<string, Identity>()

  #newcomer(at: number): Identity {
    const name = `large/${this.#task.seed}/${this.#names++}`
    const identity: Identity = { name, row: this.#sign(name, 'alive', Math.floor(at)), real: undefined }
    this.#note(identity)
    return identity
  }

  #note(identity: Identity): void {
    this.#byName.set(identity.name, identity)
    this.#byPeer.set(identity.row.peer, identity)
    this.#byId.set(identity.row.id, identity)
  }

  #formerMember(start: number): void {
    const identity = this.#newcomer(start)
    identity.row = this.#sign(identity.name, 'left', start + 1_000)
    for (const table of [this.#hollow.table, ...this.#real.map(({ state }) => state.table)]) {
      table.put(identity.row, start)
    }
    this.#gone.push(identity)
  }

  #addReal(rows: Identity[]): void {
    const node = this.world.add([])
    const identity: Identity = { name: `real ${node.name}`, row: node.state.self, real: node }
    this.#note(identity)
    this.#real.push(node)
    rows.push(identity)
  }

  /** A member for an hour: it has the table, its neighbours, and its timers run. */
  #fill(node: Node, rows: readonly Identity[]): void {
    const { state, context } = node
    for (const { row } of rows) state.table.put(row, this.world.now - 3_600_000)
    state.phase = 'member'
    state.count.observe(state.table.aliveCount, this.world.now)
    const here = state.table.indexOf(node.id)
    const at = (i: number) => state.table.aliveAt((here + i + rows.length) % rows.length)!.id
    const successors = Array.from({ length: limits.MAX_SUCCESSORS }, (_, k) => at(1 + k))
    state.pointers = { self: node.id, predecessor: at(-1), successors }
    const { stabiliseMs, auditMs } = context.options
    this.world.at(this.world.random() * stabiliseMs, () => this.world.feed(node, { kind: 'timer', timer: 'stabilise' }))
    this.world.at(this.world.random() * auditMs, () => this.world.feed(node, { kind: 'timer', timer: 'audit' }))
  }

  #comes(returns: boolean): void {
    const before = returns ? this.#takeOne(this.#gone) : undefined
    const { now } = this.world
    const identity = before ?? this.#newcomer(now)
    const row = this.#sign(identity.name, 'alive', Math.floor(now))
    identity.row = { ...row, welcomes: this.#welcomes(row) }
    this.#alive.push(identity)
    this.#tell(identity, identity)
  }

  #goes(says: boolean): void {
    const identity = this.#takeOne(this.#alive)
    if (identity === undefined) return
    if (says) {
      identity.row = this.#sign(identity.name, 'left', Math.floor(this.world.now))
      this.#gone.push(identity)
      this.#tell(identity, identity)
      return
    }
    // Half of its witnesses and one more have accused it after the grace time; the first of all witnesses tells it.
    this.world.at(RING.graceMs + 2_000, () => {
      const witnesses = this.#hollow.table.nearest(identity.row.id)
      const signers = witnesses.flatMap(({ id }) => this.#byId.get(id) ?? []).filter(({ real }) => real === undefined)
      const accusations = signers
        .slice(0, 5)
        .map(({ name }) => signAccusation('test', scheme.signer(keyOf(name)), identity.row))
      identity.row = condemn(identity.row, accusations)
      this.#tell(identity, signers[0]!)
    })
  }

  #renews(): void {
    const identity = this.world.pick(this.#alive)
    const { welcomes } = identity.row
    const row = this.#sign(identity.name, 'alive', Math.floor(this.world.now))
    identity.row = welcomes === undefined ? row : { ...row, welcomes }
    this.#tell(identity, identity)
  }

  #welcomes(row: MemberEntry) {
    const witnesses = this.#hollow.table.nearest(row.id)
    return witnesses
      .flatMap(({ id }) => this.#byId.get(id) ?? [])
      .filter(({ real }) => real === undefined)
      .slice(0, limits.WITNESSES / 2 + 2)
      .map(({ name }) => signWelcome('test', scheme.signer(keyOf(name)), row.publicKey, row.incarnation))
  }

  #takeOne(from: Identity[]): Identity | undefined {
    if (from.length === 0) return undefined
    const index = this.world.below(from.length)
    const one = from[index]!
    from[index] = from.at(-1)!
    from.pop()
    return one
  }

  /** The change begins its way; all who are not real know it at once. */
  #tell(subject: Identity, teller: Identity): void {
    const { now } = this.world
    const { row } = subject
    this.changes += 1
    const left = new Set(this.#real)
    this.#watched.set(row.id, { at: now, incarnation: row.incarnation, status: row.status, left })
    const known = this.#hollow.table.get(row.id) !== undefined
    this.#hollow.table.put(row, now, settlesAt(this.#hollow, row, now))
    this.#hollow.table.digest.settle(now)
    if (this.#hollow.table.isAlive(teller.row.id)) this.#branch(teller.row, teller.row.id, row, known, 0)
    else {
      // Who has left is in no table any more: its tree began before.
      const [next] = this.#hollow.table.successors(teller.row.id, 1)
      this.#arrive(next!, teller.row.id, row, known)
    }
  }

  /** A member that is not real tells on, by the code of the tree and after the time for which changes are gathered. */
  #branch(at: MemberEntry, until: RingId, row: MemberEntry, known: boolean, waitMs: number): void {
    if (!this.#hasReal(at.id, until)) return
    this.world.at(waitMs, () => {
      const state = { ...this.#hollow, self: at }
      for (const { target, until: end } of branches(state, until)) {
        this.world.at(this.#delay(), () => this.#arrive(target, end, row, known))
      }
    })
  }

  #arrive(target: MemberEntry, until: RingId, row: MemberEntry, known: boolean): void {
    const real = this.#byId.get(target.id)?.real
    if (real === undefined) {
      // It gathers: what comes finds others waiting.
      this.#branch(target, until, row, known, this.world.random() * gatherMs(this.#hollow))
      return
    }
    const brief = known ? inShort(this.#hollow.table, row) : undefined
    const rows = brief === undefined ? { entries: [row] } : { entries: [], brief: [brief] }
    const request = { type: 'push', accusations: [], until, ...rows } as RingRequest
    this.world.serve(real, this.world.pick(this.#alive).row.peer, request)
    this.#heard(real, row)
  }

  /** What a member that is not real answers; its bytes count for who asked, as who asks it answers others as often. */
  #answer(from: Node, peer: PeerId, request: RingRequest): RingReply | undefined {
    const identity = this.#byPeer.get(peer)
    if (identity === undefined || identity.row.status !== 'alive' || !this.#hollow.table.isAlive(identity.row.id)) {
      this.#count(request, undefined)
      return undefined
    }
    this.#talked.set(`${from.id} ${peer}`, this.world.now)
    const reply = this.#replyOf(identity, from, request)
    this.#count(request, reply)
    return reply
  }

  #replyOf({ row }: Identity, from: Node, request: RingRequest): RingReply {
    if (request.type === 'push') {
      const rows = [
        ...request.entries,
        ...(request.brief ?? []).flatMap((one) => expand(this.#hollow.table, one) ?? []),
      ]
      const { until } = request
      for (const one of rows) {
        if (this.#byId.get(one.id)?.real !== undefined) this.#settled(one)
        if (until !== undefined) {
          const known = (request.brief ?? []).some(({ hint }) => one.id.startsWith(hint))
          this.#branch(row, until, one, known, this.world.random() * gatherMs(this.#hollow))
        }
      }
      return { type: 'ok' }
    }
    if (request.type === 'notify' || request.type === 'ping') return { type: 'ok' }
    if (request.type === 'ask-welcome') {
      const signer = scheme.signer(keyOf(this.#byPeer.get(row.peer)!.name))
      const at = Math.floor(this.world.now)
      return { type: 'welcome', welcome: signWelcome('test', signer, request.entry.publicKey, at) }
    }
    const { table } = this.#hollow
    const here = table.indexOf(row.id)
    const at = (i: number) => table.aliveAt((here + i + table.aliveCount) % table.aliveCount)!.id
    const successors = Array.from({ length: limits.MAX_SUCCESSORS }, (_, k) => at(1 + k))
    const pointers = { self: row.id, predecessor: at(-1), successors }
    const state = { ...this.#hollow, self: row, pointers, credit: new Map() }
    const work: RingWork = { context: from.context, state, now: this.world.now, effects: [] }
    return answer(work, from.peer, request)
  }

  /** A real member has signed a new row. */
  #settled(row: MemberEntry): void {
    this.#hollow.table.put(row, this.world.now, settlesAt(this.#hollow, row, this.world.now), this.world.now)
  }

  #count(request: RingRequest, reply: RingReply | undefined): void {
    const kind = request.type === 'push' ? (request.until === undefined ? 'push' : 'tree') : request.type
    const bytes = encodeMessage(request).length + (reply === undefined ? 0 : encodeMessage(reply).length)
    this.bytes[kind] = (this.bytes[kind] ?? 0) + bytes
  }

  #heard(node: Node, { id, incarnation, status }: MemberEntry): void {
    const mine = node.state.table.get(id)
    const one = this.#watched.get(id)
    if (mine?.incarnation !== incarnation || mine.status !== status) return
    if (one?.incarnation === incarnation && one.status === status && one.left.delete(node))
      this.delays.push(this.world.now - one.at)
  }

  #hasReal(after: RingId, until: RingId): boolean {
    const ids = this.#realIds
    if (ids.length === 0) return false
    const next = ids.find((id) => id > after) ?? ids[0]!
    return after === until || (after < until ? next > after && next < until : next > after || next < until)
  }

  #delay(): number {
    return 1 - Math.log(1 - this.world.random()) * MEAN_DELAY_MS
  }
}

export function largeRing(task: LargeTask): LargeRow {
  const ring = new LargeRing(task)
  ring.start()
  return ring.measured()
}
