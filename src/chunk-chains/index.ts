export { createChunkChains } from './driver.ts'
export type {
  BlockView,
  ChunkChains,
  ChunkChainsModules,
  ChunkChainsOptions,
  ChunkChainsStats,
  ChunkChainView,
  Recorded,
} from './types.ts'
export { type ChainFault, type VerifyParts, type VerifyReport, verifyChains } from './verify.ts'
