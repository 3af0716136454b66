export { type ChainFault, type VerifyParts, type VerifyReport, verifyChains } from './audit/verify.ts'
export type { BlockView, ChunkChainView } from './audit/view.ts'
export { createChunkChains } from './run/chunk-chains.ts'
export type {
  ChunkChains,
  ChunkChainsModules,
  ChunkChainsOptions,
  ChunkChainsStats,
  Recorded,
} from './run/types.ts'
