/**
 * The application on a chunk chain: the authenticated map from questions to what was agreed on last. Validity is a pure
 * function of block and state: a certificate is held against the replicas that the chain was made for, at the block's own time,
 * so that voting never waits for the network and every replica comes to the same verdict, also years later.
 */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import { type Application, type BlockContent, emptyStateMap, stateRoot } from '../../chain/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import { decoded, removals, stateAfter, stateAfterBytes } from './changes.ts'
import { type ChangeChecks, type ChangeContext, changeContext } from './context.ts'
import type { ReplicaGroup } from './descriptor.ts'
import { compareRecords } from './order.ts'
import { isTrusted } from './signing.ts'
import {
  type ChunkState,
  encodeState,
  isFull,
  NO_TOTALS,
  readState,
  recordedIn,
  recordOfEntry,
  type StateRecord,
  totalsOf,
  withTotals,
} from './state.ts'
import type { ChunkTransaction } from './transactions.ts'

const NO_EXTENSION = new Uint8Array()

export interface ChunkApplication extends Application<ChunkState> {
  /** Why the block is not valid on the state; undefined when it is. */
  fault(state: ChunkState, block: BlockContent): string | undefined
}

/**
 * `chunkBits`: the bits that a chunk is the top of, the ring's constant. `anchors`: those that this node trusts; without them it votes
 * for nothing that is signed.
 */
export function chunkApplication(
  group: ReplicaGroup,
  chunkBits: number,
  { anchors = () => [], ...checks }: ChangeChecks & { readonly anchors?: () => readonly TrustAnchor[] },
): ChunkApplication {
  const context = changeContext(group, chunkBits, checks)
  return {
    initial: () => withTotals(emptyStateMap, NO_TOTALS),
    root: stateRoot,
    admits: (state, raw) => admits(context, state, raw) && isTrustedHere(raw, anchors()),
    build: (state, place) => build(context, state, place),
    apply(state, block) {
      const next = afterBlock(context, state, block)
      return typeof next === 'string' ? undefined : { state: next }
    },
    votesFor: ({ transactions }) => transactions.every((raw) => isTrustedHere(raw, anchors())),
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
  return typeof stateAfter(context, state, transaction, raw.length, { height: totals.height + 1, time }) !== 'string'
}

/** Whether what the transaction calls signed is so by an anchor of this node. */
function isTrustedHere(raw: Uint8Array, anchors: readonly TrustAnchor[]): boolean {
  const transaction = decoded(raw)
  return (
    typeof transaction !== 'string' && (transaction.kind !== 'sign' || isTrusted(transaction.proof.anchor, anchors))
  )
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
  if (transaction.kind === 'remove') return []
  if (transaction.kind === 'sign') return [transaction.proof.at]
  return transaction.certificate.observations.map(({ when }) => when)
}

/** What changes the state so that it has this entry; undefined when it has it, or something later. */
export function transactionFor(state: ChunkState, entry: ChunkEntry): ChunkTransaction | undefined {
  const { question, certificate, outcome } = entry
  const before = recordedIn(state, question)
  const record = recordOfEntry(entry, 0)
  // What is signed stands until its signatures end.
  if (before?.class === 'signed' ? record.seen <= before.expires : isKnown(record, before)) return undefined
  const proven = { question, certificate, outcome }
  if (record.class === 'divergent') return { kind: 'diverge', old: before?.digest, ...proven }
  if (before === undefined) return { kind: 'add', ...proven }
  const kind = equalBytes(before.digest, record.digest) ? 'renew' : 'update'
  return { kind, old: before.digest, ...proven }
}

function isKnown(record: StateRecord, before: StateRecord | undefined): boolean {
  return before !== undefined && compareRecords(record, before) <= 0
}
