/**
 * Authority nodes: which network nodes a chain has, and which of them validate its blocks in each epoch (N1-N3, N8-N12, N15). All of it
 * follows from the chain: joining by more than half of all nodes' votes, scores from blocks that were signed, removal at once on evidence.
 */
import { concatBytes, equalBytes, toHex } from '../../../base/index.ts'
import { holdsVotingKey, ResultCode, type Validator } from '../../../chain/index.ts'
import { type CborField, sha256 } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { badGenesis, ledgerReader, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot, type Electorate, type TallyPlace } from '../../tally.ts'
import type { BlockEnd, BlockFacts, Call, Draft, LedgerFounding, LedgerModule, StateReader } from '../../types.ts'
import { admittedOf, beaconOf, isMember } from '../admission/members.ts'
import { executeFault, FAULT_KINDS, judgeCharges } from './faults.ts'
import {
  addNode,
  allNodes,
  hasVote,
  identify,
  isRoleOf,
  isVoter,
  ROLES,
  readNode,
  readRegistry,
  registryOf,
  removeForFault,
  removeNode,
  roleAt,
  writeNode,
  writeRegistry,
} from './nodes.ts'
import {
  type NodeSubject,
  nodeSubjectFromValue,
  nodeSubjectToValue,
  RESIGN,
  VOTE_NODE,
  VOTING_KEY,
} from './payloads.ts'
import { isBackup, joinNode, refuseBarred } from './reviewed.ts'
import { keepRoot } from './roots.ts'
import { chooseSeats, type SeatCandidate, scoreOf, verifiedAfter } from './scores.ts'
import { clearCounts, countSigners, readCounts, stepTowards } from './seats.ts'

export const AUTHORITY = 3

const { readRow, readList, readInteger, readHash, readSignature, readBoolean } = ledgerReader

const TALLIES: TallyPlace = { keyOf: (subject) => concatBytes(Uint8Array.of(5), subject), openKey: Uint8Array.of(6) }

/** Genesis: [epoch in blocks, seats, [[account, role, ring key, voting key or null], ...]]; nothing: the validators stay as they are. */
export const authority: LedgerModule = {
  id: AUTHORITY,
  name: 'authority',
  kinds: [...FAULT_KINDS, VOTE_NODE, VOTING_KEY, RESIGN],
  found: foundAuthority,
  begin({ genesis, own, chainName }) {
    if (genesis !== undefined) beginAuthority(own, genesis, chainName)
  },
  execute(call) {
    if (call.kind === VOTE_NODE) voteNode(call)
    else if (call.kind === VOTING_KEY) bringKey(call)
    else if (call.kind === RESIGN) resign(call)
    else executeFault(call)
  },
  endBlock({ own, all, block }: BlockEnd) {
    const registry = readRegistry(own)
    if (registry === undefined) return undefined
    keepRoot(own, block)
    for (const one of block.accused) removeForFault(own, one, block.height)
    judgeCharges({ own, block })
    if (block.lastSigners !== undefined) countSigners(own, block.lastSigners)
    if (block.height % registry.epochBlocks === 0) endEpoch(own, all, block)
    const validators = stepTowards(block.afterValidators, wantedSet(own))
    return validators === undefined ? undefined : { validators }
  },
}

/** All founders are registries at first, but who leads; those who have a voting key are candidates. */
function foundAuthority({ chainName, founders, epochBlocks }: LedgerFounding) {
  const leader = ROLES.indexOf(chainName === 'root' ? 'coordinator' : 'regulator')
  const rows = founders.map(({ account, memberKey, votingKey, leads }) =>
    leads ? [account, leader, memberKey, null] : [account, 0, memberKey, votingKey ?? null],
  )
  const validators = founders.filter(({ votingKey, leads }) => votingKey !== undefined && !leads).length
  return [epochBlocks, Math.max(limits.AUTHORITIES, validators), rows]
}

