/** Getting a seat and giving one: asking the witnesses for welcomes, and pinging those whose rows wait. */
import type { PeerId, RingId } from '../../base/index.ts'
import { compareFrom } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import { verifyWelcome } from '../members/welcomes.ts'
import type { MemberEntry } from '../types.ts'
import type { RingReply } from '../wire/messages.ts'
import { mergeReached, mergeRow, signSelf, tell } from './membership.ts'
import { hasWelcomes, mayVouch, probeSoon } from './seats.ts'
import type { RingWork } from './state.ts'
import { tellsByTree } from './tree.ts'
import { sendRequest, setTimer } from './work.ts'

/** Rows of the last run: who was a member then is one. Who remembers enough of them reads no table on one contact's word. */
export function remember(work: RingWork, known: readonly MemberEntry[]): void {
  const { state } = work
  for (const entry of known) mergeRow(work, entry, state.self.peer)
  const isPart = known.length >= limits.MAX_REMEMBERED / 2
  state.trusting = isPart || state.table.aliveCount - 1 < limits.LEAST_REMEMBERED
}

/** This node has become a member: its witnesses are asked to welcome it, and then everybody is told. */
export function presentSelf(work: RingWork): void {
  if (work.context.seats === 'signed') tell(work, work.state.self, undefined)
  else seekWelcomes(work)
}

/** Asks the witnesses for welcomes; `finish` tells what came of it. */
export function seekWelcomes(work: RingWork): void {
  const { state } = work
  if (state.phase !== 'member' || state.gathering !== undefined) return
  state.gathered.at = work.now
  state.gathered.wanted = false
  const asked = witnessesToAsk(work)
  state.gathering = { left: asked.length, asked: asked.length, welcomes: [] }
  const { welcomes: _, ...entry } = state.self
  for (const { peer } of asked) sendRequest(work, peer, { type: 'ask-welcome', entry }, { kind: 'welcome' })
  if (asked.length === 0) finish(work)
}

/**
 * The timer `welcome`: welcomes are wanted, or enough have come and the slow ones were waited for. Where none was slow there is nothing
 * left to do: to ask again then would be to ask for ever.
 */
export function onWelcomeTimer(work: RingWork): void {
  const { gathering, gathered } = work.state
  if (gathering !== undefined) finish(work)
  else if (gathered.wanted) seekWelcomes(work)
}

export function welcomeAnswered(work: RingWork, peer: PeerId, reply: RingReply): void {
  const { state, context } = work
  const { gathering } = state
  if (gathering === undefined) return
  const witness = state.table.byPeer(peer)
  const welcome = reply.type === 'welcome' ? reply.welcome : undefined
  // A bad one would spoil the others: who checks them stops at it.
  const holds =
    witness !== undefined &&
    welcome !== undefined &&
    verifyWelcome(context, state.self.publicKey, welcome, witness.publicKey)
  if (holds && gathering.welcomes.length < limits.MAX_WELCOMES) gathering.welcomes.push(welcome)
  answered(work)
}

export function welcomeFailed(work: RingWork): void {
  answered(work)
}

/**
 * On audits: welcomes grow old, and those who gave them are no longer the neighbours when the ring has grown. A member that did not
 * get enough of them tries again, ever more seldom.
 */
export function refreshWelcomes(work: RingWork): void {
  const { state, context, now } = work
  if (context.seats === 'signed' || state.gathering !== undefined) return
  const { at, vain } = state.gathered
  const passed = now - at
  if (passed < Math.min(limits.WELCOME_AGAIN_MS, limits.WELCOME_RETRY_MS * 2 ** Math.max(0, vain - 1))) return
  // In a large ring neighbours change every few hours, and a new row goes to everybody; who has ours needs no welcomes for it.
  const isWelcome = tellsByTree(state) || hasWelcomes(work, state.self) || isAlone(work)
  if (passed < limits.WELCOME_AGAIN_MS && vain === 0 && isWelcome) return
  signSelf(work)
  seekWelcomes(work)
}

/** Pings members whose rows wait, as many as the allowance has room for. */
export function probeWaiting(work: RingWork): void {
  const { state } = work
  state.probeSet = false
  if (state.phase !== 'member') return
  for (let row = mayProbe(work); row !== undefined; row = mayProbe(work)) {
    work.effects.push({ kind: 'learn', peer: row.peer, addresses: row.addresses })
    sendRequest(work, row.peer, { type: 'ping' }, { kind: 'probe', id: row.id })
  }
  probeSoon(work, 1_000 / limits.PROBES_PER_SECOND)
}

/** waiting -> member: it has answered this node. It waits on while there are too many newcomers. */
export function probeAnswered(work: RingWork, id: RingId): void {
  const row = work.state.waiting.answered(id)
  if (row === undefined || !mayVouch(work)) return
  work.state.waiting.remove(id)
  mergeReached(work, row.entry, row.bringer)
}

/** `alive`: it is there, and could not answer. */
export function probeFailed(work: RingWork, id: RingId, alive: boolean): void {
  const { waiting, stats } = work.state
  if (alive) probeAnswered(work, id)
  else if (waiting.silent(id, work.now)) stats.unreached += 1
}

function mayProbe({ state, now }: RingWork): MemberEntry | undefined {
  const { probes, waiting } = state
  const earned = (Math.max(0, now - probes.at) / 1_000) * limits.PROBES_PER_SECOND
  probes.left = Math.min(limits.PROBES_BURST, probes.left + earned)
  probes.at = now
  if (probes.left < 1) return undefined
  const row = waiting.next()
  if (row !== undefined) probes.left -= 1
  return row
}

function isAlone({ state }: RingWork): boolean {
  return state.table.aliveCount < 2
}

/** Our witnesses; and the nearest of those that we believe dead, who may be on the other side of a partition that has healed. */
function witnessesToAsk({ state }: RingWork): MemberEntry[] {
  const { table, self } = state
  const dead = [...table.dead()].sort((a, b) => compareFrom(self.id, a.id, b.id))
  const around = dead.length <= limits.WITNESSES ? dead : [...dead.slice(0, 4), ...dead.slice(-4)]
  return [...table.nearest(self.id), ...around]
}

function answered(work: RingWork): void {
  const { gathering } = work.state
  if (gathering === undefined) return
  gathering.left -= 1
  if (gathering.left === 0) finish(work)
  else if (gathering.welcomes.length === Math.floor(gathering.asked / 2) + 1)
    setTimer(work, 'welcome', limits.WELCOME_SLOW_MS, 0)
}

/** gathering -> none. Everybody is told, with as many welcomes as there are. */
function finish(work: RingWork): void {
  const { state } = work
  const { gathering } = state
  state.gathering = undefined
  if (gathering === undefined || state.phase !== 'member') return
  const { asked, welcomes } = gathering
  state.gathered.vain = welcomes.length > asked / 2 || asked === 0 ? 0 : state.gathered.vain + 1
  // One more than is needed: who tells 100,000 members counts the bytes, and tables differ by one neighbour at most.
  const told = tellsByTree(state) ? welcomes.slice(0, Math.floor(asked / 2) + 2) : welcomes
  if (told.length > 0) state.self = state.table.attach(state.self.id, told) ?? state.self
  tell(work, state.self, undefined)
}
