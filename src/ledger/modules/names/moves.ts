/** What its owner does with a name besides keys and servers: hand it over, give it up, lock it, take another key, name guardians; and undo these. */

import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import type { CborField } from '../../../crypto/index.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call } from '../../types.ts'
import { begun, checkMayAct, fieldsOf, type Lived, livedBy, placeOf, verify, write } from './acts.ts'
import { checkProof } from './guardians.ts'
import { NameCode } from './kinds.ts'
import type { PendingAct } from './life-record.ts'
import { keyFromValue } from './settings.ts'
import { cancelBytes, guardiansBytes, lockBytes, rollOwnerBytes } from './statements.ts'

const { readBoolean, readHash } = ledgerReader

/** [LOCK, 1, label, sequence, locked, proof of guardians or null, signature]. To lock takes no time. */
export function lock(call: Call): void {
  const [name, sequence, lockedField, proof, signature] = fieldsOf(call, 5)
  const lived = livedBy(call, name)
  const isLocked = readBoolean(lockedField, 'locked')
  const bytes = lockBytes(placeOf(call, lived.label, lived.record, sequence), isLocked)
  checkOwner(call, lived, bytes, signature)
  const { life } = lived.record
  if (life.isLocked === isLocked) refuse(NameCode.NOT_NOW, isLocked ? 'locked already' : 'not locked')
  if (!isLocked) {
    begin(call, lived, { kind: 'unlock', at: after(call, lived, lived.policy.transferMs, bytes, proof) })
    return
  }
  const { record, label } = lived
  write(call.own, label, { ...record, sequence: record.sequence + 1, life: { ...life, isLocked: true } })
}

/** [ROLL_OWNER, 1, label, sequence, key, proof or null, signature]. The name does not change hands. */
export function rollOwner(call: Call): void {
  const [name, sequence, key, proof, signature] = fieldsOf(call, 5)
  const lived = livedBy(call, name)
  const to = keyFromValue(key)
  const bytes = rollOwnerBytes(placeOf(call, lived.label, lived.record, sequence), to)
  checkOwner(call, lived, bytes, signature)
  if (equalBytes(to, lived.record.owner)) refuse(ResultCode.NOT_ALLOWED, 'to itself')
  if (lived.record.life.isLocked) refuse(NameCode.LOCKED, 'locked')
  begin(call, lived, { kind: 'roll', to, at: after(call, lived, lived.policy.holdMs, bytes, proof) })
}

/** [SET_GUARDIANS, 1, label, sequence, hash or null, proof or null, signature]. The first ones count at once. */
export function setGuardians(call: Call): void {
  const [name, sequence, hashField, proof, signature] = fieldsOf(call, 5)
  const lived = livedBy(call, name)
  const guardians = hashField === null ? undefined : readHash(hashField, 'guardians')
  const bytes = guardiansBytes(placeOf(call, lived.label, lived.record, sequence), guardians)
  checkOwner(call, lived, bytes, signature)
  const hold = lived.record.life.guardians === undefined ? 0 : lived.policy.holdMs
  begin(call, lived, { kind: 'guardians', guardians, at: after(call, lived, hold, bytes, proof) })
}

/** [CANCEL, 1, label, sequence, signature]: by the key of now, whatever is under way. */
export function cancel(call: Call): void {
  const [name, sequence, signature] = fieldsOf(call, 3)
  const { label, record } = livedBy(call, name)
  verify(call, record.owner, cancelBytes(placeOf(call, label, record, sequence)), signature)
  const { pending } = record.life
  if (pending === undefined) refuse(NameCode.NOT_NOW, 'nothing is under way')
  if (pending.kind === 'recovery' && !pending.keyMayCancel) refuse(NameCode.FROZEN, 'only guardians end it')
  const life = { ...record.life, pending: undefined }
  write(call.own, label, { ...record, sequence: record.sequence + 1, life })
}

/** Something that the owner wants and that takes effect later. */
export function begin(call: Call, { policy, label, record }: Lived, act: PendingAct): void {
  const next = begun(record, act, { policy, block: call.block })
  write(call.own, label, { ...next, sequence: record.sequence + 1 })
}

/** Refuses a hand-over that the owner, or a change of hands of late, has ruled out. */
export function checkUnlocked({ record }: Lived, now: number): void {
  if (record.life.isLocked) refuse(NameCode.LOCKED, 'locked')
  if (record.life.lockedUntil > now) refuse(NameCode.LOCKED, 'it has just changed hands')
}

function checkOwner(call: Call, { record, policy }: Lived, bytes: Uint8Array, signature: CborField): void {
  verify(call, record.owner, bytes, signature)
  checkMayAct(record, policy, call.block.time)
}

/** When it takes effect: at once when enough guardians signed the same. */
function after(call: Call, { record }: Lived, waitMs: number, bytes: Uint8Array, proof: CborField): number {
  if (proof === null) return call.block.time + waitMs
  checkProof(call.scheme, { hash: record.life.guardians, bytes }, proof)
  return call.block.time
}
