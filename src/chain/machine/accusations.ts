/** Evidence that this node has found, until a block has it. Ledger chains only: chunk chains hand it out and are done. */
import { equalBytes } from '../../base/index.ts'
import { type EvidenceItem, encodeEvidence, makeEvidence } from '../blocks/evidence.ts'
import { verifyEquivocation } from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import type { BlockHeader, ChainEquivocation, Validator } from '../types.ts'
import type { ChainWork, PendingAccusation } from './state.ts'

/** Keeps what was found; what can be answered goes another way. */
export function keepAccusation<S>(
  { context, state }: ChainWork<S>,
  accusation: ChainEquivocation,
  validators: readonly Validator[],
): void {
  if (context.options.schema === 1 || accusation.kind === 'lock') return
  if (state.accusations.length >= limits.MAX_ACCUSATIONS) state.accusations.shift()
  state.accusations.push({ accusation, validators })
}

/** What this node was shown, by a follower or on another chain. What does not hold, or is known, is passed over. */
export function onAccusation<S>(work: ChainWork<S>, { accusation, validators }: PendingAccusation): void {
  const { context, state } = work
  if (state.accusations.some((known) => isSameFault(known.accusation, accusation))) return
  if (!verifyEquivocation(context.scheme, accusation, context.chainId, validators)) return
  state.stats.evidence++
  keepAccusation(work, accusation, validators)
}

/** What a new block of this height may bring: each item with the header of its height, and that header's path. */
export function pendingEvidence<S>({ context, state }: ChainWork<S>, time: number): EvidenceItem[] {
  const { past } = context
  const items: EvidenceItem[] = []
  let bytes = 0
  for (const { accusation, validators } of state.accusations) {
    const { height } = accusation.first
    if (height >= state.height) continue
    const header = past?.header(height)
    const path = past?.path(height, state.height)
    if (header === undefined || path === undefined || isOld(header, time)) continue
    const item = makeEvidence(accusation, validators, header, path)
    if (item === undefined) continue
    bytes += encodeEvidence(item).length
    if (items.length >= limits.MAX_EVIDENCE || bytes > limits.MAX_EVIDENCE_BYTES) break
    items.push(item)
  }
  return items
}

function isOld(header: BlockHeader, time: number): boolean {
  return time - header.time > limits.EVIDENCE_AGE_MS
}

/** What a decided block has, nobody need bring again. */
export function forgetAccusations<S>({ state }: ChainWork<S>, items: readonly EvidenceItem[]): void {
  if (items.length === 0) return
  state.accusations = state.accusations.filter(
    ({ accusation }) => !items.some((item) => isSameFault(item.accusation, accusation)),
  )
}

/** One fault of one validator: what else it signed in that place adds nothing. */
function isSameFault(a: ChainEquivocation, b: ChainEquivocation): boolean {
  return (
    a.kind === b.kind &&
    a.first.height === b.first.height &&
    a.first.round === b.first.round &&
    equalBytes(a.first.signer, b.first.signer)
  )
}
