/**
 * The chain of each chunk, on which its replicas record what they agreed on. When to use what:
 *
 * - `createChunkChains` runs the chains of a node: `kept` an entry to have it recorded, `handle` what replicas send, `recorded` to
 *   ask where an entry stands, `view` for people.
 * - `verifyChains` checks all stored chains from their starts; it needs the files only, not a running node.
 *
 * Inside: `run/` over `audit/` over `disk/` over `state/`, the application on the engine of `chain/`.
 */
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
