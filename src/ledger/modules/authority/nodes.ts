/** Network nodes of a chain: organisations that take part in running it, each with a role (N1-N3). */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Voice } from '../../tally.ts'
import type { Accused, Draft, StateReader } from '../../types.ts'
import { queueFault } from './faulty.ts'

const { readCbor, readRow, readList, readInteger, readHash, readBoolean } = ledgerReader

/** By their numbers in the state. */
export const ROLES = ['registry', 'registrar', 'isp', 'resolver', 'coordinator', 'regulator'] as const
export type NodeRole = (typeof ROLES)[number]

/** Which may be on which chain. The last of each leads reviews, and neither votes nor validates. */
const ROOT_ROLES: readonly NodeRole[] = ['registry', 'coordinator']
const TLD_ROLES: readonly NodeRole[] = ['registry', 'registrar', 'isp', 'resolver', 'regulator']

export interface NetworkNode {
  readonly role: NodeRole
  /** Height at which it joined: its term. */
  readonly joined: number
  readonly place: number
  /** As validator; undefined: it brought no voting key. */
  readonly voting: VotingIdentity | undefined
  /** Blocks verified lately, per hundred of an epoch; an eighth is forgotten with each epoch. */
  readonly verified: number
  /** Epoch in which it took or left a seat last. */
  readonly turn: number
  /** It had a seat for an epoch and signed nothing: it has to bring its key again. */
  readonly isIdle: boolean
}

export interface VotingIdentity {
  /** SHA-256 of its ring key. */
  readonly id: Uint8Array
  readonly key: Uint8Array
}

export interface Registry {
  readonly epochBlocks: number
  /** Seats of the authority (K of N10). */
  readonly seats: number
  readonly count: number
  /** Of those, who have a vote. */
  readonly voters: number
  /** Accounts that are to have a seat, in this epoch. */
  readonly target: readonly Uint8Array[]
}

export const REGISTRY_KEY: Uint8Array = Uint8Array.of(1)
const pageKey = (page: number) => Uint8Array.of(2, page >> 8, page & 255)
const nodeKey = (account: Uint8Array) => concatBytes(Uint8Array.of(3), account)
const idKey = (id: Uint8Array) => concatBytes(Uint8Array.of(4), id)
const accusedKey = (account: Uint8Array) => concatBytes(Uint8Array.of(8), account)
/** Voting keys that ever were: none comes again. */
const usedKey = (key: Uint8Array) => concatBytes(Uint8Array.of(9), key)

export function roleAt(number: number): NodeRole {
  return ROLES[number] ?? refuse(ResultCode.MALFORMED, 'role')
}

export function isRoleOf(chainName: string, role: NodeRole): boolean {
  return (chainName === 'root' ? ROOT_ROLES : TLD_ROLES).includes(role)
}

/** Whoever leads reviews has no vote and no seat (D1, DESIGN 6). */
export function hasVote({ role }: Pick<NetworkNode, 'role'>): boolean {
  return role !== 'coordinator' && role !== 'regulator'
}

/** Undefined where the chain began without this module's genesis: then its validators stay as they are. */
export function readRegistry(own: StateReader): Registry | undefined {
  const value = own.get(REGISTRY_KEY)
  if (value === undefined) return undefined
  const row = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'registry'), 5, 'registry')
  return {
    epochBlocks: readInteger(row[0], 1, limits.MAX_EPOCH_BLOCKS, 'epoch'),
    seats: readInteger(row[1], 1, limits.MAX_VALIDATORS, 'seats'),
    count: readInteger(row[2], 0, limits.MAX_NODES, 'count'),
    voters: readInteger(row[3], 0, limits.MAX_NODES, 'voters'),
    target: readList(row[4], limits.MAX_VALIDATORS, 'target', (one) => readHash(one, 'account')),
  }
}

export function writeRegistry(own: Draft, { epochBlocks, seats, count, voters, target }: Registry): void {
  own.set(REGISTRY_KEY, encodeCanonical([epochBlocks, seats, count, voters, [...target]]))
}

/** Refuses on a chain that has none. */
export function registryOf(own: StateReader): Registry {
  return readRegistry(own) ?? refuse(ResultCode.NOT_ALLOWED, 'no network nodes here')
}

export function readNode(own: StateReader, account: Uint8Array): NetworkNode | undefined {
  const value = own.get(nodeKey(account))
  if (value === undefined) return undefined
  const row = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'node'), 7, 'node')
  return {
    role: roleAt(readInteger(row[0], 0, ROLES.length - 1, 'role')),
    joined: readInteger(row[1], 0, limits.MAX_AMOUNT, 'height'),
    place: readInteger(row[2], 0, limits.MAX_NODES, 'place'),
    voting: votingFrom(row[3]),
    verified: readInteger(row[4], 0, limits.MAX_VERIFIED, 'verified'),
    turn: readInteger(row[5], 0, limits.MAX_AMOUNT, 'turn'),
    isIdle: readBoolean(row[6], 'idle'),
  }
}