function beginAuthority(own: Draft, genesis: CborField, chainName: string): void {
  const [epochField, seatsField, rows] = readRow(genesis, 3, 'genesis of the authority')
  const epochBlocks = readInteger(epochField, 1, limits.MAX_EPOCH_BLOCKS, 'epoch')
  const seats = readInteger(seatsField, 1, limits.MAX_VALIDATORS, 'seats')
  writeRegistry(own, { epochBlocks, seats, count: 0, voters: 0, target: [] })
  const target = readList(rows, limits.MAX_NODES, 'nodes', (one) => {
    const [accountField, roleField, ringKey, votingKey] = readRow(one, 4, 'node')
    const account = readHash(accountField, 'account')
    const role = roleAt(readInteger(roleField, 0, ROLES.length - 1, 'role'))
    if (!isRoleOf(chainName, role)) throw badGenesis(`a ${role} on the chain ${chainName}`)
    if (readNode(own, account) !== undefined) throw badGenesis('a node that stands there twice')
    addNode(own, account, { role, joined: 0, turn: 0 })
    if (votingKey === null) return []
    const voting = { id: sha256(readHash(ringKey, 'ring key')), key: readHash(votingKey, 'voting key') }
    identify(own, account, readNode(own, account)!, voting)
    return hasVote({ role }) ? [account] : []
  }).flat()
  if (target.length > seats) throw badGenesis('more validators than seats')
  writeRegistry(own, { ...registryOf(own), target })
}

/** Votes on nodes, for who lists what is open. */
export const nodeBallots: BallotBook = {
  about: 'nodes',
  module: AUTHORITY,
  place: TALLIES,
  read(kind, fields) {
    if (kind !== VOTE_NODE) return undefined
    const subject = nodeSubjectFromValue(readRow(fields, 2, 'vote')[0])
    const account = toHex(subject.account)
    const text = subject.kind === 'add' ? `add ${account} as ${subject.role}` : `remove ${account}`
    return { subject: nodeSubjectToValue(subject), text }
  },
}

/** More than half of all nodes add one or remove one (N30-N34). Whom they add is an organisation that is admitted. */
function voteNode({ account, own, all, fields, block }: Call): void {
  const [subjectField, inFavour] = readRow(fields, 2, 'vote')
  const subject = nodeSubjectFromValue(subjectField)
  const voter = readNode(own, account)
  if (voter === undefined || !hasVote(voter)) refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const isThere = readNode(own, subject.account) !== undefined
  if (isThere === (subject.kind === 'add')) refuse(ResultCode.NOT_ALLOWED, isThere ? 'is one already' : 'no node')
  if (subject.kind === 'add' && !isRoleOf(block.chainName, subject.role)) refuse(ResultCode.NOT_ALLOWED, 'role')
  if (subject.kind === 'add' && !isMember(all, subject.account)) refuse(ResultCode.NOT_ALLOWED, 'not admitted')
  if (subject.kind === 'add') refuseBarred(own, subject.account, block.time)
  const isWon = castBallot(
    own,
    TALLIES,
    {
      voice: { account, since: voter.joined },
      inFavour: readBoolean(inFavour, 'in favour'),
      subject: nodeSubjectToValue(subject),
      time: block.time,
    },
    electorateOf(own),
  )
  if (isWon) carryOut(own, subject, block)
}

function carryOut(own: Draft, subject: NodeSubject, block: BlockFacts): void {
  if (subject.kind === 'remove') {
    if (registryOf(own).voters === 1) refuse(ResultCode.NOT_ALLOWED, 'the last node')
    removeNode(own, subject.account)
    return
  }
  joinNode(own, subject, block.height)
}

/** Who votes on this chain: of one node one vote, whatever its size (M8). For modules that put something to the vote. */
export function electorateOf(own: StateReader): Electorate {
  return { size: readRegistry(own)?.voters ?? 0, counts: (voice) => isVoter(own, voice) }
}

/** A node brings its voting key, or another one. Who has a seat keeps it; the set changes two heights later. */
function bringKey({ account, own, all, fields, block, scheme }: Call): void {
  const [keyField, signatureField] = readRow(fields, 2, 'voting key')
  const key = readHash(keyField, 'voting key')
  const node = readNode(own, account)
  if (node === undefined || !hasVote(node)) refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const organisation = admittedOf(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'not admitted')
  if (equalBytes(key, account) || equalBytes(key, organisation.ringKey))
    refuse(ResultCode.NOT_ALLOWED, 'a key of its own')
  const validator: Validator = { id: sha256(organisation.ringKey), publicKey: key }
  if (!holdsVotingKey(scheme, block.chainId, validator, readSignature(signatureField, 'signature')))
    refuse(ResultCode.SIGNATURE, 'voting key')
  identify(own, account, node, { id: validator.id, key })
}

