/**
 * One BFT engine for all chains: Tendermint, Algorithm 1, over an opaque application. When to use what:
 *
 * - `createChain` runs a chain on its stores: hand it an `Application`, a way to send, and `receiveBytes` what comes.
 * - `createChainChecker` checks stored blocks (`storedBlocks`, ...) from the first on, without running a chain.
 * - `verifyCertificate` and `blockIdOf` check one header that somebody shows.
 * - The state map (`stateSet`, `stateProof`, ...) and the Merkle tree are for applications, and need no chain.
 * - `stateMethods`: the state of a ledger on disk, whose last versions are kept; `remoteState` where it has a thread of its own,
 *   `StateViews` where an application runs on it in its own thread, `catchUp` to get it from others.
 * - `verifyStateProof` checks what a state root says of some keys: the proof of a name, for whoever has a certified header.
 *
 * - `createStateChain` runs a ledger: its `StateApplication` is where the state is (`hostedMethods`), and `statePort` is the way there.
 * - Of ledger chains: `verifyHeader` and `LightWalk` follow a chain from what is trusted, `linkVerdict` records one on another,
 *   `verifyProofFile` checks the proof of a name; checkpoints, witnesses and tiles are C2SP's.
 *
 * - `LedgerView` is what a node knows of ledgers that it need not run; `HeaderSource` and `StateProver` are what a chain's node offers to those.
 *
 * Inside: `follow/` (a running light follower, and what serves it) beside `run/` (driver, disk) over `machine/` (the protocol) over `light/` and `notes/` (what strangers check) over `blocks/`
 * (data, bytes, signatures) over `state/` (the state on disk) over `trees/`.
 */

