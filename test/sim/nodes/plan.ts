/** What happens in a world of whole nodes, as data: made from a seed, replayed exactly, and shortened by leaving faults out. */
import { type SeededRandom, seededRandom } from '../../../src/sim/index.ts'
import type { Forging } from './internet.ts'

export const KINDS = [
  'household',
  'small',
  'seven',
  'caps',
  'disks',
  'clocks',
  'liars',
  'network',
  'churn',
  'guests',
  'restarts',
  'replaced',
  'day',
] as const
export type Kind = (typeof KINDS)[number]
/** Nothing is wrong in these but what is done on purpose: no question fails, and what was agreed stays. */
export const KEEPING: readonly Kind[] = ['restarts', 'replaced']
const COMMON = KINDS.filter((kind) => kind !== 'day' && kind !== 'caps' && kind !== 'seven')

/** What a member does that is no honest one; its pointers are honest unless the habit says otherwise. */
export const HABITS = [
  // What it says of records when it is asked: test/sim/ring/liars.ts.
  'silent',
  'forging',
  'stale',
  'selective',
  'wrongChunk',
  'lying',
  // Commits in rounds, and shows nothing.
  'withholding',
  // Opens rounds, and asks to be shown what others saw before enough have committed.
  'peeping',
  // Says that it has everything, or nothing.
  'digests',
  // Makes rows of members that do not exist.
  'minting',
  // Signs its row anew every two seconds.
  'renewing',
  // Always names one more page of its table.
  'paging',
  // Sends certificates of one signature, many times over.
  'repeating',
  // Votes in chains for a round that is two thousand million rounds ahead.
  'racing',
] as const
export type Habit = (typeof HABITS)[number]

export type Fault =
  | { readonly kind: 'join'; readonly at: number }
  | { readonly kind: 'leave'; readonly at: number; readonly node: number }
  /** `downMs` undefined: it never comes back. `loses`: without its votes.db. */
  | {
      readonly kind: 'crash'
      readonly at: number
      readonly node: number
      readonly how: 'process' | 'power'
      readonly effects: number
      readonly downMs: number | undefined
      readonly loses?: 'votes'
    }
  | ({ readonly kind: 'cut' | 'clog' } & Span & Sides)
  | ({ readonly kind: 'loss' | 'duplicates' | 'reorder'; readonly rate: number } & Span)
  | ({ readonly kind: 'slow'; readonly factor: number } & Span)
  | ({ readonly kind: 'narrow'; readonly bytesPerSecond: number } & Span)
  /** A disk that is full, that fails now and then, or that says it has synced and has not. */
  | ({ readonly kind: 'disk'; readonly node: number; readonly what: 'full' | 'failing' | 'forgetful' } & Span)
  /** The wall clock of a node is wrong from the start, or jumps. */
  | { readonly kind: 'clock'; readonly at: number; readonly node: number; readonly byMs: number }
  | { readonly kind: 'liar'; readonly node: number; readonly habit: Habit }
  /** Somebody on the way to the authorities lies to this node: it is honest, and told wrong. */
  | ({ readonly kind: 'deceived'; readonly node: number; readonly how: Forging } & Span)
  /** A node reaches no authority. */
  | ({ readonly kind: 'offline'; readonly node: number } & Span)
  /** Hosts that are no members open connections, so many a second from each, and say nothing. */
  | ({ readonly kind: 'strangers'; readonly hosts: number; readonly perSecond: number } & Span)
  /** A member invites machines: so many claim a place, some at once, at doors of their own; it may take its word back. */
  | {
      readonly kind: 'invite'
      readonly at: number
      readonly node: number
      readonly uses: number
      readonly claims: number
      readonly withinMs: number
      readonly revokedAfterMs: number | undefined
    }
  /** It says good-bye and comes back, as when it is updated. */
  | { readonly kind: 'restart'; readonly at: number; readonly node: number; readonly downMs: number }
  /** An authority changes a record. */
  | { readonly kind: 'move'; readonly at: number }

interface Span {
  readonly at: number
  readonly until: number
}

