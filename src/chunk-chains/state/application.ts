/**
 * The application on a chunk chain: the authenticated map from questions to what was agreed on last. Validity is a pure
 * function of block and state: a certificate is held against the replicas that the chain was made for, at the block's own time,
 * so that voting never waits for the network and every replica comes to the same verdict, also years later.
 */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import {
  type Application,
  type BlockContent,
  emptyStateMap,
  stateDelete,
  stateEntries,
  stateRoot,
} from '../../chain/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import { chunkOf, examine, mayShare, type ReadContext } from '../../chunks/index.ts'
import { peerIdFromPublicKey, type SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { maxAgreedSeconds } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { ReplicaGroup } from './descriptor.ts'
import {
  type ChunkState,
  encodeState,
  isFull,
  isTotals,
  NO_TOTALS,
  readState,
  recordedIn,
  recordOfEntry,
  type StateRecord,
  stateRecord,
  totalsOf,
  withRecord,
  withTotals,
} from './state.ts'
import { type ChunkTransaction, decodeTransaction, encodeTransaction, stateKey } from './transactions.ts'

const NO_EXTENSION = new Uint8Array()

export interface ChunkApplication extends Application<ChunkState> {
  /** Why the block is not valid on the state; undefined when it is. */
  fault(state: ChunkState, block: BlockContent): string | undefined
}

/** The bits that a chunk is the top of are the ring's constant. */
export function chunkApplication(group: ReplicaGroup, chunkBits: number, scheme: SignatureScheme): ChunkApplication {
  const replicas = group.validators.map(({ publicKey }) => ({ peer: peerIdFromPublicKey(publicKey), publicKey }))

  /** The entry that the evidence makes at this time, or why it makes none. */
  function examined({ question, certificate, outcome }: Exclude<ChunkTransaction, { kind: 'remove' }>, now: number) {
    if (chunkOf(question.name, chunkBits) !== group.chunk) return 'another chunk'
    if (!mayShare(question, () => false)) return 'a name that is never shared'
    const context: ReadContext = {
      ringId: group.ringId,
      chunk: group.chunk,
      question,
      n: group.n,
      replicas,
      scheme,
      // What an asker makes of it is the asker's.
      policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
    }
    const result = examine(certificate, outcome, context, now)
    return result.ok ? result.entry : result.reason
  }

  /** The map after the transaction, or why it is not valid here. */
  function after(map: ChunkState, transaction: ChunkTransaction, height: number, time: number): ChunkState | string {
    const before = recordedIn(map, transaction.question)
    const old = 'old' in transaction ? transaction.old : undefined
    if (old !== undefined && (before === undefined || !equalBytes(before.digest, old)))
      return 'not the recorded content'
    if (transaction.kind === 'remove') {
      if (before === undefined) return 'not the recorded content'
      return time > removableAfter(transaction.question, before)
        ? stateDelete(map, stateKey(transaction.question))
        : 'not expired for long enough'
    }
    if (old === undefined && before !== undefined) return 'recorded already'
    const entry = examined(transaction, time)
    if (typeof entry === 'string') return entry
    const record = recordOfEntry(entry, height)
    if ((transaction.kind === 'diverge') !== (record.class === 'divergent')) return 'a certificate of another kind'
    if (before !== undefined) {
      const same = equalBytes(before.digest, record.digest)
      if (same !== (transaction.kind === 'renew') && transaction.kind !== 'diverge')
        return same ? 'no change' : 'another content'
      // What was seen before is history: nobody can put it back.
      if (record.seen <= before.seen) return 'not seen later than what is recorded'
    } else if (map.size > limits.MAX_ENTRIES) return 'the state is full'
    return withRecord(map, transaction.question, record)
  }

  function run(state: ChunkState, { height, time, transactions }: BlockContent): ChunkState | string {
    const totals = totalsOf(state)
    if (isFull(totals, time)) return 'the chain is full'
    let map = state
    let bytes = 0
    for (const [index, raw] of transactions.entries()) {
      const next = attempt(raw, (transaction) => after(map, transaction, height, time))
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

  return {
    initial: () => withTotals(emptyStateMap, NO_TOTALS),
    root: stateRoot,
    admits(state, raw) {
      const totals = totalsOf(state)
      const judged = attempt(raw, (transaction) => {
        // The next block is later than the last one, and no earlier than what the observers saw.
        const time = Math.max(totals.last + 1, ...latest(transaction))
        return isFull(totals, time) ? 'the chain is full' : after(state, transaction, totals.height + 1, time)
      })
      return typeof judged !== 'string'
    },
    build(state, { height, time, transactions }) {
      const chosen: Uint8Array[] = []
      if (isFull(totalsOf(state), time)) return { extension: NO_EXTENSION, transactions: chosen }
      let map = state
      for (const raw of transactions) {
        const next = attempt(raw, (transaction) => after(map, transaction, height, time))
        if (typeof next === 'string') continue
        map = next
        chosen.push(raw)
      }
      // Nobody makes a block for it, but who makes one anyway clears away what is long gone.
      if (chosen.length > 0) chosen.push(...removals(map, height, time))
      return { extension: NO_EXTENSION, transactions: chosen }
    },
    apply(state, block) {
      const next = run(state, block)
      return typeof next === 'string' ? undefined : { state: next }
    },
    fault(state, block) {
      const next = run(state, block)
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

/** Runs `judge` on the decoded transaction; malformed bytes are a reason like any other. */
function attempt(raw: Uint8Array, judge: (transaction: ChunkTransaction) => ChunkState | string): ChunkState | string {
  let transaction: ChunkTransaction
  try {
    transaction = decodeTransaction(raw)
  } catch (error) {
    if (isChordnsError(error, 'CHUNK_MALFORMED')) return error.message
    throw error
  }
  return judge(transaction)
}

/** When the observers of a transaction saw what they saw. */
function latest(transaction: ChunkTransaction): number[] {
  return transaction.kind === 'remove' ? [] : transaction.certificate.observations.map(({ when }) => when)
}

/**
 * Expired, and no certificate for the question that is no newer than this record can be valid any more: each ends, at most,
 * so long after it was seen. Else a former content could be added again once its successor is gone.
 */
function removableAfter(question: Question, { expires, seen }: StateRecord): number {
  return Math.max(expires, seen + maxAgreedSeconds(question) * 1000)
}

function removals(map: ChunkState, height: number, time: number): Uint8Array[] {
  if (height % limits.REMOVE_EVERY !== 0 && map.size < limits.MAX_ENTRIES * 0.75) return []
  const found: Uint8Array[] = []
  for (const { key, value } of stateEntries(map)) {
    if (found.length >= limits.REMOVES_PER_BLOCK) break
    if (isTotals(key)) continue
    const { record, question } = stateRecord(value)
    if (time > removableAfter(question, record))
      found.push(encodeTransaction({ kind: 'remove', question, old: record.digest }))
  }
  return found
}

/** What changes the state so that it has this entry; undefined when it has it, or something later. */
export function transactionFor(state: ChunkState, entry: ChunkEntry): ChunkTransaction | undefined {
  const { question, certificate, outcome } = entry
  const before = recordedIn(state, question)
  const record = recordOfEntry(entry, 0)
  if (before !== undefined && record.seen <= before.seen) return undefined
  const proven = { question, certificate, outcome }
  if (record.class === 'divergent') return { kind: 'diverge', old: before?.digest, ...proven }
  if (before === undefined) return { kind: 'add', ...proven }
  const kind = equalBytes(before.digest, record.digest) ? 'renew' : 'update'
  return { kind, old: before.digest, ...proven }
}
