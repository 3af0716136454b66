export {
  type BlockView,
  type ChainFault,
  type ChunkChains,
  type ChunkChainsStats,
  type ChunkChainView,
  createChunkChains,
  type Recorded,
  type VerifyParts,
  type VerifyReport,
  verifyChains,
} from './chains/index.ts'
export { delegationSource } from './delegations.ts'
export { type ChunksModules, createChunks } from './driver.ts'
export type { LookHow } from './messages.ts'
export { ownFetchOf } from './own-fetch.ts'
export { chunkOf, holdsPrivateAddress, keyOfChunk, mayShare } from './place.ts'
export type {
  ChunkEntry,
  Chunks,
  ChunksOptions,
  ChunksStats,
  ChunkView,
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
