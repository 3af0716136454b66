export { Budget, type BudgetLimits, type BudgetResource } from './budget.ts'
export { type BulkFrame, BulkKind, BulkReader, BulkWriter } from './bulk.ts'
export { compareBytes, concatBytes, equalBytes, fromHex, fromLatin1, latin1, toHex } from './bytes.ts'
export { ChordnsError, errorText, isChordnsError } from './errors.ts'
export { fileTrouble, systemCodeOf, utf8Text } from './files.ts'
export { limits as baseLimits } from './limits.ts'
export type {
  BulkHandler,
  Clock,
  Doorkeeper,
  Endpoint,
  Exchange,
  HelloSession,
  Log,
  PeerAddress,
  Random,
  ReplyVerdict,
  RequestHandler,
  RequestOptions,
  Store,
  StoreWrite,
  Transport,
  UpstreamProtocol,
  UpstreamQuery,
} from './ports.ts'
export { scopedStore } from './scope.ts'
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
