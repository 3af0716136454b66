/** What each kind of transaction does to a name. */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import type { CborField } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call, Draft } from '../../types.ts'
import { cdsVerdict, isNewerCds } from './cds.ts'
import { addCommit, type Commit, commitOf, dropCommit } from './commits.ts'
import { NameCode, NameKind } from './kinds.ts'
import { isNameLabel, keyIn, Part, zoneOf } from './label.ts'
import { limits } from './limits.ts'
import {
  decodeRecord,
  encodeRecord,
  keyFromValue,
  lacksGlue,
  type NameRecord,
  type NameSettings,
  settingsFromValue,
} from './record.ts'
import { commitHash, registrationBytes, releaseBytes, SCHEMA, transferBytes, updateBytes } from './statements.ts'

const { readRow, readList, readInteger, readBytes, readHash, readSignature } = ledgerReader

/** A record of a name that somebody owns. */
type Owned = NameRecord & { readonly owner: Uint8Array; readonly settings: NameSettings }

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

function register(call: Call, { comesBefore }: NameRules): void {
  const [name, key, saltField, values, signature] = fieldsOf(call, 5)
  const { own, block } = call
  const label = labelFrom(call, name)
  const owner = keyFromValue(key)
  const salt = readHash(saltField, 'salt')
  const settings = settingsFor(call, label, values)
  const registration = { chainId: block.chainId, label, owner, salt }
  verify(call, owner, registrationBytes(registration, settings), signature)
  const hash = commitHash(registration)
  const committed = commitOf(own, hash, block)
  if (committed === undefined) refuse(NameCode.NO_COMMIT, 'no commit')
  if (block.height - committed.height < limits.REVEAL_BLOCKS) refuse(NameCode.TOO_EARLY, 'too early')
  const before = recordAt(own, label)
  if (before?.owner !== undefined && !comesBefore(committed, before, block.time)) refuse(ResultCode.TAKEN, 'registered')
  dropCommit(own, hash)
  write(own, label, {
    owner,
    settings,
    generation: (before?.generation ?? 0) + 1,
    sequence: before?.sequence ?? 0,
    registered: block.time,
    commit: committed.number,
    committed: committed.time,
    newestCds: 0,
    expires: 0,
  })
}

function update(call: Call): void {
  const [name, sequence, values, signature] = fieldsOf(call, 4)
  const label = labelFrom(call, name)
  const record = owned(call, label)
  const settings = settingsFor(call, label, values)
  verify(call, record.owner, updateBytes(placeOf(call, label, record, sequence), settings), signature)
  write(call.own, label, { ...changed(call, record, settings), sequence: record.sequence + 1 })
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
  // Whoever held the zone key before must not choose the keys of the new owner.
  const settings = next ?? { ...record.settings, updateByCds: false }
  write(call.own, label, {
    ...changed(call, record, settings),
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
  if (!record.settings.updateByCds) refuse(NameCode.CDS_OFF, 'switched off by the owner')
  const { settings, newestCds } = record
  const anchored = { zone: zoneOf(call.block.chainName, label), ds: settings.ds }
  const verdict = cdsVerdict(evidence, anchored, seconds(call.block.time))
  if (!verdict.ok) refuse(verdict.code, verdict.word)
  if (!isNewer(verdict.inception, newestCds)) refuse(NameCode.CDS_OLD, 'the CDS set is not newer than the last')
  // Not a statement of the owner: those that it has signed in advance go on counting.
  write(call.own, label, { ...record, settings: { ...settings, ds: verdict.ds }, newestCds: verdict.inception })
}

/** The record with other settings: after the owner has changed the keys, older CDS sets count no more. */
function changed({ block }: Call, record: Owned, settings: NameSettings): NameRecord {
  const sameKeys =
    settings.ds.length === record.settings.ds.length &&
    settings.ds.every((one, index) => equalBytes(one, record.settings.ds[index]!))
  const from = seconds(block.time) - limits.DATED_BACK_S
  return { ...record, settings, newestCds: sameKeys ? record.newestCds : Math.max(record.newestCds, from, 0) }
}

/** The fields after the schema. */
function fieldsOf({ fields }: Call, count: number): readonly CborField[] {
  const [schema, ...rest] = readRow([...fields], count + 1, 'fields')
  readInteger(schema, SCHEMA, SCHEMA, 'schema')
  return rest
}

function labelFrom({ block }: Call, field: CborField): Uint8Array {
  const label = readBytes(field, 1, 63, 'name')
  if (block.chainName === 'root' || !isNameLabel(label)) refuse(NameCode.BAD_NAME, 'no name of this chain')
  return label
}

function settingsFor({ block }: Call, label: Uint8Array, field: CborField): NameSettings {
  const settings = settingsFromValue(field)
  if (lacksGlue(zoneOf(block.chainName, label), settings)) refuse(ResultCode.MALFORMED, 'a server without address')
  return settings
}

function owned({ own }: Call, label: Uint8Array): Owned {
  const record = recordAt(own, label)
  if (record?.owner === undefined || record.settings === undefined) refuse(NameCode.NOT_REGISTERED, 'not registered')
  return { ...record, owner: record.owner, settings: record.settings }
}

function placeOf({ block }: Call, label: Uint8Array, { generation, sequence }: Owned, said: CborField) {
  if (readInteger(said, 0, ledgerLimits.MAX_AMOUNT, 'sequence') !== sequence) refuse(NameCode.SEQUENCE, 'sequence')
  return { chainId: block.chainId, label, generation, sequence }
}

function verify({ scheme }: Call, key: Uint8Array, bytes: Uint8Array, signature: CborField): void {
  if (!scheme.verify(key, bytes, readSignature(signature, 'signature'))) refuse(ResultCode.SIGNATURE, 'not the owner')
}

export function recordAt(own: Pick<Draft, 'get'>, label: Uint8Array): NameRecord | undefined {
  const value = own.get(keyIn(Part.RECORD, label))
  return value === undefined ? undefined : decodeRecord(value)
}

function write(own: Draft, label: Uint8Array, record: NameRecord): void {
  const bytes = encodeRecord(record)
  if (bytes.length > limits.MAX_RECORD_BYTES) refuse(NameCode.TOO_LARGE, 'too large')
  own.set(keyIn(Part.RECORD, label), bytes)
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
