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
} from './blocks.ts'
export { type Chain, type ChainParts, createChain } from './driver.ts'
export { merkleProof, merkleRoot, verifyMerkleProof } from './merkle.ts'
export { type ChainMessage, decodeMessage, encodeEvidence, encodeMessage, evidenceFromValue } from './messages.ts'
export { type Rules, tendermintRules } from './rules.ts'
export { verifyCertificate, verifyEvidence } from './signing.ts'
export type { PeerName } from './state.ts'
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
} from './state-map.ts'
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
} from './store.ts'
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
export { type ChainChecker, type CheckParts, createChainChecker, voteContradiction } from './verify.ts'
