/** A member that was away asks one of the others for all that it holds; and the same seen from that other one. */
import { ChordnsError, type Clock, isChordnsError, type Log, type PeerId, type RequestOptions } from '../base/index.ts'
import type { CacheContents } from '../cache/index.ts'
import { holdsPrivateAddress } from '../chunks/index.ts'
import { agedDelegation, type Question } from '../dns/index.ts'
import { delegationQuestion } from '../evidence/index.ts'
import { limits } from './limits.ts'
import { decodeMessage, encodeRow, type MessageVersion, type ToldRow } from './rows.ts'
import { isShared, type Taking } from './taking.ts'
import { answerRow, messagesOf } from './telling.ts'
import { MAIN } from './watched-cache.ts'

export type AskForAll = (peer: PeerId, body: Uint8Array, options: RequestOptions) => AsyncIterable<Uint8Array>

/** The whole request: there is only one thing to be asked for. */
export const CATCH_UP_REQUEST = Uint8Array.of(1)

export interface SuppliedFrom {
  /** That the member which was away understands. */
  readonly version: MessageVersion
  readonly contents: CacheContents
  readonly clock: Clock
  readonly mayShare: (question: Question) => boolean
}

/** All that may be shared, a part of the cache at a time, as fast as it is read. */
export async function* supplied(from: SuppliedFrom, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { contents, version } = from
  let left: number = limits.CATCH_UP_ROWS
  const encoded = (rows: Iterable<ToldRow>): Uint8Array[] => {
    const bytes: Uint8Array[] = []
    for (const row of rows) {
      if (left <= 0) break
      const one = encodeRow(row, version)
      if (one === undefined) continue
      bytes.push(one)
      left--
    }
    return bytes
  }
  yield* messagesOf(encoded(delegationRows(from)), version)
  for (let part = 0; part < contents.parts() && left > 0; part++) {
    if (signal.aborted) return
    yield* messagesOf(encoded(answerRows(from, part)), version)
  }
}

function* delegationRows({ contents, clock, mayShare }: SuppliedFrom): Generator<ToldRow> {
  const now = clock.now()
  for (const { context, cached } of contents.delegations()) {
    const { delegation, parent, stored, expires } = cached
    if (context !== MAIN || expires <= now || delegation.zone.labels === 0) continue
    if (!mayShare(delegationQuestion(delegation.zone))) continue
    yield { kind: 'delegation', delegation: agedDelegation(delegation, Math.max(0, now - stored) / 1000), parent }
  }
}

function* answerRows({ contents, clock, mayShare }: SuppliedFrom, part: number): Generator<ToldRow> {
  const now = clock.now()
  for (const key of contents.keysOf(part, 0, now + limits.MIN_SECONDS * 1000)) {
    const found = contents.entryAt(key)
    if (found?.context !== MAIN || found.entry.side !== 'own' || found.entry.provenance !== 'solo') continue
    const { question, outcome } = found.entry
    if (!isShared(question, mayShare) || holdsPrivateAddress(outcome)) continue
    const row = answerRow(found.entry, now)
    if (row !== undefined) yield row
  }
}

export interface CatchUpDeps {
  readonly taking: Taking
  readonly bulk: AskForAll
  readonly clock: Clock
  readonly log: Log
  readonly stopping: AbortSignal
}

export interface CaughtUp {
  /** Rows that were worth keeping. */
  readonly kept: number
  /** False when nobody has sent all: who asks too early is no member yet for those it asks, or has no connection. */
  readonly isDone: boolean
}

/** Asks one after the other until one has sent all that it holds. */
export async function catchUp(deps: CatchUpDeps, peers: readonly PeerId[]): Promise<CaughtUp> {
  const { log, stopping } = deps
  const taken = { rows: 0, kept: 0 }
  for (const peer of peers.slice(0, limits.CATCH_UP_MEMBERS)) {
    try {
      taken.rows = 0
      await takeAll(deps, peer, taken)
      log.info({ peer, ...taken }, 'took over what the household knows')
      return { kept: taken.kept, isDone: true }
    } catch (error) {
      if (stopping.aborted || isChordnsError(error, 'ABORTED')) break
      if (!(error instanceof ChordnsError)) throw error
      log.debug({ peer, code: error.code }, 'a member did not send what it knows')
    }
  }
  return { kept: taken.kept, isDone: false }
}

/** Rejects with PEER_*, HOUSEHOLD_*, EVIDENCE_MALFORMED, DNS_* or ABORTED; what came before is kept. */
async function takeAll(
  { taking, bulk, clock, stopping }: CatchUpDeps,
  peer: PeerId,
  taken: { rows: number; kept: number },
): Promise<void> {
  const end = clock.monotonic() + limits.CATCH_UP_MS
  const options = { timeoutMs: limits.CATCH_UP_TIMEOUT_MS, signal: stopping }
  for await (const frame of bulk(peer, CATCH_UP_REQUEST, options)) {
    const rows = decodeMessage(frame)
    taken.rows += rows.length
    if (taken.rows > limits.CATCH_UP_ROWS || clock.monotonic() > end)
      throw new ChordnsError('HOUSEHOLD_ENDLESS', 'a member goes on sending what it knows', { peer })
    taken.kept += taking.take(peer, rows, clock.now())
  }
}
