/** What reviews do to nodes, where the chain has a module of them: who was removed waits, and who joins may have to be promoted. */
import { concatBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { reviewSettings } from './faulty.ts'
import { addNode, hasVote, type NodeRole, readNode, registryOf, removeNode } from './nodes.ts'

const { readCbor, readInteger } = ledgerReader

const barKey = (account: Uint8Array) => concatBytes(Uint8Array.of(15), account)
const backupKey = (account: Uint8Array) => concatBytes(Uint8Array.of(16), account)

/** A node from this block on. */
export function joinNode(
  own: Draft,
  { account, role }: { readonly account: Uint8Array; readonly role: NodeRole },
  height: number,
): void {
  addNode(own, account, { role, joined: height, turn: Math.floor(height / registryOf(own).epochBlocks) })
  own.delete(barKey(account))
  if (reviewSettings(own)?.promotion === true && hasVote({ role })) own.set(backupKey(account), Uint8Array.of(1))
  else own.delete(backupKey(account))
}

/** It cannot be a node again before `until`, unix ms of block time. */
export function barNode(own: Draft, account: Uint8Array, until: number): void {
  own.set(barKey(account), encodeCanonical(until))
}

/** False: it is the last one with a vote, and stays. */
export function expelNode(own: Draft, account: Uint8Array): boolean {
  const node = readNode(own, account)
  if (node !== undefined && hasVote(node) && registryOf(own).voters === 1) return false
  removeNode(own, account)
  own.delete(backupKey(account))
  return true
}

/** Until when a removed node waits; 0: it does not. */
export function barredUntil(own: StateReader, account: Uint8Array): number {
  const value = own.get(barKey(account))
  if (value === undefined) return 0
  return readInteger(readCbor(value, limits.MAX_VALUE_BYTES, 'bar'), 0, limits.MAX_AMOUNT, 'bar')
}

export function refuseBarred(own: StateReader, account: Uint8Array, time: number): void {
  if (barredUntil(own, account) > time) refuse(ResultCode.NOT_ALLOWED, 'waits for repair')
}

/** It votes and carries, and has no seat until it is promoted. */
export function isBackup(own: StateReader, account: Uint8Array): boolean {
  return own.get(backupKey(account)) !== undefined
}

export function promoteNode(own: Draft, account: Uint8Array): void {
  own.delete(backupKey(account))
}
