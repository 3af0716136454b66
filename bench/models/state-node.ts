/** A process of the state benchmark: its memory and the stops of its loop are its own. */
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../src/base/index.ts'
import {
  catchUp,
  emptyStateMap,
  type PieceSource,
  type RemoteState,
  type StateChange,
  stateEntries,
  stateRoot,
  stateSet,
  verifyStateProof,
} from '../../src/chain/index.ts'
import { decodePiece } from '../../src/chain/state/pieces.ts'
import { encodeCanonical, sha256 } from '../../src/crypto/index.ts'
import { systemClock } from '../../src/io/index.ts'
import { openState } from '../../src/peer/state/open-state.ts'
import { median, quantile, round, seeded } from '../lib/stats.ts'
import { memory, type Watch, watched } from '../lib/watch.ts'
import type {
  BlocksMeasured,
  HoldResult,
  JoinResult,
  MapResult,
  ProofsMeasured,
  StateMessage,
  StateTask,
} from './state-tasks.ts'

/** A record of a name: owner key, DS set, addresses; at most 524. */
const VALUE_BYTES = 330
const FILL_BLOCK = 2_000
const KEPT_VERSIONS = 64
const MAX_FILE_BYTES = 16 * 2 ** 30
const log: Log = { debug() {}, info() {}, warn() {}, error: (detail, message) => console.error(message, detail) }

const wanted = new Map<number, (bytes: Uint8Array) => void>()
let held: RemoteState | undefined
let giving: Watch | undefined

process.on('message', (message: StateMessage) => {
  heard(message).catch((error: unknown) => say({ kind: 'failed', reason: String(error) }))
})

function say(message: StateMessage): void {
  process.send?.(message)
}

async function heard(message: StateMessage): Promise<void> {
  if (message.kind === 'task') say({ kind: 'result', result: await done(message.task) })
  else if (message.kind === 'piece') wanted.get(message.id)?.(message.bytes)
  else if (message.kind === 'want') {
    giving ??= watched()
    const bytes = await held!.piece(message.request)
    say({ kind: 'piece', id: message.id, bytes })
  } else if (message.kind === 'end') {
    if (giving !== undefined) say({ kind: 'stops', stops: giving.end() })
    process.disconnect()
    process.exit(0)
  }
}

function done(task: StateTask): Promise<HoldResult | JoinResult | MapResult> {
  switch (task.kind) {
    case 'hold':
      return hold(task)
    case 'join':
      return join(task)
    case 'map':
      return inMap(task)
  }
}

const keyOf = (number: number) => new TextEncoder().encode(`name-${number}.example`)

function recordOf(chance: () => number): Uint8Array {
  const value = new Uint8Array(VALUE_BYTES)
  for (let i = 0; i < value.length; i++) value[i] = chance() * 256
  return value
}

async function hold({ file, names, seed }: Extract<StateTask, { kind: 'hold' }>): Promise<HoldResult> {
  const { state } = await openState({ file, maxBytes: MAX_FILE_BYTES }, { log }, { onBroken: () => process.exit(1) })
  held = state
  const chance = seeded(seed)
  const idleWatch = watched()
  await sleep(3_000)
  const idle = idleWatch.end()
  const started = performance.now()
  let height = 0
  for (let first = 0; first < names; first += FILL_BLOCK) {
    const count = Math.min(FILL_BLOCK, names - first)
    const changes = Array.from({ length: count }, (_, i) => ({ key: keyOf(first + i), value: recordOf(chance) }))
    await commit(state, ++height, changes)
    while (await state.pruneSome(height - 1)) {}
  }
  const fillSeconds = round((performance.now() - started) / 1_000, 1)
  const fileMiB = Math.round(statSync(file).size / 2 ** 20)
  const blocks: BlocksMeasured[] = []
  let next = names
  for (const [changes, count] of [
    [100, 100],
    [1_000, 20],
    [3_000, 10],
  ] as const) {
    const lists = Array.from({ length: count }, () => blockOf(changes, next, chance, (made) => (next += made)))
    blocks.push(await measureBlocks(state, height, lists))
    height += count
  }
  const pruning = await measurePruning(state, height)
  const proofs = [
    await measureProofs(state, height, 'one name', 2_000, () => [keyOf(Math.floor(chance() * names))]),
    await measureProofs(state, height, 'a name that is free', 500, () => [keyOf(-1 - Math.floor(chance() * 1e9))]),
    await measureProofs(state, height, 'four names', 300, () =>
      Array.from({ length: 4 }, () => keyOf(Math.floor(chance() * names))),
    ),
  ]
  const root = await state.root(height)
  return { kind: 'hold', names, fillSeconds, fileMiB, idle, blocks, pruning, proofs, height, root, ...memory() }
}

/** Half updates, a tenth deletions, new names else. */
function blockOf(count: number, first: number, chance: () => number, made: (count: number) => void): StateChange[] {
  let fresh = 0
  const changes = Array.from({ length: count }, (): StateChange => {
    const kind = chance()
    if (kind < 0.4) return { key: keyOf(first + fresh++), value: recordOf(chance) }
    const key = keyOf(Math.floor(chance() * first))
    return { key, value: kind < 0.5 ? undefined : recordOf(chance) }
  })
  made(fresh)
  return changes
}

