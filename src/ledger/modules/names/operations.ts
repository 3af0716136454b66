/** What each kind of transaction does to a name. */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import type { CborField } from '../../../crypto/index.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call } from '../../types.ts'
import {
  checkMayAct,
  currentOf,
  fieldsOf,
  labelFrom,
  type Owned,
  owned,
  placeOf,
  policyFor,
  recordAt,
  settingsFor,
  verify,
  write,
} from './acts.ts'
import { cdsVerdict, isNewerCds } from './cds.ts'
import { changedSettings, newestCdsAt, seconds } from './changes.ts'
import { addCommit, type Commit, commitOf, dropCommit } from './commits.ts'
import { giveBack, hold, payOut } from './escrow.ts'
import { type KeptRoot, keptRootOf, keptVerdict, type ShownPage, shownFromValue } from './kept-pages.ts'
import { NameCode, NameKind } from './kinds.ts'
import { zoneOf } from './label.ts'
import { bornAt, type Living, premiumOf } from './life.ts'
import { limits } from './limits.ts'
import { begin, checkUnlocked } from './moves.ts'
import { feeOf, isFreed, keptFor, type NamePolicy, policyOf } from './policy.ts'
import type { NameRecord } from './record.ts'
import { keyFromValue, type NameSettings } from './settings.ts'
import {
  commitHash,
  type Registration,
  registerTermBytes,
  registrationBytes,
  releaseBytes,
  transferBytes,
  updateBytes,
  type Wishes,
} from './statements.ts'
import { countRegistration, priceUpTo, readTerms } from './terms.ts'
import { checkTitle } from './titles.ts'

const { readRow, readList, readBytes, readBoolean, readHash } = ledgerReader
/** Of a registration for terms, with the schema. */
const FIELDS_WITH_PAGE = 9

/** What a planted bug may change; the simulators show that it is found. */
export interface NameRules {
  /** Whether a commit has the name although another was revealed before it. */
  readonly comesBefore: (committed: Commit, taken: NameRecord, now: number) => boolean
  /** Whether a CDS set that was signed at `inception` counts after one of `newest`, unix seconds. */
  readonly isNewer: (inception: number, newest: number) => boolean
}

export const nameRules: NameRules = {
  comesBefore: ({ number, time }, { commit: taken }, now) => number < taken && now - time <= limits.CONTEST_MS,
  isNewer: isNewerCds,
}

export const operations: ReadonlyMap<number, (call: Call, rules: NameRules) => void> = new Map([
  [NameKind.COMMIT, commit],
  [NameKind.REGISTER, register],
  [NameKind.REGISTER_TERM, registerTerm],
  [NameKind.UPDATE, update],
  [NameKind.TRANSFER, transfer],
  [NameKind.UPDATE_BY_CDS, updateByCds],
  [NameKind.RELEASE, release],
])

function commit(call: Call): void {
  const [hash] = fieldsOf(call, 1)
  const bytes = readHash(hash, 'commit')
  // Whoever copies a commit makes it for its owner: nobody else can use it.
  if (commitOf(call.own, bytes, call.block) !== undefined) refuse(ResultCode.TAKEN, 'committed already')
  addCommit(call.own, bytes, call.block)
}

function register(call: Call, rules: NameRules): void {
  const [name, key, saltField, values, signature] = fieldsOf(call, 5)
  const { own, block } = call
  if (policyOf(own) !== undefined) refuse(NameCode.NEEDS_TERMS, 'for terms only')
  const label = labelFrom(call, name)
  const owner = keyFromValue(key)
  const salt = readHash(saltField, 'salt')
  const settings = settingsFor(call, label, values)
  const registration = { chainId: block.chainId, label, owner, salt }
  verify(call, owner, registrationBytes(registration, settings), signature)
  const { committed, before } = revealed(call, registration, rules)
  write(own, label, { ...begunAs(call, registration, settings, committed, before), expires: 0 })
}

