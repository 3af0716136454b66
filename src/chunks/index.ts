export { type ChunksModules, createChunks } from './driver.ts'
export { chunkOf, holdsPrivateAddress, keyOfChunk, mayShare } from './place.ts'
export type {
  ChunkEntry,
  Chunks,
  ChunksOptions,
  ChunksStats,
  ChunkView,
  LiveVote,
  OwnFetch,
  ReplicaReply,
  ReplicaWord,
  RingRead,
} from './types.ts'