interface Sides {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export interface Plan {
  readonly seed: number
  readonly kind: Kind
  /** Members at the start. */
  readonly n: number
  /** r: n of a chunk is one more. */
  readonly replicas: number
  /** Few chunks cost less: each is a section of its own, and each node looks at all sections again and again. */
  readonly chunkBits: number
  readonly acceptFrom: 'majority' | 'any-member'
  readonly admission: 'psk' | 'open'
  readonly admitAfter: 'auto' | number
  /** Connections of a node at once. */
  readonly maxPeers: number | undefined
  readonly stabiliseMs: number
  readonly faultsMs: number
  /** Asked by clients while there are faults, all in all. */
  readonly questions: number
  readonly realKeys: boolean
  readonly faults: readonly Fault[]
}

const HOUR = 3_600_000
/** From one member that is restarted or replaced to the next. */
const IN_TURN_MS = 12_000

/** Everything about one concern is drawn from a stream of its own. */
export function makePlan(seed: number, only?: Kind): Plan {
  const random = seededRandom(`nodes ${seed}`)
  const kind = only ?? kindOf(seed, random.split('kind'))
  const shape = shapeOf(kind, seed, random.split('shape'))
  const faults: Fault[] = []
  const draw = new Draw(faults, shape.n, shape.faultsMs, random)
  faultsOf(kind, draw)
  if (!KEEPING.includes(kind)) draw.people(kind === 'liars' || kind === 'seven' ? 1 : 3)
  return { seed, kind, ...shape, realKeys: seed % 100 === 7, faults }
}

/** A day or two of virtual time, and a ring of more members than connections, are one in a hundred worlds each, larger sets of replicas one in twenty-five: they cost most. */
function kindOf(seed: number, random: SeededRandom): Kind {
  if (seed % 100 === 25) return 'day'
  if (seed % 100 === 50) return 'caps'
  if (seed % 25 === 1) return 'seven'
  return COMMON[random.below(COMMON.length)]!
}

type Shape = Omit<Plan, 'seed' | 'kind' | 'faults' | 'realKeys'>

function shapeOf(kind: Kind, seed: number, random: SeededRandom): Shape {
  const hours = seed % 200 === 25 ? 24 : 49
  const n = { household: 2 + random.below(3), seven: 7, caps: 8, day: 3 }[kind as string]
  const acceptFrom = kind === 'household' || random.below(5) === 0 ? 'any-member' : 'majority'
  const isDay = kind === 'day'
  const members = n ?? 3 + random.below(3)
  return {
    n: members,
    replicas: kind === 'seven' ? 6 : [2, 2, 2, 3][random.below(4)]!,
    chunkBits: random.split('chunks').below(8) === 0 ? 16 : 4,
    acceptFrom,
    admission: random.below(8) === 0 && kind !== 'guests' ? 'open' : 'psk',
    admitAfter: [1, 1, 2, 'auto' as const][random.below(4)]!,
    maxPeers: kind === 'caps' ? 8 : random.below(3) === 0 ? 24 : undefined,
    stabiliseMs: isDay ? 60_000 : 5_000,
    faultsMs: KEEPING.includes(kind)
      ? (members + 1) * IN_TURN_MS
      : isDay
        ? hours * HOUR
        : 15_000 + random.below(15_000),
    questions: isDay ? 5 * hours : 40,
  }
}

function faultsOf(kind: Kind, draw: Draw): void {
  if (!KEEPING.includes(kind) && draw.dice('move', 2))
    draw.faults.push({ kind: 'move', at: draw.random.split('moving').below(draw.faultsMs) })
  switch (kind) {
    case 'household':
      draw.weather(1)
      draw.crashes(1)
      return
    case 'small':
      draw.crashes(1)
      draw.cuts(1)
      return
    case 'seven':
      draw.weather(1)
      return
    case 'caps':
      draw.comings(2)
      draw.strangers()
      return
    case 'disks':
      draw.disks(2 + draw.random.split('many disks').below(3))
      draw.crashes(3)
      return
    case 'clocks':
      draw.clocks()
      draw.crashes(1)
      return
    case 'liars':
      draw.comings(1)
      return
    case 'network':
      draw.cuts(1)
      draw.weather(3)
      draw.offline()
      return
    case 'churn':
      draw.comings(4)
      draw.crashes(1)
      return
    case 'guests':
      draw.invitations()
      return
    case 'restarts':
      draw.restarts()
      return
    case 'replaced':
      draw.replacements()
      return
    case 'day':
      draw.crashes(4)
      draw.comings(2)
      draw.cuts(1)
      draw.clocks()
  }
}

/** Draws faults into a list. */
class Draw {
  readonly faults: Fault[]
  readonly random: SeededRandom
  readonly faultsMs: number
  readonly #n: number

  constructor(faults: Fault[], n: number, faultsMs: number, random: SeededRandom) {
    this.faults = faults
    this.#n = n
    this.faultsMs = faultsMs
    this.random = random
  }

  /** True once in so many. */
  dice(what: string, times: number): boolean {
    return this.random.split(`dice ${what}`).below(times) === 0
  }