/** [REGISTER_TERM, 1, label, key, salt, settings, [terms, movable, guardians or null], most, signature], and a page where names are kept by pages. */
function registerTerm(call: Call, rules: NameRules): void {
  const policy = policyFor(call)
  const root = keptRootOf(call.own)
  const hasPage = root !== undefined && call.fields.length === FIELDS_WITH_PAGE
  const [name, key, saltField, values, wishesField, most, signature, pageField] = fieldsOf(call, hasPage ? 8 : 7)
  const page = hasPage ? shownFromValue(pageField) : undefined
  const { own, block, account } = call
  const label = labelFrom(call, name)
  const owner = keyFromValue(key)
  const settings = settingsFor(call, label, values)
  const wishes = readWishes(wishesField, policy)
  const registration = { chainId: block.chainId, label, owner, salt: readHash(saltField, 'salt') }
  verify(call, owner, registerTermBytes(registration, settings, wishes), signature)
  checkKept(call, policy, label, owner)
  if (root !== undefined) checkPage(call, root, label, page)
  const { committed, before } = revealed(call, registration, rules)
  countRegistration(call, policy)
  const price = priceUpTo(feeOf(policy, label, wishes.terms) + premiumOf(before, policy, block.time), most)
  // Who gave the name up, or let it run out, has had it; only an earlier commit takes it from somebody.
  payOut(call, label, policy.payee, before?.owner === undefined ? Number.MAX_SAFE_INTEGER : block.time)
  giveBack(call, label)
  hold(call, label, { payer: account, amount: price, until: committed.time + limits.CONTEST_MS })
  const expires = block.time + wishes.terms * policy.termMs
  const life = {
    ...bornAt(block.time),
    resolves: expires + policy.graceMs,
    freed: before?.life?.freed ?? 0,
    lockedUntil: wishes.isMovable ? 0 : block.time + policy.lockMs,
    guardians: wishes.guardians,
    judgedFrom: block.time + policy.useMs,
  }
  write(own, label, { ...begunAs(call, registration, settings, committed, before), expires, life })
}

function readWishes(value: CborField, policy: NamePolicy): Wishes {
  const [terms, isMovable, guardians] = readRow(value, 3, 'wishes')
  return {
    terms: readTerms(terms, policy, 1),
    isMovable: readBoolean(isMovable, 'movable'),
    guardians: guardians === null ? undefined : readHash(guardians, 'guardians'),
  }
}

function checkKept({ own, block }: Call, policy: NamePolicy, label: Uint8Array, owner: Uint8Array): void {
  const only = keptFor(own, label)
  if (only === undefined) checkTitle(own, label, owner, policy, block.time)
  if (only === null) refuse(NameCode.KEPT, 'kept back')
  if (only !== undefined && !equalBytes(only, owner)) refuse(NameCode.KEPT, 'kept for another')
}

/** A name that nobody has had is not on its page; once it was given it is a name as any other, and no page says anything of it. */
function checkPage({ own }: Call, root: KeptRoot, label: Uint8Array, page: ShownPage | undefined): void {
  if (recordAt(own, label) !== undefined || keptFor(own, label) !== undefined || isFreed(own, label)) return
  if (page === undefined) refuse(NameCode.PAGE, 'no page of kept names')
  const verdict = keptVerdict(root, label, page)
  if (verdict === 'unproven') refuse(NameCode.PAGE, 'not the page of this name')
  if (verdict === 'kept') refuse(NameCode.KEPT, 'kept for claims')
}

/** The commit of a reveal that counts, and what there was of the name before. */
function revealed(call: Call, registration: Registration, { comesBefore }: NameRules) {
  const { own, block } = call
  const hash = commitHash(registration)
  const committed = commitOf(own, hash, block)
  if (committed === undefined) refuse(NameCode.NO_COMMIT, 'no commit')
  if (block.height - committed.height < limits.REVEAL_BLOCKS) refuse(NameCode.TOO_EARLY, 'too early')
  const before = currentOf(call, registration.label)
  if (before?.owner !== undefined && !comesBefore(committed, before, block.time)) refuse(ResultCode.TAKEN, 'registered')
  dropCommit(own, hash)
  return { committed, before }
}

function begunAs(
  { block }: Call,
  { owner }: Registration,
  settings: NameSettings,
  committed: Commit,
  before: NameRecord | undefined,
): Omit<NameRecord, 'expires'> {
  return {
    owner,
    settings,
    generation: (before?.generation ?? 0) + 1,
    sequence: before?.sequence ?? 0,
    registered: block.time,
    commit: committed.number,
    committed: committed.time,
    newestCds: before === undefined ? 0 : newestCdsAt(before, block.time),
  }
}

