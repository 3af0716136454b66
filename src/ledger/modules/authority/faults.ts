/**
 * Faults that transactions show: a broken lock, its answer, and two notes of one size. Whoever did it is a node no more, as with evidence in a
 * block; a broken lock first waits for its answer.
 */
import { isChordnsError } from '../../../base/index.ts'
import {
  decodeBrokenLock,
  decodeLockAnswer,
  decodeTwoNotes,
  FaultKind,
  type FaultPlace,
  isAnswered,
  lightRules,
  lockCharge,
  ResultCode,
  twiceCosigned,
} from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { refuse } from '../../refusal.ts'
import type { BlockEnd, Call } from '../../types.ts'
import { addCharge, closeCharge, openCharges, readCharge } from './charges.ts'
import { isNodeSince, removeForFault } from './nodes.ts'
import { rootOf } from './roots.ts'

export const FAULT_KINDS: readonly number[] = Object.values(FaultKind)

export function executeFault(call: Call): void {
  const payload = encodeCanonical([call.kind, ...call.fields])
  try {
    if (call.kind === FaultKind.BROKEN_LOCK) accuse(call, payload)
    else if (call.kind === FaultKind.ANSWER) answer(call, payload)
    else exposeCosigners(call, payload)
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) refuse(ResultCode.MALFORMED, 'malformed')
    throw error
  }
}

/** What nobody answered in time is taken for true. */
export function judgeCharges({ own, block }: Pick<BlockEnd, 'own' | 'block'>): void {
  for (const charge of openCharges(own)) {
    if (charge.until >= block.time) continue
    closeCharge(own, charge)
    removeForFault(own, { id: charge.accusedId, height: charge.height }, block.height)
  }
}

function accuse({ own, block, scheme }: Call, payload: Uint8Array): void {
  const charge = lockCharge(lightRules(scheme), decodeBrokenLock(payload), placeOf({ own, block }))
  if (charge === undefined) refuse(ResultCode.NOT_ALLOWED, 'no broken lock')
  if (!isNodeSince(own, charge.accused.id, charge.height)) refuse(ResultCode.NOT_ALLOWED, 'no node')
  addCharge(own, charge, block.time + limits.ANSWER_TERM_MS)
}

function answer({ own, block, scheme }: Call, payload: Uint8Array): void {
  const found = decodeLockAnswer(payload)
  const charge = readCharge(own, found.id) ?? refuse(ResultCode.NOT_ALLOWED, 'no such accusation')
  if (charge.until === 0) refuse(ResultCode.TAKEN, 'settled')
  if (!isAnswered(lightRules(scheme), block.chainId, charge, found)) refuse(ResultCode.NOT_ALLOWED, 'no answer')
  closeCharge(own, charge)
}

function exposeCosigners({ own, block, scheme }: Call, payload: Uint8Array): void {
  const found = decodeTwoNotes(payload)
  const signers = twiceCosigned(lightRules(scheme), found, placeOf({ own, block }))
  if (signers === undefined) refuse(ResultCode.NOT_ALLOWED, 'no two notes')
  const { height } = found.at.header
  const nodes = signers.filter(({ id }) => isNodeSince(own, id, height))
  if (nodes.length === 0) refuse(ResultCode.TAKEN, 'known')
  for (const { id } of nodes) removeForFault(own, { id, height }, block.height)
}

function placeOf({ own, block }: Pick<Call, 'own' | 'block'>): FaultPlace {
  const { chainId, time } = block
  return { chainId, time, rootOf: (size) => rootOf(own, block, size) }
}
