/** What follows from a block that is on disk: it is written beside the block, and can be made again from it. */
import { type ChunkId, toHex } from '../../base/index.ts'
import { type CertifiedBlock, storedBlocks } from '../../chain/index.ts'
import type { RecordedClaim } from '../../chunks/index.ts'
import type { Question } from '../../dns/index.ts'
import type { KnownChain } from '../disk/book.ts'
import type { ChainsDisk } from '../disk/disk.ts'
import type { RecordedRow } from '../disk/recorded.ts'
import { recordedEntry } from '../state/signing.ts'
import { type ChunkState, recordedIn, type StateRecord, totalsOf } from '../state/state.ts'
import { type ChunkTransaction, decodeTransaction } from '../state/transactions.ts'

/** A block of the chunk recorded this. `claim`: with its evidence, if the chain still has it so. Owes nothing. */
export type OnRecorded = (
  chunk: ChunkId,
  question: Question,
  record: StateRecord,
  claim: RecordedClaim | undefined,
) => void

function claimOf(state: ChunkState, transaction: ChunkTransaction): RecordedClaim | undefined {
  if (transaction.kind === 'remove') return undefined
  return transaction.kind === 'sign' ? recordedEntry(state, transaction) : transaction
}

/** `state`: the chain's after the block. */
export function recordBlock(
  disk: ChainsDisk,
  known: KnownChain,
  decided: CertifiedBlock,
  state: ChunkState,
  onRecorded: OnRecorded,
): void {
  writeRows(disk, known, decided, state, onRecorded)
  disk.book.advance(known, totalsOf(state), decided.block.id)
}

/** The same for the blocks that a former run stored just before its end. `state`: after the last of them. */
export function recordBlocksLeft(disk: ChainsDisk, known: KnownChain, state: ChunkState, onRecorded: OnRecorded): void {
  let last: CertifiedBlock | undefined
  for (const { decided } of storedBlocks(known.chainId, disk.blocks, known.totals.height + 1)) {
    if (decided === undefined) break
    writeRows(disk, known, decided, state, onRecorded)
    last = decided
  }
  if (last !== undefined) disk.book.advance(known, totalsOf(state), last.block.id)
}

function writeRows(
  { recorded }: ChainsDisk,
  known: KnownChain,
  { block }: CertifiedBlock,
  state: ChunkState,
  onRecorded: OnRecorded,
): void {
  const rows: { question: Question; row: RecordedRow | undefined }[] = []
  for (const raw of block.transactions) {
    const transaction = decodeTransaction(raw)
    const { question } = transaction
    const record = recordedIn(state, question)
    const before = recorded.get(question)
    if (record === undefined) {
      if (before !== undefined && toHex(before.chainId) === known.id) rows.push({ question, row: undefined })
      continue
    }
    onRecorded(known.descriptor.chunk, question, record, claimOf(state, transaction))
    if (before !== undefined && before.seen > record.seen) continue
    const { height, class: kind, digest, seen, expires } = record
    rows.push({
      question,
      row: { chainId: known.chainId, height, class: kind, digest, time: block.header.time, seen, expires },
    })
  }
  recorded.write(rows)
}