function resign({ account, own, fields }: Call): void {
  readRow(fields, 0, 'resign')
  const node = readNode(own, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no node')
  if (hasVote(node) && registryOf(own).voters === 1) refuse(ResultCode.NOT_ALLOWED, 'the last node')
  removeNode(own, account)
}

function endEpoch(own: Draft, all: StateReader, block: BlockFacts): void {
  const { epochBlocks, seats } = registryOf(own)
  const epoch = block.height / epochBlocks
  for (const { account } of allNodes(own))
    if (!isMember(all, account) && registryOf(own).voters > 1) removeNode(own, account)
  const { blocks, signed } = readCounts(own)
  const seated = (account: Uint8Array) => registryOf(own).target.some((one) => equalBytes(one, account))
  const countOf = (id: Uint8Array) => signed.find((one) => equalBytes(one.id, id))?.count ?? 0
  for (const { account, node } of allNodes(own)) {
    if (node.voting === undefined) continue
    const seat = seated(account) ? { signed: countOf(node.voting.id), blocks } : undefined
    writeNode(own, account, { ...node, verified: verifiedAfter(node.verified, seat) })
  }
  clearCounts(own)
  const out = suspended(own, all, (id) => blocks > 0 && countOf(id) === 0)
  const target = chooseSeats(candidatesOf(own, epoch, out), seats)
  // Better the old ones than none.
  if (target.length > 0) seatThem(own, target, epoch)
}

/** Who loses its seat for an epoch: who signed nothing, and who hid a secret of the draw. A third of the seats at most: it may be the network. */
function suspended(own: Draft, all: StateReader, isSilent: (id: Uint8Array) => boolean): readonly Uint8Array[] {
  const { target } = registryOf(own)
  const hid = beaconOf(all).silent
  const bad = target.filter((account) => {
    const id = readNode(own, account)?.voting?.id
    return id !== undefined && (isSilent(id) || hid.some((one) => equalBytes(one, id)))
  })
  const out = bad.slice(0, Math.floor((target.length - 1) / 3))
  for (const account of out) {
    const node = readNode(own, account)!
    const isIdle = node.voting !== undefined && isSilent(node.voting.id)
    writeNode(own, account, { ...node, isIdle, verified: Math.floor(node.verified / 2) })
  }
  return out
}

function candidatesOf(own: StateReader, epoch: number, out: readonly Uint8Array[]): SeatCandidate[] {
  const { epochBlocks, target } = registryOf(own)
  return allNodes(own).flatMap(({ account, node }) => {
    if (node.voting === undefined || node.isIdle || !hasVote(node) || isBackup(own, account)) return []
    if (out.some((one) => equalBytes(one, account))) return []
    const ageEpochs = epoch - Math.floor(node.joined / epochBlocks)
    const isSeated = target.some((one) => equalBytes(one, account))
    return [{ account, score: scoreOf({ ageEpochs, verified: node.verified }), isSeated, turn: node.turn }]
  })
}

function seatThem(own: Draft, target: readonly Uint8Array[], epoch: number): void {
  const registry = registryOf(own)
  const isIn = (accounts: readonly Uint8Array[], account: Uint8Array) =>
    accounts.some((one) => equalBytes(one, account))
  for (const { account, node } of allNodes(own))
    if (isIn(target, account) !== isIn(registry.target, account)) writeNode(own, account, { ...node, turn: epoch })
  writeRegistry(own, { ...registry, target })
}

/** The set of those who have a seat, with their keys of now. */
function wantedSet(own: StateReader): readonly Validator[] {
  return registryOf(own).target.flatMap((account) => {
    const voting = readNode(own, account)?.voting
    return voting === undefined ? [] : [{ id: voting.id, publicKey: voting.key }]
  })
}
