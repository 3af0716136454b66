/**
 * The composition root: one running node from a configuration. It alone sees every room and the machine (io/): what one room
 * needs of another is handed to it here.
 *
 * - `startNode` (node.ts) makes and ends the whole: core, ring, front end, status API.
 * - core/ is what a reload replaces: own iteration and the resolver.
 * - ring.ts is the side towards other peers; rooms.ts has the bytes by which peers and files tell the rooms apart.
 * - disk.ts, root-keys.ts: what is kept between two runs.
 * - guests.ts is the door for who was invited, joining.ts the way to it.
 * - `verifyOffline` (offline.ts) checks the stored chains, `checkConfigFiles` (check.ts) the files of a configuration, both
 *   without a running node.
 * - ledger/ is the ledgers' side of the node: keys, genesis, running chains.
 * - status.ts and views.ts: what a node says of itself, as JSON.
 *
 * The command line uses this file and nothing else of the room.
 */

export { refusalText } from '../chain/index.ts'
export {
  createIdentity as createIdentityFile,
  createSecret as createSecretFile,
  loadSecret as loadSecretFile,
  replaceSecret as replaceSecretFile,
  replaceTextFile as writeTextFile,
} from '../io/index.ts'
export {
  type CertifierSubject,
  certifierVotePayload,
  complainPayload,
  endorsePayload,
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
  setPolicyPayload,
  settlePayload,
  transferPayload,
  wishPayload,
  withdrawMotionPayload,
  withdrawPayload,
} from '../ledger/index.ts'
export {
  decodeToken,
  encodeToken,
  type JoinToken,
  type RingKey,
  ringLimits,
} from '../ring/index.ts'
export { tellSupervisor } from '../serve/index.ts'
export { checkConfigFiles } from './check.ts'
export { type InviterFiles, makeInvitation, makeRevocation, redeemToken } from './joining.ts'
export {
  type EndorsementFiles,
  endorsementFrom,
  makeAnswer,
  makeApplication,
  makeInquiry,
} from './ledger/admitting.ts'
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
  type DomainPlace,
  type DomainSummary,
  describeDomain,
  describeHidden,
  domainPayloads,
  domainPlace,
  domainRecord,
  domainSettings,
  type HiddenSummary,
  registrationOf,
  type SettingsWanted,
  serverFrom,
  verifyDomainProof,
} from './ledger/domains.ts'
export {
  type GenesisRequest,
  type MadeGenesis,
  makeFounder,
  makeGenesis,
  rootAnchorsFrom,
  writeNewFile,
} from './ledger/founding.ts'
export { type IdentityAsked, identityEndorsement, identityRequestText } from './ledger/identities.ts'
export { type AnswerOne, answerOne, sendInquiry } from './ledger/inquiring.ts'
export { namePolicyFields, parseNamePolicy } from './ledger/name-policy.ts'
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
export { type RunningNode, type StartOptions, startNode } from './node.ts'
export { type VerifiedOffline, verifyOffline } from './offline.ts'
export { addClient as addRegistrarClient } from './registrar/clients.ts'
export type { CarriedTransaction, RegistrarNode } from './registrar/node-port.ts'
export { startRegistrar } from './registrar/start.ts'
export {
  type CertificateSummary,
  certificateBytes,
  needsTls,
  prepareTls,
  summaryOf as certificateSummary,
} from './tls/credentials.ts'
export { questionText } from './views.ts'
export { type ExportedZone, exportZone, type ZoneExportDeps, type ZoneExportRequest } from './zones/export.ts'
