/**
 * Ledgers: who may join, who owns a name, and its keys, on chains that everybody can check. When to use what:
 *
 * - `createLedgerApplication` with `ledgerModules` is what a ledger chain runs (`chain.createChain`, `ledgerChainOptions`).
 * - `encodePayload` and the `...Payload` functions make what `signTransaction` of the chain signs.
 * - `moduleKey` says where in the state something stands: what a proof is asked for.
 * - `foundChains` makes what chains begin with, `genesisText` and `parseGenesisText` the file of it.
 * - `RunningChain` runs one of them, `Ledgers` is all of a node's towards its peers.
 * - `factOf`, `zoneOwners` and `apexOf` make the zone of a chain, as the DNS has it.
 * - `LedgerModule` is the interface of a module, a third party's too (docs/ledger-modules.md).
 */

export { type AnchorDeps, type AnchorHooks, NameAnchors } from './anchors/anchors.ts'
export { limits as anchorLimits } from './anchors/limits.ts'
export type { Anchor, AnchorOptions, AnchorVerdict, Precedence, ProofNote } from './anchors/types.ts'
export {
  type AccountState,
  createLedgerApplication,
  LedgerApplication,
  type LedgerParts,
  MODULE_FAULT,
} from './application/application.ts'
export {
  type ApplicationGenesis,
  decodeApplicationGenesis,
  encodeApplicationGenesis,
} from './application/genesis.ts'
export { MemoryState } from './application/memory-state.ts'
export { decodePayload, encodePayload } from './application/payload.ts'
export { moduleKey, partOf, readerOf, StateDraft } from './draft.ts'
export { type FoundingOptions, foundChains, kindOf, memberIdOf } from './genesis/found.ts'
export { founderText, parseFounderText } from './genesis/founder-file.ts'
export { genesisText, type LedgerGenesis, parseGenesisText } from './genesis/genesis-file.ts'
export {
  KEPT_HEADER_BYTES,
  type KeptBook,
  keptFileLayout,
  keptFileParts,
  makeKeptBook,
  shownOf,
} from './genesis/kept-book.ts'
export {
  ACCOUNTS,
  type Account,
  accountFrom,
  accountOf,
  accounts,
  transferPayload,
} from './modules/accounts/accounts.ts'
export { ADMISSION, admission } from './modules/admission/admission.ts'
export type { Beacon } from './modules/admission/beacon.ts'
export { type BeaconDuty, beaconDutyOf } from './modules/admission/duty.ts'
export { type AdmissionGenesis, admissionGenesis } from './modules/admission/genesis.ts'
export type { Endorser, EndorserList } from './modules/admission/lists.ts'
export {
  type Admitted,
  admittedByRingKey,
  admittedOf,
  beaconOf,
  endorserListOf,
  endorsersOf,
  epochAt,
  everybodyOf,
  isEndorser,
  isMember,
  mayCarry,
  type RingMember,
  ringMembersOf,
} from './modules/admission/members.ts'
export {
  beaconPayload,
  changeMachinePayload,
  endorsePayload,
  endorserVotePayload,
  type FirstEndorsement,
  leavePayload,
  withdrawPayload,
} from './modules/admission/payloads.ts'
export {
  type AdmissionApplication,
  answerBytes,
  applicationBytes,
  commitmentTo,
  type Inquiry,
  inquiryBytes,
  isSignedInquiry,
  ringKeyBytes,
  type SignedInquiry,
  saltFrom,
  signInquiry,
} from './modules/admission/statements.ts'
export type { Subject as EndorserSubject } from './modules/admission/votes.ts'
export {
  type Activation,
  APPLICATIONS,
  activatePayload,
  activationsOf,
  applications,
  moduleOfRules,
  rulesOf,
} from './modules/applications/applications.ts'
export { AUTHORITY, authority } from './modules/authority/authority.ts'
export type { OpenCharge } from './modules/authority/charges.ts'
export { type FaultQuestion, type FaultState, faultState } from './modules/authority/fault-duty.ts'
export { type NetworkNode, type NodeRole, ROLES, type VotingIdentity } from './modules/authority/nodes.ts'
export { type NodeSubject, nodeVotePayload, resignPayload, votingKeyPayload } from './modules/authority/payloads.ts'
export { chooseSeats, type SeatCandidate, scoreOf, verifiedAfter } from './modules/authority/scores.ts'
export { stepTowards } from './modules/authority/seats.ts'
export {
  type NetworkNodeView,
  networkNodeOf,
  networkNodes,
  nodesElectorate,
  voterTerm,
} from './modules/authority/view.ts'
export { type OpenVote, openVotes } from './modules/ballots.ts'
export { CLAIM_ESCROW, claims } from './modules/claims/claims.ts'
export {
  CLAIM_METHODS,
  CLAIM_STATES,
  CLAIMS,
  ClaimCode,
  ClaimKind,
  type ClaimMethod,
  type ClaimState,
} from './modules/claims/kinds.ts'
export { limits as claimLimits } from './modules/claims/limits.ts'
export {
  type ClaimedName,
  type ClosedClaim,
  claimedFromBytes,
  claimFromBytes,
  claimKeys,
  type OpenClaim,
} from './modules/claims/records.ts'
export { type ClaimRules, claimRulesFromValue, claimRulesToValue, sortedAnchors } from './modules/claims/rules.ts'
export { type ProvenSet, setsFromValue, setsToValue, setsVerdict } from './modules/claims/sets.ts'
export {
  anchorsVotePayload,
  CLAIM_PATH,
  CLAIM_SECRET_BYTES,
  CLAIM_SECRET_PATH,
  type ClaimPlace,
  claimBytes,
  claimSecretContext,
  claimText,
  claimTextName,
  keysInTexts,
  observePayload,
  openClaimPayload,
  proveClaimPayload,
  webAnswerBytes,
} from './modules/claims/statements.ts'
export {
  type ClaimToObserve,
  claimedNameOf,
  claimOf,
  claimRulesKey,
  claimRulesOf,
  claimsToObserve,
} from './modules/claims/view.ts'
export {
  DIRECTORY,
  type DirectoryEntry,
  directory,
  directoryEntryOf,
  putEntryPayload,
} from './modules/directory/directory.ts'
export { type Case, heldAccount, type RecordMark, type RepairCheckpoint } from './modules/governance/cases.ts'
export type { Complaint } from './modules/governance/complaints.ts'
export { type OpenReview, type ReviewState, reviewQuestion } from './modules/governance/duty.ts'
export { governance } from './modules/governance/governance.ts'
export { type Hidden, hiddenFrom, hiddenStateKey } from './modules/governance/hidden.ts'
export {
  GOVERNANCE,
  GovernanceKind,
  MOTION_STATES,
  type MotionState,
  REASONS,
  type Reason,
} from './modules/governance/kinds.ts'
export { type GovernanceRules, rulesToValue } from './modules/governance/rules.ts'
export {
  type Charge,
  complainPayload,
  type MarkedRecord,
  type MotionSubject,
  type Payment,
  proposePayload,
  repairedPayload,
  replyPayload,
  withdrawMotionPayload,
} from './modules/governance/subjects.ts'
export {
  allHidden,
  type CaseView,
  caseOf,
  casesOf,
  complaintsOf,
  governanceRulesOf,
  hiddenNameOf,
  isBackupNode,
  type MotionView,
  motionOf,
  motionsOf,
  recordMarkOf,
  repairCheckpoint,
} from './modules/governance/view.ts'
export { identity } from './modules/identity/identity.ts'
export { IDENTITY, IdentityKind } from './modules/identity/kinds.ts'
export { limits as identityLimits } from './modules/identity/limits.ts'
export type { Certifier, Endorsement } from './modules/identity/records.ts'
export { type SiteStatement, signSite, siteBytes } from './modules/identity/site.ts'
export {
  type CertifierSubject,
  certifierVotePayload,
  endorseIdentityPayload,
  type IdentityRequest,
  identityBytes,
  revokeIdentityPayload,
  signIdentity,
} from './modules/identity/statements.ts'
export {
  certifiersIn,
  identityStateKeys,
  type Vouched,
  vouchedFor,
  vouchedFromValues,
} from './modules/identity/view.ts'
export { type LinkQuestion, type LinkState, linkStates } from './modules/links/duty.ts'
export { linkChainPayload, links, renewLinkPayload } from './modules/links/links.ts'
export { forkOf, LINKS, linkedOf, type RecordedFork } from './modules/links/records.ts'
export { ledgerModules } from './modules/modules.ts'
export { cdsRefusal } from './modules/names/cds.ts'
export { commitFrom, commitStateKey } from './modules/names/commits.ts'
export { KEPT_FOR_CLAIMS } from './modules/names/given.ts'
export {
  type GuardianProof,
  type Guardians,
  guardiansFromValue,
  guardiansHash,
  guardiansToValue,
  signAsGuardians,
} from './modules/names/guardians.ts'
export {
  decodePage,
  encodePage,
  type KeptRoot,
  type KeptVerdict,
  keptRootFromBytes,
  keptRootStateKey,
  keptVerdict,
  pageOf,
  type ShownPage,
  shownFromValue,
} from './modules/names/kept-pages.ts'
export { NAMES, NameCode, NameKind } from './modules/names/kinds.ts'
export { isNameLabel, keptNameStateKey, labelUnder, nameStateKey } from './modules/names/label.ts'
export { freeAt, type LifePhase, phaseOf, premiumOf, settled as settledRecord } from './modules/names/life.ts'
export type { NameLife, PendingAct } from './modules/names/life-record.ts'
export { nameRecordOf, names } from './modules/names/names.ts'
export { nameRules } from './modules/names/operations.ts'
export {
  cancelPayload,
  freePagesPayload,
  freezePayload,
  guardiansCancelPayload,
  keepPayload,
  lockPayload,
  recoverPayload,
  registerTermPayload,
  renewPayload,
  restorePayload,
  rollOwnerPayload,
  setGuardiansPayload,
  setPolicyPayload,
  settlePayload,
  titlePayload,
  unusedPayload,
  wishPayload,
} from './modules/names/payloads.ts'
export {
  defaultPolicy,
  feeOf,
  type KeptName,
  type NamePolicy,
  type NextPolicy,
  nextPolicyFromBytes,
  nextPolicyStateKey,
  policyFromBytes,
  policyFromGenesis,
  policyFromValue,
  policyStateKey,
  policyToValue,
} from './modules/names/policy.ts'
export { decodeRecord, encodeRecord, type NameRecord } from './modules/names/record.ts'
export type { NameServer, NameSettings } from './modules/names/settings.ts'
export {
  type CdsEvidence,
  commitHash,
  commitPayload,
  commitPayloadOf,
  guardianStatements,
  type NamePlace,
  nameTransferPayload,
  type Registration,
  registerPayload,
  releasePayload,
  updateByCdsPayload,
  updatePayload,
  type Wishes,
} from './modules/names/statements.ts'
export { type Wish, type WishQuestion, wishQuestion } from './modules/names/titles.ts'
export { type JudgedName, type UseQuestion, type UseState, useQuestion } from './modules/names/use.ts'
export {
  decodeTld,
  handOverTldPayload,
  REGISTRIES,
  registries,
  type TldRecord,
  type TldSubject,
  tldOf,
  tldStateKey,
  tldsOf,
  tldVotePayload,
  updateTldPayload,
} from './modules/registries/registries.ts'
export { ClaimDuty, type ClaimDutyDeps, type ClaimEyes } from './node/duties/claim-duty.ts'
export { drawDuty } from './node/duties/draws.ts'
export { type Due, Duties, type DutiesDeps, type Duty } from './node/duties/duties.ts'
export { FaultDuty, type FaultDutyDeps } from './node/duties/fault-duty.ts'
export { type LinkedChain, Linking, type LinkingDeps, linkedChains } from './node/duties/linking.ts'
export { type RelinkingDeps, type Renewal, renewalOf } from './node/duties/relinking.ts'
export { ReviewDuty, type ReviewDutyDeps, type ReviewFindings, reviewFindings } from './node/duties/review-duty.ts'
export { TitleDuty, type TitleDutyDeps } from './node/duties/title-duty.ts'
export { type UseDeps, UseDuty, type UseHooks } from './node/duties/use-duty.ts'
export { Ledgers, type LedgersDeps, type LedgersHooks } from './node/ledgers.ts'
export type { TransactionOutcome } from './node/messages.ts'
export {
  type FetchPiece,
  type OpenedApplication,
  RunningChain,
  type RunningChainDeps,
  type RunningChainHooks,
} from './node/running-chain.ts'
export { type HeldBlocks, type VoteText, voteText } from './node/vote-texts.ts'
export { keptView, type ProvenReading, type ReadingOptions, readProven } from './proven-state.ts'
export { ledgerReader, refuse, TransactionRefusal } from './refusal.ts'
export {
  decodeTableHeader,
  decodeTableRecord,
  encodeTableHeader,
  encodeTableRecord,
  type TableHeader,
  type TableRecord,
  tableHeaderOf,
  tableRecordOf,
} from './tables.ts'
export type {
  Accused,
  Beginning,
  BlockDecisions,
  BlockEnd,
  BlockFacts,
  Call,
  Draft,
  Founder,
  LedgerFounding,
  LedgerModule,
  LedgerState,
  Payload,
  StateReader,
} from './types.ts'
export { type NameTerms, nameDelegation, tldDelegation, type ZoneDelegation } from './zones/delegations.ts'
export { type ZoneChange, zoneChanges } from './zones/differences.ts'
export { factOf, type ZoneFact } from './zones/facts.ts'
export { limits as zoneLimits } from './zones/limits.ts'
export { apexOf, hostsOfRoot, serialOf, zoneOwners } from './zones/owners.ts'
