/**
 * The application on a chunk chain: the authenticated map from questions to what was agreed on last. Validity is a pure
 * function of block and state: a certificate is held against the replicas that the chain was made for, at the block's own time,
 * so that voting never waits for the network and every replica comes to the same verdict, also years later.
 */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import { type Application, type BlockContent, emptyStateMap, stateRoot } from '../../chain/index.ts'
import { type ChunkEntry, compareDated } from '../../chunks/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { type ChangeContext, changeContext, decoded, removals, stateAfter, stateAfterBytes } from './changes.ts'
import type { ReplicaGroup } from './descriptor.ts'
import {
  type ChunkState,
  encodeState,
  isFull,
  NO_TOTALS,
  readState,
  recordedIn,
  recordOfEntry,
  totalsOf,
  withTotals,
} from './state.ts'
import type { ChunkTransaction } from './transactions.ts'

const NO_EXTENSION = new Uint8Array()

export interface ChunkApplication extends Application<ChunkState> {
  /** Why the block is not valid on the state; undefined when it is. */
  fault(state: ChunkState, block: BlockContent): string | undefined
}

/** `chunkBits`: the bits that a chunk is the top of, the ring's constant. */
export function chunkApplication(group: ReplicaGroup, chunkBits: number, scheme: SignatureScheme): ChunkApplication {
  const context = changeContext(group, chunkBits, scheme)
  return {
    initial: () => withTotals(emptyStateMap, NO_TOTALS),
    root: stateRoot,
    admits: (state, raw) => admits(context, state, raw),
    build: (state, place) => build(context, state, place),
    apply(state, block) {
      const next = afterBlock(context, state, block)
      return typeof next === 'string' ? undefined : { state: next }
    },
    fault(state, block) {
      const next = afterBlock(context, state, block)
      return typeof next === 'string' ? next : undefined
    },
    snapshot: encodeState,
    restore(bytes) {
      try {
        return readState(bytes)
      } catch (error) {
        // From whoever claims to have one.
        if (isChordnsError(error, 'CHUNK_MALFORMED')) return undefined
        throw error
      }
    },
  }
}

/** The state after the block, or why the block is not valid. */
function afterBlock(
  context: ChangeContext,
  state: ChunkState,
  { height, time, transactions }: BlockContent,
): ChunkState | string {
  const totals = totalsOf(state)
  if (isFull(totals, time)) return 'the chain is full'
  let map = state
  let bytes = 0
  for (const [index, raw] of transactions.entries()) {
    const next = stateAfterBytes(context, map, raw, { height, time })
    if (typeof next === 'string') return `transaction ${index}: ${next}`
    map = next
    bytes += raw.length
  }
  return withTotals(map, {
    height,
    first: totals.first === 0 ? time : totals.first,
    last: time,
    bytes: totals.bytes + bytes,
  })
}

function admits(context: ChangeContext, state: ChunkState, raw: Uint8Array): boolean {
  const transaction = decoded(raw)
  if (typeof transaction === 'string') return false
  const totals = totalsOf(state)
  // The next block is later than the last one, and no earlier than what the observers saw.
  const time = Math.max(totals.last + 1, ...observedAt(transaction))
  if (isFull(totals, time)) return false
  return typeof stateAfter(context, state, transaction, { height: totals.height + 1, time }) !== 'string'
}

function build(
  context: ChangeContext,
  state: ChunkState,
  { height, time, transactions }: Pick<BlockContent, 'height' | 'time' | 'transactions'>,
): { readonly extension: Uint8Array; readonly transactions: readonly Uint8Array[] } {
  const chosen: Uint8Array[] = []
  if (isFull(totalsOf(state), time)) return { extension: NO_EXTENSION, transactions: chosen }
  let map = state
  for (const raw of transactions) {
    const next = stateAfterBytes(context, map, raw, { height, time })
    if (typeof next === 'string') continue
    map = next
    chosen.push(raw)
  }
  // Nobody makes a block for it, but who makes one anyway clears away what is long gone.
  if (chosen.length > 0) chosen.push(...removals(map, { height, time }))
  return { extension: NO_EXTENSION, transactions: chosen }
}

/** When the observers of a transaction observed. */
function observedAt(transaction: ChunkTransaction): number[] {
  return transaction.kind === 'remove' ? [] : transaction.certificate.observations.map(({ when }) => when)
}

/** What changes the state so that it has this entry; undefined when it has it, or something later. */
export function transactionFor(state: ChunkState, entry: ChunkEntry): ChunkTransaction | undefined {
  const { question, certificate, outcome } = entry
  const before = recordedIn(state, question)
  const record = recordOfEntry(entry, 0)
  if (before !== undefined && compareDated(record, before) <= 0) return undefined
  const proven = { question, certificate, outcome }
  if (record.class === 'divergent') return { kind: 'diverge', old: before?.digest, ...proven }
  if (before === undefined) return { kind: 'add', ...proven }
  const kind = equalBytes(before.digest, record.digest) ? 'renew' : 'update'
  return { kind, old: before.digest, ...proven }
}
