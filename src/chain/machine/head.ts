/** The head of the chain: what moves when a block is decided, and what a snapshot puts in its place. */
import { equalBytes } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { emptyHistory, extendHistory, type HistoryEdge, historyRoot, isHistoryEdge } from '../trees/history.ts'
import type { Block, BlockCertificate, BlockHeader, SnapshotHead } from '../types.ts'
import type { ChainState, Execution, MadeHash } from './state.ts'

/** From one height to the next; `height` itself is the caller's. Returns the hashes of the history that the header made whole. */
export function moveHead<S>(
  state: ChainState<S>,
  { id, header }: Block,
  certificate: BlockCertificate,
  executed: NonNullable<Execution<S>>,
): readonly MadeHash[] {
  const made: MadeHash[] = []
  state.app = executed.state
  state.head = { id, header, certificate, time: header.time }
  if (header.ledger !== undefined) {
    state.history = extendHistory(state.history, id, (level, index, hash) => made.push({ level, index, hash }))
    state.rules = { now: header.ledger.rules, next: header.ledger.nextRules }
  }
  state.previousValidators = state.validators
  state.validators = state.nextValidators
  state.nextValidators = executed.after
  return made
}

/** All but `height`, which is the caller's. */
export function takeSnapshotHead<S>(state: ChainState<S>, head: SnapshotHead, app: S): void {
  const { header, certificate } = head
  state.app = app
  state.head = { id: blockIdOf(header), header, certificate, time: header.time }
  state.history = historyAfter(head) ?? emptyHistory
  if (header.ledger !== undefined) state.rules = { now: header.ledger.rules, next: header.ledger.nextRules }
  state.previousValidators = head.validators
  state.validators = head.nextValidators
  state.nextValidators = head.afterValidators
}

/** The history with the snapshot's header; undefined when its edge is not the one that the header commits to. */
export function historyAfter({ header, history }: SnapshotHead): HistoryEdge | undefined {
  if (header.ledger === undefined) return emptyHistory
  const before = edgeBefore(header, history)
  return before && extendHistory(before, blockIdOf(header))
}

function edgeBefore({ height, ledger }: BlockHeader, hashes: readonly Uint8Array[] = []): HistoryEdge | undefined {
  const edge = { size: height - 1, hashes }
  return ledger !== undefined && isHistoryEdge(edge) && equalBytes(historyRoot(edge), ledger.historyRoot)
    ? edge
    : undefined
}
