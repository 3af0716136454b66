/**
 * What a node says of itself. `createLog` for what happens; `createStatusServer` for what is asked of it, with a route for
 * each path (`reads` for pictures, `looksUp` for what costs work). The schemas (`statusView`, ...) are for both ends.
 */

export {
  type ConfigurationView,
  configurationView,
  type InvitedView,
  invitedView,
  type OverviewView,
  overviewView,
  type PulseView,
  pulseView,
  type QueriesView,
  type QueryRow,
  queriesView,
  queryRow,
  type SeriesView,
  type SessionView,
  type SignedInView,
  sessionView,
  signedInView,
} from './dashboard-views.ts'
export { type FilterView, filterView, type WhyView, whyView } from './filter-views.ts'
export {
  type ChangesView,
  changesView,
  type DevicesView,
  devicesView,
  type RecordsView,
  recordsView,
  type SettingsView,
  settingsView,
} from './home-views.ts'
export { worthTelling } from './invited-addresses.ts'
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
  type IdentityView,
  identityView,
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
export { streamOf } from './pages/events.ts'
export { createPages } from './pages/files.ts'
export { hashPassword, signInKey } from './pages/password.ts'
export { Sessions } from './pages/sessions.ts'
export { ignoresOf, isPrivacyLevel, PRIVACY_LEVELS, type PrivacyLevel } from './privacy.ts'
export { BlockedToday } from './queries/blocked.ts'
export { type AskedFacts, type BookOptions, QueryBook } from './queries/book.ts'
export { Meter } from './queries/meter.ts'
export { SPAN_NAMES, type Span } from './queries/series.ts'
export {
  acts,
  forAnybody,
  isLoopbackHost,
  isOwnHost,
  LOOPBACK_DOOR,
  looksUp,
  owns,
  PlainReply,
  reads,
  STATUS_HEADER,
  type StatusDoor,
  type StatusRoute,
  StreamReply,
  signsIn,
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