export function writeNode(own: Draft, account: Uint8Array, node: NetworkNode): void {
  const { role, joined, place, voting, verified, turn, isIdle } = node
  const identity = voting === undefined ? null : [voting.id, voting.key]
  own.set(nodeKey(account), encodeCanonical([ROLES.indexOf(role), joined, place, identity, verified, turn, isIdle]))
}

export function accountOfId(own: StateReader, id: Uint8Array): Uint8Array | undefined {
  return own.get(idKey(id))
}

/** A voice of a node of now, in the term of now. */
export function isVoter(own: StateReader, { account, since }: Voice): boolean {
  const node = readNode(own, account)
  return node !== undefined && node.joined === since && hasVote(node)
}

export function addNode(
  own: Draft,
  account: Uint8Array,
  { role, joined, turn }: Pick<NetworkNode, 'role' | 'joined' | 'turn'>,
): void {
  const registry = registryOf(own)
  if (registry.count === limits.MAX_NODES) refuse(ResultCode.QUOTA, 'nodes')
  const place = registry.count
  const voters = registry.voters + Number(hasVote({ role }))
  writeRegistry(own, { ...registry, count: place + 1, voters })
  writeNode(own, account, {
    role,
    joined,
    place,
    voting: undefined,
    verified: limits.NEUTRAL_VERIFIED,
    turn,
    isIdle: false,
  })
  writePage(own, pageOf(place), [...readPage(own, pageOf(place)), account])
}

/** Its place goes to the last one; its voting key never comes again. */
export function removeNode(own: Draft, account: Uint8Array): void {
  const node = readNode(own, account)
  if (node === undefined) return
  const registry = registryOf(own)
  const last = registry.count - 1
  const rows = [...readPage(own, pageOf(last))]
  const moved = rows.pop()!
  writePage(own, pageOf(last), rows)
  own.delete(nodeKey(account))
  if (node.voting !== undefined) own.delete(idKey(node.voting.id))
  writeRegistry(own, {
    ...registry,
    count: last,
    voters: registry.voters - Number(hasVote(node)),
    target: registry.target.filter((one) => !equalBytes(one, account)),
  })
  if (node.place === last) return
  writeNode(own, moved, { ...readNode(own, moved)!, place: node.place })
  const page = [...readPage(own, pageOf(node.place))]
  page[node.place % limits.PAGE_ROWS] = moved
  writePage(own, pageOf(node.place), page)
}

/** Whether the id is that of a node which was one at that height. */
export function isNodeSince(own: StateReader, id: Uint8Array, height: number): boolean {
  const account = accountOfId(own, id)
  return account !== undefined && readNode(own, account)!.joined <= height
}

/** Who signed two things for one place is no node any more, at once: no seat, no vote, until all vote it in again (N15). */
export function removeForFault(own: Draft, { id, height: at }: Accused, height: number): void {
  const account = accountOfId(own, id)
  // What it did in an earlier term was judged then.
  if (account === undefined || readNode(own, account)!.joined > at) return
  own.set(accusedKey(account), encodeCanonical([height, id]))
  if (registryOf(own).voters > 1) {
    removeNode(own, account)
    queueFault(own, account)
  }
}

/** Gives a node its voting key. Refuses a key that was one before, and an id that is another's. */
export function identify(own: Draft, account: Uint8Array, node: NetworkNode, voting: VotingIdentity): void {
  const isSame = node.voting !== undefined && equalBytes(node.voting.key, voting.key)
  if (!isSame && own.get(usedKey(voting.key)) !== undefined) refuse(ResultCode.TAKEN, 'voting key')
  const holder = accountOfId(own, voting.id)
  if (holder !== undefined && !equalBytes(holder, account)) refuse(ResultCode.TAKEN, 'id')
  if (node.voting !== undefined) own.delete(idKey(node.voting.id))
  own.set(usedKey(voting.key), Uint8Array.of(1))
  own.set(idKey(voting.id), account)
  writeNode(own, account, { ...node, voting, isIdle: false })
}

/** All nodes, in the order of their places. */
export function allNodes(own: StateReader): { readonly account: Uint8Array; readonly node: NetworkNode }[] {
  const pages = Math.ceil((readRegistry(own)?.count ?? 0) / limits.PAGE_ROWS)
  const accounts = Array.from({ length: pages }, (_, page) => readPage(own, page)).flat()
  return accounts.map((account) => ({ account, node: readNode(own, account)! }))
}

function votingFrom(value: CborField): VotingIdentity | undefined {
  if (value === null) return undefined
  const [id, key] = readRow(value, 2, 'voting identity')
  return { id: readHash(id, 'id'), key: readHash(key, 'voting key') }
}

function pageOf(place: number): number {
  return Math.floor(place / limits.PAGE_ROWS)
}

function readPage(own: StateReader, page: number): readonly Uint8Array[] {
  const value = own.get(pageKey(page))
  if (value === undefined) return []
  return readList(readCbor(value, limits.MAX_VALUE_BYTES, 'page'), limits.PAGE_ROWS, 'page', (one) =>
    readHash(one, 'account'),
  )
}

function writePage(own: Draft, page: number, accounts: readonly Uint8Array[]): void {
  if (accounts.length === 0) own.delete(pageKey(page))
  else own.set(pageKey(page), encodeCanonical([...accounts]))
}
