/** What a transaction makes of the state, or why it is not valid there. */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import { stateDelete, stateEntries } from '../../chain/index.ts'
import { type ChunkEntry, chunkOf, examine, isInSection, mayShare, type ReadContext } from '../../chunks/index.ts'
import type { Question } from '../../dns/index.ts'
import { maxAgreedSeconds } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { BlockPlace, ChangeContext } from './context.ts'
import { sectionOfGroup } from './descriptor.ts'
import { compareRecords } from './order.ts'
import { afterSigning } from './signing.ts'
import {
  type ChunkState,
  isQuestion,
  recordedIn,
  recordOfEntry,
  type StateRecord,
  signedTotalsOf,
  stateRecord,
  withRecord,
} from './state.ts'
import { type ChunkTransaction, decodeTransaction, encodeTransaction, stateKey } from './transactions.ts'

/** A transaction that proves what it says. */
type ProvenTransaction = Exclude<ChunkTransaction, { kind: 'remove' | 'sign' }>

/** The state after the transaction, or why it is not valid here. Malformed bytes are a reason like any other. */
export function stateAfterBytes(
  context: ChangeContext,
  state: ChunkState,
  raw: Uint8Array,
  place: BlockPlace,
): ChunkState | string {
  const transaction = decoded(raw)
  return typeof transaction === 'string' ? transaction : stateAfter(context, state, transaction, raw.length, place)
}

/** The state after the transaction, which has so many bytes, or why it is not valid here. */
export function stateAfter(
  context: ChangeContext,
  state: ChunkState,
  transaction: ChunkTransaction,
  bytes: number,
  place: BlockPlace,
): ChunkState | string {
  const before = recordedIn(state, transaction.question)
  const old = 'old' in transaction ? transaction.old : undefined
  if (old !== undefined && (before === undefined || !equalBytes(before.digest, old))) return 'not the recorded content'
  const isNew = transaction.kind === 'add' || transaction.kind === 'sign' || transaction.kind === 'diverge'
  if (isNew && old === undefined && before !== undefined) return 'recorded already'
  switch (transaction.kind) {
    case 'remove':
      return afterRemoval(state, transaction.question, before, place.time)
    case 'sign':
      return afterSigning(context, state, transaction, before, bytes, place)
    default:
      return afterChange(context, state, transaction, before, place)
  }
}

/** While the bytes are there: what waits in a pool is decoded for the pool, for the block, and again after each. */
const known = new WeakMap<Uint8Array, ChunkTransaction | string>()

/** The transaction that the bytes are, or why they are none. Nobody changes the bytes of a transaction. */
export function decoded(raw: Uint8Array): ChunkTransaction | string {
  const before = known.get(raw)
  if (before !== undefined) return before
  const transaction = freshlyDecoded(raw)
  known.set(raw, transaction)
  return transaction
}

function freshlyDecoded(raw: Uint8Array): ChunkTransaction | string {
  try {
    return decodeTransaction(raw)
  } catch (error) {
    if (isChordnsError(error, 'CHUNK_MALFORMED')) return error.message
    throw error
  }
}

/** Removals that a block of this place may contain, of entries that expired long ago. None for most blocks. */
export function removals(state: ChunkState, { height, time }: BlockPlace): Uint8Array[] {
  if (height % limits.REMOVE_EVERY !== 0 && state.size < limits.MAX_ENTRIES * 0.75) return []
  const found: Uint8Array[] = []
  for (const { key, value } of stateEntries(state)) {
    if (found.length >= limits.REMOVES_PER_BLOCK) break
    if (!isQuestion(key)) continue
    const { record, question } = stateRecord(value)
    if (time > removableAfter(question, record))
      found.push(encodeTransaction({ kind: 'remove', question, old: record.digest }))
  }
  return found
}

function afterRemoval(
  state: ChunkState,
  question: Question,
  before: StateRecord | undefined,
  time: number,
): ChunkState | string {
  if (before === undefined) return 'not the recorded content'
  return time > removableAfter(question, before)
    ? stateDelete(state, stateKey(question))
    : 'not expired for long enough'
}

function afterChange(
  context: ChangeContext,
  state: ChunkState,
  transaction: ProvenTransaction,
  before: StateRecord | undefined,
  { height, time }: BlockPlace,
): ChunkState | string {
  if (before?.class === 'signed' && time <= before.expires) return 'what is signed needs no votes'
  const entry = entryProven(context, transaction, time)
  if (typeof entry === 'string') return entry
  const record = recordOfEntry(entry, height)
  if ((transaction.kind === 'diverge') !== (record.class === 'divergent')) return 'a certificate of another kind'
  if (before === undefined) {
    if (state.size - signedTotalsOf(state).links > limits.MAX_ENTRIES) return 'the state is full'
    return withRecord(state, transaction.question, record)
  }
  const same = equalBytes(before.digest, record.digest)
  if (same !== (transaction.kind === 'renew') && transaction.kind !== 'diverge')
    return same ? 'no change' : 'another content'
  // What was seen before is history: nobody can put it back.
  if (before.class !== 'signed' && compareRecords(record, before) <= 0) return 'not seen later than what is recorded'
  return withRecord(state, transaction.question, record)
}

/** The entry that the evidence proves at this time, or why it proves none. */
function entryProven(
  { group, replicas, chunkBits, scheme }: ChangeContext,
  { question, certificate, outcome }: ProvenTransaction,
  time: number,
): ChunkEntry | string {
  const chunk = chunkOf(question.name, chunkBits)
  if (!isInSection(chunk, sectionOfGroup(group))) return 'another chunk'
  if (!mayShare(question, () => false)) return 'a name that is never shared'
  const context: ReadContext = {
    ringId: group.ringId,
    chunk,
    question,
    n: group.n,
    replicas,
    scheme,
    // What an asker makes of it is the asker's.
    policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
  }
  const result = examine(certificate, outcome, context, time)
  return result.ok ? result.entry : result.reason
}

/**
 * Expired, and no certificate for the question that is no newer than this record can be valid any more: each ends, at most,
 * so long after it was seen. Else a former content could be added again once its successor is gone.
 */
function removableAfter(question: Question, { class: kind, expires, seen }: StateRecord): number {
  // Something that was signed before may hold for longer than what took its place.
  if (kind === 'signed') return Number.POSITIVE_INFINITY
  return Math.max(expires, seen + maxAgreedSeconds(question) * 1000)
}
