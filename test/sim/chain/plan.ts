/** What goes wrong in a world, as data: made from a seed, replayed exactly, and shortened by leaving faults out. */
import { type SeededRandom, seededRandom } from '../../../src/sim/index.ts'

export type LiarHabit =
  | 'equivocate'
  | 'doubleVote'
  | 'selective'
  | 'silent'
  | 'staleCertificates'
  | 'forgedSnapshots'
  | 'amnesia'
  | 'flood'
  | 'future'
  | 'late'

export const HABITS: readonly LiarHabit[] = [
  'equivocate',
  'doubleVote',
  'selective',
  'silent',
  'staleCertificates',
  'forgedSnapshots',
  'amnesia',
  'flood',
  'future',
  'late',
]

export type Fault =
  /** After `effects` more writes, sends and timers of the node, its power fails; `written`: just after a write, not before. */
  | { kind: 'crash'; node: number; at: number; effects: number; downMs: number }
  /** The power fails just after the node, first of all, has stored a decided block, before anybody hears of it. */
  | { kind: 'crashDeciding'; node: number; at: number; downMs: number }
  /** Nothing passes from the one to the other. */
  | { kind: 'cut'; from: readonly number[]; to: readonly number[]; at: number; until: number }
  | { kind: 'loss'; rate: number; at: number; until: number }
  | { kind: 'duplicates'; rate: number; at: number; until: number }
  | { kind: 'slow'; factor: number; at: number; until: number }
  | { kind: 'skew'; node: number; ms: number }
  | { kind: 'liar'; node: number; habits: readonly LiarHabit[] }
  /** Validator `out` gives its seat to the spare node, or takes it back. */
  | { kind: 'seats'; at: number; seats: readonly number[] }
  /** The disk that the node's state is on takes nothing more; the node is started again when there is room. */
  | { kind: 'full'; node: number; at: number; until: number }
  /** The node's clock jumps, and is set right later. */
  | { kind: 'clock'; node: number; ms: number; at: number; until: number }

export interface Plan {
  readonly seed: number
  /** Validators at the start. */
  readonly n: number
  /** Who follows, and may become a validator. */
  readonly spares: number
  readonly meanDelayMs: number
  /** First time-out of a proposal; the others are half of it. */
  readonly timeoutMs: number
  readonly faultsMs: number
  readonly submitEveryMs: number
  readonly snapshotEvery: number
  readonly keepBlocks: number | undefined
  readonly heartbeatMs: number | undefined
  /** Headers and rules of a ledger. */
  readonly ledger: boolean
  /** The application is where its state is, on a disk of its own, and takes so long for a call; undefined: it is in the step. */
  readonly callMs: number | undefined
  readonly realKeys: boolean
  /** Messages go through their bytes. */
  readonly wire: boolean
  readonly faults: readonly Fault[]
  /** How long the two disks of each node take to sync; undefined: no time. */
  readonly syncMs?: { readonly blocks: number; readonly votes: number }
}

export interface PlanOptions {
  readonly n: number
  /** Disks that take up to this long to sync. */
  readonly syncMs?: number
  readonly liars?: number
  /** No crashes, cuts, loss: only the liars. */
  readonly calm?: boolean
  /** Time-outs about as short as the links are slow, and much is lost: what it takes to need locks. */
  readonly harsh?: boolean
  /** A hundred heights instead of a dozen: quick links, much to decide, and time between the faults to decide it. */
  readonly long?: boolean
  readonly ledger?: boolean
  /** A ledger with its state on disk, followers, and a set that turns over completely. */
  readonly onDisk?: boolean
}

export function makePlan(
  seed: number,
  { n, liars, calm = false, harsh = false, long = false, ledger = false, onDisk = false, syncMs }: PlanOptions,
): Plan {
  const random = seededRandom(`chain ${seed} ${n}`)
  const shortMs = (harsh ? 6_000 : 2_000) + random.below(5_000)
  const faultsMs = long ? shortMs * LONGER : shortMs
  const faults: Fault[] = []
  const f = Math.floor((n - 1) / 3)
  const liarCount = liars ?? (random.below(3) === 0 ? 0 : random.below(f + 1))
  const order = shuffled(n, random.split('order'))
  for (const node of order.slice(0, liarCount)) faults.push({ kind: 'liar', node, habits: habits(random) })
  if (!calm) {
    for (let part = 0; part < (long ? 2 : 1); part++) {
      const label = part === 0 ? '' : ` ${part}`
      addCrashes(faults, n, faultsMs, random.split(`crashes${label}`))
      addCuts(faults, n, faultsMs, random.split(`cuts${label}`))
      addWeather(faults, faultsMs, random.split(`weather${label}`))
    }
    for (let node = 0; node < n; node++)
      if (random.below(3) === 0) faults.push({ kind: 'skew', node, ms: random.below(1_600) - 800 })
    // Never the seat of somebody honest for one more liar: the bound f must hold.
    if (random.below(4) === 0 && !onDisk) addSeats(faults, n, order[n - 1]!, faultsMs, random.split('seats'))
  }
  const spares = onDisk ? n : 1
  if (onDisk) {
    addTurnover(faults, n, faultsMs)
    if (!calm) addDiskFaults(faults, n + spares, faultsMs, random.split('disks'))
  }
  if (harsh) {
    faults.push({ kind: 'loss', rate: (20 + random.below(20)) / 100, at: 0, until: faultsMs })
    for (let i = 0; i < 20; i++) addCrashDeciding(faults, n, faultsMs, random)
  }
  return {
    seed,
    n,
    spares,
    meanDelayMs: harsh ? 25 : (long ? [3, 6, 12, 25] : [5, 15, 40, 80])[random.below(4)]!,
    timeoutMs: harsh ? 60 : [60, 150, 300][random.below(3)]!,
    faultsMs,
    submitEveryMs: harsh ? 40 : (long ? [15, 25, 40, 80] : [30, 80, 200, 800])[random.below(4)]!,
    snapshotEvery: (long ? [5, 8, 24] : [0, 3, 8])[random.below(3)]!,
    keepBlocks: random.below(2) === 0 ? undefined : random.below(3),
    // A ledger without a heartbeat has no empty blocks, and waits for a transaction.
    heartbeatMs: random.below(4) === 0 || ledger ? 1_000 : undefined,
    ledger,
    callMs: onDisk ? [0, 2, 20, 60][random.split('calls').below(4)]! : undefined,
    realKeys: seed % 100 === 7,
    wire: seed % 20 === 3,
    faults,
    // One disk is the slower one.
    ...(syncMs !== undefined && {
      syncMs: seed % 2 === 0 ? { blocks: syncMs / 10, votes: syncMs } : { blocks: syncMs, votes: syncMs / 10 },
    }),
  }
}

