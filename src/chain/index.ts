export {
  blockIdOf,
  certificateFromValue,
  certificateToValue,
  headerFromValue,
  headerToValue,
  isValidatorSet,
  nextValidatorsHash,
  proposerOf,
  sortedValidators,
  validatorsHash,
} from './blocks/blocks.ts'
export {
  type ChainMessage,
  decodeMessage,
  encodeEvidence,
  encodeMessage,
  evidenceFromValue,
} from './blocks/messages.ts'
export { verifyCertificate, verifyEvidence } from './blocks/signing.ts'
export { type Rules, tendermintRules } from './machine/rules.ts'
export type { PeerName } from './machine/state.ts'
export { type Chain, type ChainParts, createChain } from './run/driver.ts'
export {
  dropChain,
  isRetired,
  retireVotes,
  type StoredBlock,
  storedBlocks,
  storedChains,
  storedHeight,
  storedRecord,
  storedSnapshot,
} from './run/store.ts'
export { type ChainChecker, type CheckParts, createChainChecker, voteContradiction } from './run/verify.ts'
export { merkleProof, merkleRoot, verifyMerkleProof } from './trees/merkle.ts'
export {
  emptyStateMap,
  type StateEntry,
  type StateMap,
  type StateProof,
  stateDelete,
  stateEntries,
  stateGet,
  stateProof,
  stateRoot,
  stateSet,
  verifyAbsence,
  verifyPresence,
} from './trees/state-map.ts'
export {
  type Application,
  type Applied,
  type Block,
  type BlockContent,
  type Certificate,
  type CertifiedBlock,
  type ChainOptions,
  type ChainStats,
  type ChainStatus,
  chunkChainOptions,
  type Evidence,
  type Header,
  ledgerChainOptions,
  type Proposal,
  type ProposalClaim,
  type Snapshot,
  type SnapshotHead,
  type Validator,
  type Vote,
  type VoteKind,
} from './types.ts'
