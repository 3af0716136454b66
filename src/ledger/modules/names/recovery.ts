/** What guardians do with a name whose key is lost or stolen (M2, M4): one freezes it, enough of them give it to another key after a delay. */

import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call } from '../../types.ts'
import { fieldsOf, livedBy, write } from './acts.ts'
import { checkProof } from './guardians.ts'
import { NameCode } from './kinds.ts'
import { phaseOf } from './life.ts'
import type { PendingAct } from './life-record.ts'
import { keyFromValue } from './settings.ts'
import { freezeBytes, guardiansCancelBytes, recoverBytes } from './statements.ts'

const { readInteger } = ledgerReader

/**
 * [FREEZE, 1, label, until, proof]: by one guardian. Keys and servers stay, and what the owner's key has begun waits until the end. As long again no
 * guardian can freeze it, so that none can for ever.
 */
export function freeze(call: Call): void {
  const [name, untilField, proof] = fieldsOf(call, 3)
  const { label, record, policy } = livedBy(call, name)
  const { chainId, time } = call.block
  const { life, generation } = record
  const until = readInteger(untilField, 0, ledgerLimits.MAX_AMOUNT, 'until')
  const bytes = freezeBytes({ chainId, label, generation, round: life.round }, until)
  const { keyWins } = checkProof(call.scheme, { hash: life.guardians, bytes, least: 1 }, proof)
  if (until <= time || until > time + policy.freezeMs) refuse(NameCode.NOT_NOW, 'not for this time')
  if (life.frozenUntil > 0 && time < life.frozenUntil + policy.freezeMs) refuse(NameCode.FROZEN, 'frozen of late')
  const pending = life.pending && waiting(life.pending, until, keyWins)
  write(call.own, label, { ...record, life: { ...life, frozenUntil: until, pending } })
}

function waiting(act: PendingAct, until: number, keyWins: boolean): PendingAct {
  if (act.kind === 'recovery') return { ...act, keyMayCancel: keyWins }
  return { ...act, at: Math.max(act.at, until) }
}

/** [RECOVER, 1, label, key, proof]: takes the place of what the owner's key has begun. */
export function recover(call: Call): void {
  const [name, key, proof] = fieldsOf(call, 3)
  const { label, record, policy } = livedBy(call, name)
  const { chainId, time } = call.block
  const { life, generation } = record
  const to = keyFromValue(key)
  const bytes = recoverBytes({ chainId, label, generation, round: life.round }, to)
  const { delayMs, keyWins } = checkProof(call.scheme, { hash: life.guardians, bytes }, proof)
  if (equalBytes(to, record.owner)) refuse(ResultCode.NOT_ALLOWED, 'to itself')
  if (life.pending?.kind === 'recovery') refuse(NameCode.PENDING, 'being recovered')
  if (phaseOf(record, policy, time) === 'ending') refuse(NameCode.NOT_NOW, 'past its redemption')
  const at = time + Math.max(delayMs, policy.guardMs)
  const keyMayCancel = keyWins || life.frozenUntil <= time
  const pending = { kind: 'recovery', at, to, keyMayCancel } as const
  write(call.own, label, { ...record, life: { ...life, round: life.round + 1, pending } })
}

/** [GUARDIANS_CANCEL, 1, label, proof]: as many as recover a name end a recovery and a freeze. */
export function guardiansCancel(call: Call): void {
  const [name, proof] = fieldsOf(call, 2)
  const { label, record } = livedBy(call, name)
  const { chainId, time } = call.block
  const { life, generation } = record
  checkProof(
    call.scheme,
    { hash: life.guardians, bytes: guardiansCancelBytes({ chainId, label, generation, round: life.round }) },
    proof,
  )
  const isRecovered = life.pending?.kind === 'recovery'
  if (!isRecovered && life.frozenUntil <= time) refuse(NameCode.NOT_NOW, 'nothing of theirs is under way')
  const pending = isRecovered ? undefined : life.pending
  const frozenUntil = Math.min(life.frozenUntil, time)
  write(call.own, label, { ...record, life: { ...life, round: life.round + 1, frozenUntil, pending } })
}