async function commit(state: RemoteState, height: number, changes: readonly StateChange[]): Promise<void> {
  await state.commit(height, await state.prepare(height, changes))
}

async function measureBlocks(
  state: RemoteState,
  head: number,
  lists: readonly StateChange[][],
): Promise<BlocksMeasured> {
  const times: number[] = []
  // What making the blocks has left to the collector is not theirs.
  await sleep(500)
  const watch = watched()
  for (const [index, changes] of lists.entries()) {
    const started = performance.now()
    await commit(state, head + index + 1, changes)
    times.push(performance.now() - started)
    await sleep(20)
  }
  const { length: changes } = lists[0]!
  const stops = watch.end()
  return { changes, blocks: lists.length, p50: round(median(times)), max: round(Math.max(...times)), ...stops }
}

async function measurePruning(state: RemoteState, height: number) {
  const { oldest } = await state.status()
  const watch = watched()
  const started = performance.now()
  while (await state.pruneSome(height - KEPT_VERSIONS)) {}
  const seconds = round((performance.now() - started) / 1_000)
  return { seconds, versions: Math.max(0, height - KEPT_VERSIONS - (oldest ?? height)), ...watch.end() }
}

async function measureProofs(
  state: RemoteState,
  height: number,
  of: string,
  count: number,
  keysOf: () => Uint8Array[],
): Promise<ProofsMeasured> {
  const root = await state.root(height)
  const [bytes, prove, verify]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < count; i++) {
    const keys = [...new Map(keysOf().map((key) => [String(key), key])).values()]
    const started = performance.now()
    const { values, proof } = await state.prove(height, keys)
    const proven = performance.now()
    const claims = keys.map((key, at) => ({ key, value: values[at] }))
    if (!verifyStateProof(sha256, root, claims, proof)) throw new Error('a proof does not hold')
    verify.push(performance.now() - proven)
    prove.push(proven - started)
    bytes.push(proof.length)
  }
  return {
    of,
    count,
    bytesP50: median(bytes),
    bytesMax: Math.max(...bytes),
    proveP50: round(median(prove), 3),
    proveP99: round(quantile(prove, 0.99), 3),
    verifyP50: round(median(verify), 3),
  }
}

async function join({ file, height, root }: Extract<StateTask, { kind: 'join' }>): Promise<JoinResult> {
  const { state } = await openState({ file, maxBytes: MAX_FILE_BYTES }, { log }, { onBroken: () => process.exit(1) })
  let id = 0
  let bytes = 0
  const proofs: number[] = []
  const source = (name: string, change: (piece: Uint8Array) => Uint8Array): PieceSource => ({
    name,
    fetch: (request) =>
      new Promise((resolve) => {
        wanted.set(++id, (piece) => resolve(change(piece)))
        const { height: at, from, to } = request
        say({ kind: 'want', id, request: { height: at, from, to } })
      }),
  })
  const counted = (piece: Uint8Array) => {
    bytes += piece.length
    return piece
  }
  const sources = [source('one', counted), source('two', counted), source('liar', lie)]
  const watch = watched()
  const started = performance.now()
  const report = await catchUp(
    { state, sources, clock: systemClock(), log },
    { height, root },
    new AbortController().signal,
  )
  const seconds = round((performance.now() - started) / 1_000, 1)
  const stops = watch.end()
  const { head } = await state.status()
  // A few pieces of the whole, for what their proofs take.
  for (let byte = 0; byte < 256; byte += 8) {
    const from = new Uint8Array(32).fill(0, 1).with(0, byte)
    proofs.push(decodePiece(await state.piece({ height, from, to: undefined })).proof.length)
  }
  return {
    kind: 'join',
    seconds,
    pieces: Object.fromEntries(report.pieces),
    bytes,
    proofBytesP50: median(proofs),
    proofBytesMax: Math.max(...proofs),
    refused: Object.fromEntries(report.refused),
    size: head?.size ?? 0,
    sameRoot: Buffer.compare(head?.root ?? new Uint8Array(), root) === 0,
    stops,
    ...memory(),
  }
}

/** One bit of a value in the middle. */
function lie(piece: Uint8Array): Uint8Array {
  const changed = piece.slice()
  changed[changed.length >> 1]! ^= 1
  return changed
}

async function inMap({ names, seed }: Extract<StateTask, { kind: 'map' }>): Promise<MapResult> {
  const chance = seeded(seed)
  const started = performance.now()
  let map = emptyStateMap
  for (let i = 0; i < names; i++) map = stateSet(map, keyOf(i), recordOf(chance))
  stateRoot(map)
  const built = performance.now()
  const bytes = encodeCanonical(stateEntries(map).map(({ key, value }) => [key, value]))
  const snapshotMs = Math.round(performance.now() - built)
  return {
    kind: 'map',
    names,
    buildSeconds: round((built - started) / 1_000, 1),
    snapshotMs,
    snapshotMiB: Math.round(bytes.length / 2 ** 20),
    ...memory(),
  }
}
