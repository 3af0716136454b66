export { delegationSource } from './delegations.ts'
export { type ChunksModules, createChunks } from './driver.ts'
export { examine, type ReadContext } from './examine.ts'
export type { LookHow } from './messages.ts'
export { ownFetchOf } from './own-fetch.ts'
export type { Send } from './peers.ts'
export { chunkOf, holdsPrivateAddress, keyOfChunk, mayShare } from './place.ts'
export { Rates } from './rates.ts'
export { questionKey } from './store.ts'
export type {
  ChunkEntry,
  Chunks,
  ChunksOptions,
  ChunksStats,
  ChunkView,
  EntryNote,
  LiveVote,
  OwnFetch,
  OwnFinding,
  ProofSource,
  ReplicaReply,
  ReplicaWord,
  RingDelegation,
  RingDivergence,
  RingRead,
} from './types.ts'
