/**
 * What commands do with ledgers and with names on them: keys, genesis, payloads and transactions, proofs, zone files, a registrar's front. The second
 * way into peer/, beside its index.ts: none of it needs a running node, nor loads one.
 */
export { refusalText } from '../chain/index.ts'
export { replaceTextFile as writeTextFile } from '../io/index.ts'
export {
  anchorsVotePayload,
  type CertifierSubject,
  certifierVotePayload,
  complainPayload,
  endorsePayload,
  freePagesPayload,
  type GovernanceRules,
  type Guardians,
  keepPayload,
  leavePayload,
  type MotionSubject,
  type NameRecord,
  type NodeRole,
  type Payload as TransactionPayload,
  proposePayload,
  REASONS,
  type Reason,
  ROLES,
  repairedPayload,
  replyPayload,
  resignPayload,
  revokeIdentityPayload,
  type ShownPage,
  setPolicyPayload,
  settlePayload,
  sortedAnchors,
  transferPayload,
  wishPayload,
  withdrawMotionPayload,
  withdrawPayload,
} from '../ledger/index.ts'
export {
  type EndorsementFiles,
  endorsementFrom,
  makeAnswer,
  makeApplication,
  makeInquiry,
} from './ledger/admitting.ts'
export { answerClaim, type ClaimAnswers } from './ledger/claim-answers.ts'
export {
  type ClaimSummary,
  claimNumber,
  claimPage,
  claimPayload,
  claimPrice,
  claimProofText,
  claimRecordText,
  claimRules,
  claimRulesStateKey,
  claimStateKeys,
  describeClaim,
  type ImportedZone,
  importZone,
  keptPolicy,
  parseClaimProof,
} from './ledger/claiming.ts'
export {
  type ActTerms,
  actTerms,
  describeLife,
  domainPolicy,
  durationMs,
  type GuardedAct,
  guardedBytes,
  guardedPayload,
  guardiansOf,
  guardiansText,
  type LifeSummary,
  lifePayloads,
  nextDomainPolicy,
  nextPolicyKey,
  parseGuardians,
  parseSigned,
  policyKey,
  priceNow,
  signedText,
  signGuarded,
} from './ledger/domain-life.ts'
export {
  commitKeyOf,
  type DomainPlace,
  type DomainSummary,
  describeDomain,
  describeHidden,
  domainPayloads,
  domainPlace,
  domainRecord,
  domainSettings,
  dsText,
  type HiddenSummary,
  registrationOf,
  type SettingsWanted,
  serverFrom,
  takesFrom,
  verifyDomainProof,
} from './ledger/domains.ts'
export {
  type GenesisRequest,
  type MadeGenesis,
  makeFounder,
  makeGenesis,
  placeKeptNames,
  rootAnchorsFrom,
  writeNewFile,
} from './ledger/founding.ts'
export { type IdentityAsked, identityEndorsement, identityRequestText } from './ledger/identities.ts'
export { type AnswerOne, answerOne, sendInquiry } from './ledger/inquiring.ts'
export {
  domainKeptRoot,
  keptFileBeside,
  keptNamesFile,
  keptRootKey,
  shownFrom,
  writeKeptNames,
} from './ledger/kept-names.ts'
export { keptRootFields, namePolicyFields, parseNamePolicy } from './ledger/name-policy.ts'
export { type CheckedProof, verifyLedgerProof } from './ledger/proofs.ts'
export { type SiteQuestion, type SiteVerdict, siteFileText, spkiHash, tlsaText, verifySite } from './ledger/site.ts'
export { tldKeyOf, tldPayloads, tldRecord } from './ledger/tlds.ts'
export {
  loadAccount,
  makeTransaction,
  refuseMarked,
  type SignedTransaction,
  type TransactionTerms,
} from './ledger/transactions.ts'
export { loadOwner, type MadeZoneKey, makeOwnerKey, makeZoneKey, type ZoneKeyRequest } from './ledger/zone-keys.ts'
export { addClient as addRegistrarClient } from './registrar/clients.ts'
export type { CarriedTransaction, RegistrarNode } from './registrar/node-port.ts'
export { startRegistrar } from './registrar/start.ts'
export { type ExportedZone, exportZone, type ZoneExportDeps, type ZoneExportRequest } from './zones/export.ts'
export { importZoneFile } from './zones/import-file.ts'
