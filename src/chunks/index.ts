export { questionKey } from './entries/bounded-map.ts'
export { examine, type ReadContext } from './entries/examine.ts'
export { type ChunksModules, createChunks } from './node/chunks.ts'
export { delegationSource } from './observations/delegations.ts'
export { ownFetchOf } from './observations/own-fetch.ts'
export { chunkOf, holdsPrivateAddress, keyOfChunk, mayShare } from './seats/place.ts'
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
export type { LookHow } from './wire/messages.ts'
export { Rates } from './wire/rates.ts'
export type { Send } from './wire/request.ts'
