export type { ChainFault } from './audit/faults.ts'
export { type VerifyDeps, type VerifyReport, verifyChains } from './audit/verify.ts'
export type { BlockView, ChunkChainView } from './audit/view.ts'
export { createChunkChains } from './run/chunk-chains.ts'
export type {
  ChunkChains,
  ChunkChainsDeps,
  ChunkChainsHooks,
  ChunkChainsOptions,
  ChunkChainsStats,
  ChunkChainsStores,
  HeldEntries,
  Recorded,
} from './run/types.ts'
