/** Voting members out: one's own vote, the votes of others, and what follows when they are more than half. */
import { compareBytes, type PeerId, type RingId } from '../../base/index.ts'
import { peerIdFromPublicKey } from '../../crypto/index.ts'
import { shortId } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import { signVote, verifyVote } from '../members/expulsions.ts'
import type { ExpulsionVote, MemberEntry } from '../types.ts'
import { tellsAll } from './connections.ts'
import { forget } from './membership.ts'
import type { RingWork } from './state.ts'
import { changed, log, sendRequest, spread, wake } from './work.ts'

/** This node votes that a member be expelled, and tells everybody. */
export function voteOut(work: RingWork, id: RingId): void {
  const { state, context } = work
  const member = state.table.aliveMember(id)
  if (member === undefined || id === state.self.id) return
  const vote = signVote(context.ringId, context.signer, member.publicKey, Math.floor(work.now))
  if (!state.expulsions.add(vote)) return
  log(work, 'info', { member: shortId(id) }, 'voted to expel a member')
  tellVotes(work, [vote], undefined)
  changed(work)
  countVotes(work)
}

/** Votes of one message. Those that are new are told on; what they cost was charged before. */
export function takeVotes(work: RingWork, votes: readonly ExpulsionVote[], from: PeerId): void {
  // In an endorsed ring the ledger's list decides, and nothing else.
  if (work.context.seats === 'signed') return
  const fresh = votes.filter((vote) => isNew(work, vote) && work.state.expulsions.add(vote))
  if (fresh.length === 0) return
  tellVotes(work, fresh, from)
  changed(work)
  countVotes(work)
}

/** Expels whoever more than half of the others voted out, as the table is now. */
export function countVotes(work: RingWork): void {
  const { table, expulsions, self } = work.state
  if (expulsions.size === 0) return
  for (const { key, isExpelled } of expulsions.tallies()) {
    // It may have no row here: who joins hears of those who were expelled before.
    if (isExpelled || compareBytes(key, self.publicKey) === 0) continue
    const id = table.byKey(key)?.id
    const others = table.alive().filter((one) => one.id !== id)
    if (expulsions.votesOf(key, others) > others.length / 2) expel(work, key)
  }
}

/** On audits: the partner of the exchange may have missed a vote. */
export function repeatVotes(work: RingWork, partner: PeerId): void {
  const tallies = work.state.expulsions.tallies()
  const one = tallies[work.state.turn % Math.max(1, tallies.length)]
  if (one === undefined || partner === work.state.self.peer) return
  const votes = one.votes.slice(0, limits.MAX_VOTES_OF_A_MESSAGE)
  sendRequest(work, partner, { type: 'push', entries: [], accusations: [], votes }, { kind: 'push' })
}

/** For a joiner: votes about those who are expelled. */
export function votesForJoiner({ state }: RingWork): readonly ExpulsionVote[] {
  return state.expulsions
    .tallies()
    .filter(({ isExpelled }) => isExpelled)
    .flatMap(({ votes }) => votes)
    .slice(0, limits.MAX_VOTES_OF_A_MESSAGE)
}

/** What was remembered of the last run: votes, and who was expelled by them then. */
export function rememberVotes(work: RingWork, votes: readonly ExpulsionVote[], expelled: readonly Uint8Array[]): void {
  const { expulsions } = work.state
  for (const vote of votes) if (verifyVote(work.context, vote)) expulsions.add(vote)
  for (const key of expelled) expulsions.expel(key)
}

/** A vote of a member; while this node joins, of anybody: who is a member is not known yet, and only members' votes are counted. */
function isNew({ state, context }: RingWork, vote: ExpulsionVote): boolean {
  if (state.expulsions.has(vote)) return false
  const voter = state.table.byKey(vote.voter)
  if (state.phase === 'member' && voter?.status !== 'alive') return false
  return verifyVote(context, vote)
}

/** alive -> no row. It counts no longer in n, as if it had left; its votes count no longer, either. */
function expel(work: RingWork, key: Uint8Array): void {
  const { state, context } = work
  const member = state.table.byKey(key)
  state.expulsions.expel(key)
  if (member !== undefined) removeMember(work, member)
  log(work, 'warn', { peer: peerIdFromPublicKey(key) }, 'a member was expelled by the others')
  // So that it holds for those who come later, when the first voters are gone, all members say what they have seen.
  if (state.phase === 'member' && state.table.aliveCount <= limits.GOSSIP_ALL) {
    const vote = signVote(context.ringId, context.signer, key, Math.floor(work.now))
    if (state.expulsions.add(vote)) tellVotes(work, [vote], undefined)
  }
  changed(work)
  wake(work)
}

/** Leaves no trace of a member; it counts no longer in n. */
export function removeMember(work: RingWork, member: MemberEntry): void {
  const { table, count, waiting } = work.state
  const row = table.row(member.id)
  table.remove(member.id)
  waiting.remove(member.id)
  forget(work, member)
  if (row?.entry.status === 'alive') count.left(row.since)
  count.observe(table.aliveCount, work.now)
}

/** To everybody in a small ring, when this node is the first to know; else to a few. */
function tellVotes(work: RingWork, votes: readonly ExpulsionVote[], from: PeerId | undefined): void {
  const { state, context } = work
  const { table, self, phase, turn } = state
  if (phase !== 'member') return
  const others = table.alive().filter(({ id, peer }) => id !== self.id && peer !== from)
  const isFirst = from === undefined && tellsAll(state, context)
  const start = spread(self.id, turn, votes[0]!.at)
  const some = Array.from(
    { length: Math.min(limits.GOSSIP_FANOUT, others.length) },
    (_, i) => others[(start + i * 7) % others.length]!,
  )
  for (const { peer } of isFirst ? others : new Set(some))
    sendRequest(work, peer, { type: 'push', entries: [], accusations: [], votes }, { kind: 'push' })
}