/** How much longer than others a long world lasts; it has twice as many faults. */
const LONGER = 4

function habits(random: SeededRandom): LiarHabit[] {
  const count = 1 + random.below(3)
  return shuffled(HABITS.length, random)
    .slice(0, count)
    .map((index) => HABITS[index]!)
}

function addCrashes(faults: Fault[], n: number, faultsMs: number, random: SeededRandom): void {
  const count = random.below(8)
  for (let i = 0; i < count; i++)
    faults.push({
      kind: 'crash',
      node: random.below(n + 1),
      at: random.below(faultsMs),
      effects: random.below(40),
      downMs: random.below(3) === 0 ? random.below(3_000) : random.below(200),
    })
  const deciding = random.below(4)
  for (let i = 0; i < deciding; i++) addCrashDeciding(faults, n, faultsMs, random)
  // All at once, as when a fuse blows.
  if (random.below(4) === 0) {
    const at = random.below(faultsMs)
    for (let node = 0; node <= n; node++)
      faults.push({ kind: 'crash', node, at, effects: random.below(6), downMs: random.below(300) })
  }
}

function addCrashDeciding(faults: Fault[], n: number, faultsMs: number, random: SeededRandom): void {
  faults.push({
    kind: 'crashDeciding',
    node: random.below(n),
    at: random.below(faultsMs),
    downMs: 200 + random.below(2_000),
  })
}

function addCuts(faults: Fault[], n: number, faultsMs: number, random: SeededRandom): void {
  const count = random.below(4)
  for (let i = 0; i < count; i++) {
    const order = shuffled(n + 1, random)
    const size = 1 + random.below(n)
    const at = random.below(faultsMs)
    const until = at + 200 + random.below(3_000)
    const [from, to] = [order.slice(0, size), order.slice(size)]
    faults.push({ kind: 'cut', from, to, at, until })
    if (random.below(2) === 0) faults.push({ kind: 'cut', from: to, to: from, at, until })
  }
}

function addWeather(faults: Fault[], faultsMs: number, random: SeededRandom): void {
  const span = () => {
    const at = random.below(faultsMs)
    return { at, until: at + 300 + random.below(faultsMs) }
  }
  if (random.below(3) > 0) faults.push({ kind: 'loss', rate: random.below(25) / 100, ...span() })
  if (random.below(2) === 0) faults.push({ kind: 'duplicates', rate: random.below(30) / 100, ...span() })
  if (random.below(3) === 0) faults.push({ kind: 'slow', factor: 2 + random.below(8), ...span() })
}

function addSeats(faults: Fault[], n: number, out: number, faultsMs: number, random: SeededRandom): void {
  const all = Array.from({ length: n }, (_, i) => i)
  const swapped = all.map((seat) => (seat === out ? n : seat))
  faults.push({ kind: 'seats', at: random.below(faultsMs), seats: swapped })
  if (random.below(2) === 0) faults.push({ kind: 'seats', at: random.below(faultsMs), seats: all })
}

/** One after the other leaves for one that was none, until nobody of the first set is left. Each is asked for a few times: what is lost does no harm. */
function addTurnover(faults: Fault[], n: number, faultsMs: number): void {
  for (let step = 1; step <= n; step++)
    for (let time = 0; time < 3; time++)
      faults.push({
        kind: 'seats',
        at: Math.floor(((step - 1 + time / 3) * faultsMs) / n),
        seats: Array.from({ length: n }, (_, i) => step + i),
      })
}

function addDiskFaults(faults: Fault[], people: number, faultsMs: number, random: SeededRandom): void {
  const span = () => {
    const at = random.below(faultsMs)
    return { at, until: at + 200 + random.below(2_000) }
  }
  for (let i = random.below(3); i > 0; i--) faults.push({ kind: 'full', node: random.below(people), ...span() })
  for (let i = random.below(3); i > 0; i--)
    faults.push({ kind: 'clock', node: random.below(people), ms: random.below(20_000) - 10_000, ...span() })
}

export function shuffled(count: number, random: SeededRandom): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
