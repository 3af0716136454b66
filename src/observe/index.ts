/**
 * What a node says of itself. `createLog` for what happens; `createStatusServer` for what is asked of it, with a route for
 * each path (`reads` for pictures, `looksUp` for what costs work). The schemas (`statusView`, ...) are for both ends.
 */

export {
  type AccountView,
  accountView,
  type CdsView,
  type CertifiersView,
  type CheckpointView,
  type ClaimProofView,
  cdsView,
  certifiersView,
  checkpointView,
  claimProofView,
  type GovernanceView,
  governanceView,
  type HeadView,
  headView,
  type LedgerStatusView,
  type LinkVoteView,
  ledgerStatusView,
  linkVoteView,
  type MembersView,
  membersView,
  type OutcomeView,
  outcomeView,
  type ProofFileView,
  type ProvenView,
  proofFileView,
  provenView,
  type StatePieceView,
  type SubmittedView,
  statePieceView,
  submittedView,
  type TldsView,
  tldsView,
} from './ledger-views.ts'
export { type AdjustableLog, createLog } from './log.ts'
export { type AnswerFacts, createMetrics, type Metrics } from './metrics.ts'
export {
  acts,
  isLoopbackHost,
  looksUp,
  PlainReply,
  reads,
  STATUS_HEADER,
  type StatusRoute,
  takes,
} from './status-door.ts'
export { createStatusServer, type StatusFolder, type StatusServer } from './status-server.ts'
export {
  type CacheView,
  type ChunkReadView,
  type ChunkView,
  cacheView,
  chunkReadView,
  chunkView,
  errorView,
  type FlushView,
  flushView,
  type LookupView,
  lookupView,
  type RingView,
  ringView,
  type StatusView,
  type StepView,
  statusView,
  stepView,
  type VerifyView,
  verifyView,
} from './views.ts'
