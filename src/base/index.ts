/**
 * What every room has in common, without effects.
 *
 * - Ports (`Clock`, `Random`, `Exchange`, `Transport`, `Store`, `Log`): take one as an argument where something of the machine
 *   is needed; `io/` has the real ones, `sim/` the simulated ones.
 * - `ChordnsError`: throw it with a code of docs/errors.md; `isChordnsError` to look for one.
 * - `Budget`: what one question may cost; passed down, never made anew on the way.
 * - `Charges`: what a peer has cost, where that is known only when the work is done.
 * - `Work`: for what a node does beside answering: it begins when there is CPU to spare, the most urgent first.
 * - `SteadyTime`: for terms that are kept as unix times; a step of the wall clock neither ends nor stretches them.
 * - `Listeners`: who wants to hear of something, none of whom can keep the others from it.
 * - `RecentMap`: a bounded map that drops what was used least recently.
 * - `WorkList`, `WorkMap`: what is in work for a moment, without burdening the collector.
 * - `withTimeout`, `sleep`, `unlessAborted`: waiting by a clock that is handed in.
 * - `BulkReader`, `BulkWriter`: both sides of a bulk, for those who implement `Transport`. `scopedStore`: a part of a store.
 * - `OpenPeers`: which peers stay connected where there are more members than connections, for those who implement `Transport`.
 * - Ids (`PeerId`, `RingId`, `ChunkId`) and bytes.
 */
export { Budget, type BudgetLimits, type BudgetResource } from './budget.ts'
export { type BulkFrame, BulkKind, BulkReader, BulkWriter } from './bulk.ts'
export { compareBytes, concatBytes, equalBytes, fromHex, fromLatin1, latin1, piecesOf, toHex } from './bytes.ts'
export { Charges, type ChargesOptions } from './charges.ts'
export { ChordnsError, errorText, isChordnsError } from './errors.ts'
export { fileTrouble, jsonFields, systemCodeOf, utf8Text } from './files.ts'
export { type Listed, type ListPlace, WorkList, WorkMap } from './in-work.ts'
export { limits as baseLimits } from './limits.ts'
export { Listeners } from './listeners.ts'
export { OpenPeers, type OpenPeersHooks, type OpenPeersLimits } from './open-peers.ts'
export type {
  BulkHandler,
  Clock,
  Doorkeeper,
  Endpoint,
  Exchange,
  HelloSession,
  HelloStep,
  Log,
  PeerAddress,
  Random,
  ReplyVerdict,
  RequestHandler,
  RequestOptions,
  Store,
  StoredBytes,
  StoreWrite,
  Transport,
  UpstreamProtocol,
  UpstreamQuery,
} from './ports.ts'
export { RecentMap } from './recent-map.ts'
export { scopedStore, settled } from './scope.ts'
export { SteadyTime } from './steady.ts'
export { aborted, sleep, unlessAborted, withTimeout } from './time.ts'
export {
  asChunkId,
  asPeerId,
  asRingId,
  type Brand,
  type Cancel,
  type ChunkId,
  type PeerId,
  type RingId,
} from './types.ts'
export { ALWAYS_FREE, createWork, type Work, type WorkKind, type WorkWait } from './work.ts'
