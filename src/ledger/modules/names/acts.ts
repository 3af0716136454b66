/** What all operations on names have in common: how they read a transaction and a record, whose signature counts, how they write. */
import { ResultCode } from '../../../chain/index.ts'
import type { CborField } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { BlockFacts, Call, Draft } from '../../types.ts'
import { adopted } from './adopted.ts'
import { schedule } from './due.ts'
import { heldUntil } from './escrow.ts'
import { writeChange } from './hands.ts'
import { NameCode } from './kinds.ts'
import { isNameLabel, keyIn, Part, zoneOf } from './label.ts'
import { dueAt, type Living, phaseOf, settled } from './life.ts'
import type { PendingAct } from './life-record.ts'
import { limits } from './limits.ts'
import { type NamePolicy, policyOf } from './policy.ts'
import { decodeRecord, encodeRecord, type NameRecord } from './record.ts'
import { lacksGlue, type NameSettings, settingsFromValue } from './settings.ts'
import { SCHEMA } from './statements.ts'

const { readRow, readInteger, readBytes, readSignature } = ledgerReader

/** A record of a name that somebody owns. */
export type Owned = NameRecord & { readonly owner: Uint8Array; readonly settings: NameSettings }

/** The fields after the schema. */
export function fieldsOf({ fields }: Pick<Call, 'fields'>, count: number): readonly CborField[] {
  const [schema, ...rest] = readRow([...fields], count + 1, 'fields')
  readInteger(schema, SCHEMA, SCHEMA, 'schema')
  return rest
}

export function labelFrom({ block }: Pick<Call, 'block'>, field: CborField): Uint8Array {
  const label = readBytes(field, 1, 63, 'name')
  if (block.chainName === 'root' || !isNameLabel(label)) refuse(NameCode.BAD_NAME, 'no name of this chain')
  return label
}

export function settingsFor({ block }: Pick<Call, 'block'>, label: Uint8Array, field: CborField): NameSettings {
  const settings = settingsFromValue(field)
  if (lacksGlue(zoneOf(block.chainName, label), settings)) refuse(ResultCode.MALFORMED, 'a server without address')
  return settings
}

/** As time has made it by this block. */
export function currentOf({ own, block }: Pick<Call, 'own' | 'block'>, label: Uint8Array): NameRecord | undefined {
  const record = recordAt(own, label)
  const policy = record && policyOf(own)
  if (policy === undefined) return record
  return settled(record!.life === undefined ? adopted(own, record!) : record!, policy, block.time)
}

export function owned(call: Pick<Call, 'own' | 'block'>, label: Uint8Array): Owned {
  const record = currentOf(call, label)
  if (record?.owner === undefined || record.settings === undefined) refuse(NameCode.NOT_REGISTERED, 'not registered')
  return { ...record, owner: record.owner, settings: record.settings }
}

/** What the policy of a chain has to do with one name; a chain without a policy has no such operations. */
export interface Lived {
  readonly policy: NamePolicy
  readonly label: Uint8Array
  readonly record: Owned & Living
}

export function livedBy(call: Call, name: CborField): Lived {
  const policy = policyFor(call)
  const label = labelFrom(call, name)
  const record = owned(call, label)
  if (record.life === undefined) refuse(NameCode.NOT_REGISTERED, 'not registered')
  return { policy, label, record: { ...record, life: record.life } }
}

export function policyFor({ own }: Pick<Call, 'own'>): NamePolicy {
  return policyOf(own) ?? refuse(ResultCode.NOT_ALLOWED, 'no such kind')
}

/** Refuses what the owner may not do now: the name does not resolve, or its key is disputed. */
export function checkMayAct({ life, ...record }: NameRecord, policy: NamePolicy | undefined, now: number): void {
  if (life === undefined || policy === undefined) return
  const phase = phaseOf({ ...record, life }, policy, now)
  if (phase !== 'registered' && phase !== 'grace') refuse(NameCode.NOT_NOW, 'past its grace')
  if (life.frozenUntil > now) refuse(NameCode.FROZEN, 'frozen')
  if (life.pending?.kind === 'recovery') refuse(NameCode.FROZEN, 'being recovered')
}

/** The record with something under way; what waits for nothing is done. */
export function begun(
  record: Living,
  act: PendingAct,
  { policy, block }: { readonly policy: NamePolicy; readonly block: Pick<BlockFacts, 'time'> },
): NameRecord {
  if (record.life.pending !== undefined) refuse(NameCode.PENDING, 'something else is under way')
  return settled({ ...record, life: { ...record.life, pending: act } }, policy, block.time)
}

export function placeOf({ block }: Call, label: Uint8Array, { generation, sequence }: NameRecord, said: CborField) {
  if (readInteger(said, 0, ledgerLimits.MAX_AMOUNT, 'sequence') !== sequence) refuse(NameCode.SEQUENCE, 'sequence')
  return { chainId: block.chainId, label, generation, sequence }
}

export function verify({ scheme }: Pick<Call, 'scheme'>, key: Uint8Array, bytes: Uint8Array, signature: CborField) {
  if (!scheme.verify(key, bytes, readSignature(signature, 'signature'))) refuse(ResultCode.SIGNATURE, 'not the owner')
}

export function recordAt(own: Pick<Draft, 'get'>, label: Uint8Array): NameRecord | undefined {
  const value = own.get(keyIn(Part.RECORD, label))
  return value === undefined ? undefined : decodeRecord(value)
}

/** Also says when time changes the record next, and that the name has changed hands. */
export function write(own: Draft, label: Uint8Array, record: NameRecord): void {
  const bytes = encodeRecord(record)
  const isLiving = record.life !== undefined
  if (bytes.length > (isLiving ? limits.MAX_LIVING_BYTES : limits.MAX_RECORD_BYTES))
    refuse(NameCode.TOO_LARGE, 'too large')
  if (isLiving && hasChangedHands(recordAt(own, label), record)) writeChange(own, label)
  own.set(keyIn(Part.RECORD, label), bytes)
  if (isLiving) scheduleName(own, label, record)
}

export function scheduleName(own: Draft, label: Uint8Array, record: NameRecord): void {
  const policy = policyOf(own)
  const times = [policy && dueAt(record, policy), heldUntil(own, label)].filter((at) => at !== undefined)
  schedule(own, label, times.length === 0 ? undefined : Math.min(...times))
}

function hasChangedHands(before: NameRecord | undefined, after: NameRecord): boolean {
  return before?.generation !== after.generation || (before.owner === undefined) !== (after.owner === undefined)
}