export type {
  Application,
  Applied,
  BlockContent,
  BuildPlace,
  Built,
  ConsensusView,
  Executed,
  Ticket,
} from './application.ts'
export { blockIdOf, headerFromValue, headerToValue } from './blocks/blocks.ts'
export { certificateFromValue, certificateToValue } from './blocks/certificates.ts'
export { decodeGenesis, encodeGenesis, type Genesis, ledgerChainId } from './blocks/genesis.ts'
export { decodeResume, encodeResume, type Resume, resumeBytes } from './blocks/halts.ts'
export {
  type ChainMessage,
  decodeMessage,
  encodeEquivocation,
  encodeMessage,
  equivocationFromValue,
} from './blocks/messages.ts'
export {
  entriesFromValue,
  entriesToValue,
  holdsVotingKey,
  isSetPlace,
  mostChanges,
  type SetPlace,
  setPlace,
  setRoot,
  votingKeyBytes,
} from './blocks/set-root.ts'
export { verifyCertificate, verifyEquivocation } from './blocks/signing.ts'
export { transactionIds } from './blocks/transaction-lists.ts'
export {
  decodeResult,
  decodeTransaction,
  encodeResult,
  encodeTransaction,
  isAlive,
  isSignedTransaction,
  ResultCode,
  signTransaction,
  type Transaction,
  type TransactionContent,
  transactionId,
} from './blocks/transactions.ts'
export {
  isValidatorSet,
  nextValidatorsHash,
  sortedValidators,
  validatorsHash,
} from './blocks/validators.ts'
export type { TrustedPoint } from './follow/beginning.ts'
export type { ChainStart } from './follow/chain-follower.ts'
export { believedConflict } from './follow/conflicts.ts'
export { LightFollower, type LightFollowerDeps, type LightFollowerHooks } from './follow/follower.ts'
export {
  type HeaderTrust,
  type KeptAnswer,
  KeptProofs,
  type KeptProofsDeps,
  type RecalledProof,
} from './follow/kept-proofs.ts'
export { type LinkedUpTo, linkFrom } from './follow/linking.ts'
export type { ChainMembers } from './follow/members.ts'
export {
  decodeFollowReply,
  decodeFollowRequest,
  encodeFollowReply,
  encodeFollowRequest,
  type FollowReply,
  type FollowRequest,
} from './follow/messages.ts'
export { type HeaderNews, NewsDesk, type NewsDeskDeps, newestNews } from './follow/news.ts'
export { FollowServer, type FollowServerDeps, type FollowServerStats, type ServedChain } from './follow/serving.ts'
export type { HeaderSource, StateProver } from './follow/sources.ts'
export {
  type FollowedChain,
  type HeadState,
  type LedgerHead,
  type LedgerView,
  type ProvenState,
  type StateAnswer,
  type UnprovenState,
  unprovenText,
} from './follow/view.ts'
export {
  type CheckpointOffer,
  type CheckpointPolicy,
  type CheckpointVerdict,
  trustCheckpoint,
} from './light/checkpoints.ts'
export {
  accusationsIn,
  type ConflictVerdict,
  conflictVerdict,
  decodeConflict,
  encodeConflict,
  type HeaderConflict,
} from './light/conflicts.ts'
export {
  type BrokenLock,
  decodeBrokenLock,
  decodeLockAnswer,
  decodeTwoNotes,
  encodeBrokenLock,
  encodeLockAnswer,
  encodeTwoNotes,
  FaultKind,
  type FaultPlace,
  isAnswered,
  type LockAccusation,
  type LockAnswer,
  type LockCharge,
  lockCharge,
  type SetOfHeight,
  type TwoNotes,
  twiceCosigned,
} from './light/faults.ts'
export { decodeHeaderFork, encodeHeaderFork, type HeaderFork } from './light/header-forks.ts'
export {
  applyHeaderFork,
  applyLink,
  applyNoteFork,
  applyRenewal,
  beginLinked,
  decodeLinked,
  encodeLinked,
  type ForkOutcome,
  type LinkedRecord,
  type LinkOutcome,
} from './light/link-state.ts'
export {
  type ChainLink,
  decodeLink,
  decodeNoteFork,
  encodeLink,
  encodeNoteFork,
  forkSigners,
  type Linked,
  type LinkRefusal,
  type LinkVerdict,
  linkVerdict,
  type NoteFork,
} from './light/links.ts'
export {
  decodeProofFile,
  decodeWarmProof,
  encodeProofFile,
  encodeWarmProof,
  type ProofFile,
  type ProofVerdict,
  verifyProofFile,
  verifyWarmProof,
  type WarmProof,
} from './light/proof-file.ts'
export { type ProofRefusal, refusalText } from './light/refusal-words.ts'
export {
  isExpired,
  isFresh,
  isInHistory,
  type LightRules,
  lightRules,
  type Trusted,
  trustGenesis,
} from './light/trust.ts'
export { type LightOffer, type LightRefusal, type LightVerdict, trust, verifyHeader } from './light/verify.ts'
export { LightWalk, type WalkNeed } from './light/walk.ts'
export { limits as chainLimits } from './limits.ts'
export { proposerOf } from './machine/proposer.ts'
export { type ConsensusRules, tendermintRules } from './machine/rules.ts'
export type { PeerName } from './machine/state.ts'
export {
  type Checkpoint,
  checkpointText,
  cosign,
  cosignedAt,
  cosignerKey,
  cosigners,
  decodeCheckpointNote,
  mergeNotes,
  originOf,
  parseCheckpoint,
} from './notes/checkpoint.ts'
export {
  decodeNote,
  encodeNote,
  formatNoteKey,
  type Note,
  type NoteKey,
  type NoteSignature,
  parseNoteKey,
} from './notes/note.ts'
export { policyText } from './notes/policy.ts'
export { decodeEntries, encodeEntries, newTiles, parseTilePath, type Tile, tileBytes, tilePath } from './notes/tiles.ts'
export {
  type AddCheckpoint,
  decodeAddCheckpoint,
  encodeAddCheckpoint,
  type WitnessVerdict,
  witnessVerdict,
} from './notes/witness.ts'
export { type ChainOptions, chunkChainOptions, ledgerChainOptions, ledgerKeeping, type QuorumRule } from './options.ts'
export { Cosigning, type CosigningDeps, type CosigningHooks, type NotePair } from './publish/cosigning.ts'
export { ChainFiles, type PublishedChain, type PublishedFile } from './publish/files.ts'
export { type HttpReply, LedgerPages } from './publish/http.ts'
export { WitnessDesk, type WitnessDeskDeps, type WitnessDeskHooks, type WitnessedLog } from './publish/witness-desk.ts'
export type { Chain, ChainDeps, ChainHooks, EngineStores, StateChainDeps } from './run/chain.ts'
export { type PackedMethods, packedCalls, packedMethods } from './run/crossing.ts'
export { createChain, createStateChain } from './run/driver.ts'
export type { ApplicationPort, CallOutcome } from './run/elsewhere.ts'
export { type StatePortDeps, statePort } from './run/state-port.ts'
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
} from './run/stored-chain.ts'
export { type ChainChecker, type CheckParts, createChainChecker, voteContradiction } from './run/verify.ts'
export {
  type CatchUpReport,
  type CatchUpTarget,
  catchUp,
  type PieceSource,
  type StateCatchUpDeps,
} from './state/catch-up.ts'
export {
  HOSTED_METHODS,
  type HostedMethod,
  type HostedMethods,
  type HostedState,
  hostedMethods,
  type StateApplication,
  type StatePoint,
} from './state/hosted.ts'
export {
  type RemoteState,
  remoteState,
  STATE_METHODS,
  type StateMethod,
  type StateMethods,
  type StateStatus,
  stateMethods,
} from './state/methods.ts'
export {
  decodePiece,
  decodePieceRequest,
  encodePieceRequest,
  isPieceOf,
  type PieceRequest,
  type StatePiece,
} from './state/pieces.ts'
export type { Gap } from './state/rows.ts'
export { type ProvenValues, type StateHead, VersionedState } from './state/versioned-state.ts'
export { type StateView, StateViews } from './state/view.ts'
export {
  consistencyProof,
  emptyHistory,
  extendHistory,
  type HistoryEdge,
  type HistoryHashes,
  HistoryLog,
  historyEdge,
  historyPath,
  historyRoot,
  verifyConsistency,
} from './trees/history.ts'
export { merkleProof, merkleRoot, verifyMerkleProof } from './trees/merkle.ts'
export { MerkleHashes } from './trees/merkle-hashes.ts'
export { proveKeys } from './trees/proofs/prove.ts'
export { type Sha256, type StateClaim, verifyStateProof } from './trees/proofs/verify.ts'
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
  stateView,
  verifyAbsence,
  verifyPresence,
} from './trees/state-map.ts'
export type { StateChange } from './trees/versioned/change.ts'
export type {
  Block,
  BlockCertificate,
  BlockHeader,
  CertifiedBlock,
  CertifiedHeader,
  ChainEquivocation,
  ChainStats,
  ChainStatus,
  Proposal,
  ProposalClaim,
  Snapshot,
  SnapshotHead,
  TransactionResult,
  Validator,
  Vote,
  VoteKind,
} from './types.ts'