  comings(count: number): void {
    const random = this.random.split('comings')
    for (let i = 0; i < count; i++) {
      const at = random.below(this.faultsMs)
      if (random.below(5) < 3) this.faults.push({ kind: 'join', at })
      else this.faults.push({ kind: 'leave', at, node: 1 + random.below(this.#n - 1) })
    }
  }

  crashes(count: number): void {
    const random = this.random.split('crashes')
    for (let i = 0; i < count; i++) {
      const how = random.below(2) === 0 ? 'power' : 'process'
      const downMs = random.below(6) === 0 ? undefined : 500 + random.below(9_000)
      const loses = random.below(4) === 0 ? { loses: 'votes' as const } : {}
      const node = downMs === undefined ? 1 + random.below(this.#n - 1) : random.below(this.#n)
      const at = random.below(this.faultsMs)
      this.faults.push({ kind: 'crash', at, node, how, effects: random.below(12), downMs, ...loses })
    }
  }

  /** Some tokens are for fewer machines than try, some are revoked on the way. */
  invitations(): void {
    const random = this.random.split('invitations')
    for (let i = 0; i < 2; i++) {
      const at = 1_000 + random.below(Math.floor(this.faultsMs / 2))
      const revokedAfterMs = random.below(3) === 0 ? random.below(8_000) : undefined
      this.faults.push({
        kind: 'invite',
        at,
        node: random.below(this.#n),
        uses: 1 + random.below(2),
        claims: 1 + random.below(3),
        withinMs: [1, 200, 8_000][random.below(3)]!,
        revokedAfterMs,
      })
    }
  }

  /** All members, one after the other: some are updated, some killed. */
  restarts(): void {
    const random = this.random.split('restarts')
    for (const [turn, node] of shuffled(this.#n, random).entries()) {
      const at = turn * IN_TURN_MS
      const downMs = 500 + random.below(3_000)
      if (random.below(3) === 0) this.faults.push({ kind: 'crash', at, node, how: 'process', effects: 0, downMs })
      else this.faults.push({ kind: 'restart', at, node, downMs })
    }
  }

  /** One comes and one goes, until none of the first is left. */
  replacements(): void {
    for (let node = 0; node < this.#n; node++) {
      const at = node * IN_TURN_MS
      this.faults.push({ kind: 'join', at }, { kind: 'leave', at: at + IN_TURN_MS / 2, node })
    }
  }

  cuts(count: number): void {
    const random = this.random.split('cuts')
    for (let i = 0; i < count; i++) {
      const order = shuffled(this.#n, random)
      const size = 1 + random.below(this.#n - 1)
      const [from, to] = [order.slice(0, size), order.slice(size)]
      const span = this.#span(random)
      const kind = random.below(4) === 0 ? 'clog' : 'cut'
      this.faults.push({ kind, ...span, from, to })
      // Every third is one-way.
      if (random.below(3) > 0) this.faults.push({ kind, ...span, from: to, to: from })
    }
  }

  weather(count: number): void {
    const random = this.random.split('weather')
    for (let i = 0; i < count; i++) {
      const span = this.#span(random)
      const dice = random.below(5)
      if (dice === 0) this.faults.push({ kind: 'loss', ...span, rate: (1 + random.below(20)) / 100 })
      else if (dice === 1) this.faults.push({ kind: 'duplicates', ...span, rate: (1 + random.below(30)) / 100 })
      else if (dice === 2) this.faults.push({ kind: 'reorder', ...span, rate: (1 + random.below(40)) / 100 })
      else if (dice === 3) this.faults.push({ kind: 'slow', ...span, factor: 2 + random.below(4) })
      else this.faults.push({ kind: 'narrow', ...span, bytesPerSecond: 4_000 + random.below(20_000) })
    }
  }

  disks(count: number): void {
    const random = this.random.split('disks')
    for (let i = 0; i < count; i++) {
      const what = (['full', 'failing', 'forgetful'] as const)[random.below(3)]!
      this.faults.push({ kind: 'disk', node: random.below(this.#n), what, ...this.#span(random) })
    }
  }

  clocks(): void {
    const random = this.random.split('clocks')
    for (let node = 0; node < this.#n; node++)
      if (random.below(2) === 0) this.faults.push({ kind: 'clock', at: 0, node, byMs: random.below(4_000) - 2_000 })
    // One is wrong by minutes or hours for a while.
    const node = random.below(this.#n)
    const byMs = (random.below(2) === 0 ? 1 : -1) * (40_000 + random.below(2 * HOUR))
    const { at, until } = this.#span(random)
    this.faults.push({ kind: 'clock', at, node, byMs }, { kind: 'clock', at: until, node, byMs: -byMs })
  }

  offline(): void {
    const random = this.random.split('offline')
    this.faults.push({ kind: 'offline', node: random.below(this.#n), ...this.#span(random) })
  }

  strangers(): void {
    const random = this.random.split('strangers')
    const flood = random.below(2) === 0 ? { hosts: 1, perSecond: 32 } : { hosts: 4, perSecond: 64 }
    this.faults.push({ kind: 'strangers', at: 0, until: this.faultsMs, ...flood })
  }

  /** Liars, and those who are lied to, in one of so many worlds. How many have seats of one chunk is counted when it matters. */
  people(oneIn: number): void {
    const random = this.random.split('people')
    if (random.below(oneIn) > 0) return
    const order = shuffled(this.#n, random)
    const count = 1 + random.below(Math.max(1, Math.floor(this.#n / 3)))
    for (const node of order.slice(0, count)) {
      if (random.below(4) === 0)
        this.faults.push({
          kind: 'deceived',
          node,
          how: random.below(2) === 0 ? 'unsigned' : 'all',
          ...this.#span(random),
        })
      else this.faults.push({ kind: 'liar', node, habit: HABITS[random.below(HABITS.length)]! })
    }
  }

  #span(random: SeededRandom): Span {
    const at = random.below(Math.floor(this.faultsMs / 2))
    return { at, until: at + 2_000 + random.below(Math.floor(this.faultsMs / 2)) }
  }
}

export function shuffled(count: number, random: SeededRandom): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