function update(call: Call): void {
  const [name, sequence, values, signature] = fieldsOf(call, 4)
  const label = labelFrom(call, name)
  const record = owned(call, label)
  const settings = settingsFor(call, label, values)
  verify(call, record.owner, updateBytes(placeOf(call, label, record, sequence), settings), signature)
  checkMayAct(record, policyOf(call.own), call.block.time)
  const next = changedSettings(record, settings, call.block.time)
  write(call.own, label, { ...next, sequence: record.sequence + 1 })
}

function transfer(call: Call): void {
  const [name, sequence, to, values, signature] = fieldsOf(call, 5)
  const label = labelFrom(call, name)
  const record = owned(call, label)
  const next = values === null ? undefined : settingsFor(call, label, values)
  const owner = keyFromValue(to)
  verify(call, record.owner, transferBytes(placeOf(call, label, record, sequence), owner, next), signature)
  // An earlier commit may still be revealed: who pays for the name would have nothing.
  if (call.block.time - record.committed <= limits.CONTEST_MS) refuse(NameCode.CONTESTABLE, 'contestable')
  if (equalBytes(owner, record.owner)) refuse(ResultCode.NOT_ALLOWED, 'to itself')
  const lived = livedOf(call, label, record)
  if (lived !== undefined) {
    checkUnlocked(lived, call.block.time)
    const at = call.block.time + lived.policy.transferMs
    begin(call, lived, { kind: 'transfer', at, to: owner, settings: next })
    return
  }
  // Whoever held the zone key before must not choose the keys of the new owner.
  const settings = next ?? { ...record.settings, updateByCds: false }
  write(call.own, label, {
    ...changedSettings(record, settings, call.block.time),
    newestCds: newestCdsAt(record, call.block.time),
    owner,
    generation: record.generation + 1,
    sequence: record.sequence + 1,
  })
}

function release(call: Call): void {
  const [name, sequence, signature] = fieldsOf(call, 3)
  const label = labelFrom(call, name)
  const record = owned(call, label)
  verify(call, record.owner, releaseBytes(placeOf(call, label, record, sequence)), signature)
  const lived = livedOf(call, label, record)
  if (lived !== undefined) {
    if (lived.record.life.isLocked) refuse(NameCode.LOCKED, 'locked')
    begin(call, lived, { kind: 'release', at: call.block.time + lived.policy.transferMs })
    return
  }
  // What stays says which generation comes next, and that statements of the old owner are used up.
  write(call.own, label, { ...record, owner: undefined, settings: undefined, sequence: record.sequence + 1 })
}

function updateByCds(call: Call, { isNewer }: NameRules): void {
  const [name, ...sets] = fieldsOf(call, 5)
  const label = labelFrom(call, name)
  const rdatas = (field: CborField, most: number) =>
    readList(field, most, 'records', (one) => readBytes(one, 1, limits.MAX_RDATA_BYTES, 'record'))
  const evidence = {
    cds: rdatas(sets[0], limits.MAX_DS),
    cdsSignatures: rdatas(sets[1], limits.MAX_SIGNATURES),
    dnskeys: rdatas(sets[2], limits.MAX_DNSKEYS),
    dnskeySignatures: rdatas(sets[3], limits.MAX_SIGNATURES),
  }
  const record = owned(call, label)
  checkMayAct(record, policyOf(call.own), call.block.time)
  if (!record.settings.updateByCds) refuse(NameCode.CDS_OFF, 'switched off by the owner')
  const { settings, newestCds } = record
  const anchored = { zone: zoneOf(call.block.chainName, label), ds: settings.ds }
  const verdict = cdsVerdict(evidence, anchored, seconds(call.block.time))
  if (!verdict.ok) refuse(verdict.code, verdict.word)
  if (!isNewer(verdict.inception, newestCds)) refuse(NameCode.CDS_OLD, 'the CDS set is not newer than the last')
  // Not a statement of the owner: those that it has signed in advance go on counting.
  write(call.own, label, { ...record, settings: { ...settings, ds: verdict.ds }, newestCds: verdict.inception })
}

/** Undefined where names have no policy. Refuses what the owner may not do now. */
function livedOf({ own, block }: Call, label: Uint8Array, record: Owned) {
  const policy = policyOf(own)
  if (policy === undefined || record.life === undefined) return undefined
  checkMayAct(record, policy, block.time)
  return { policy, label, record: record as Owned & Living }
}
