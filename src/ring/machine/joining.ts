/** From a list of addresses to a member of the ring: find somebody, read the table, adopt a whole successor list. */
import type { PeerId, RingId } from '../../base/index.ts'
import { between, shortId } from '../chord/ids.ts'
import type { Answer } from '../chord/rules.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import type { RingReply, StateReply } from '../wire/messages.ts'
import { startExchange } from './exchange.ts'
import { countVotes, takeVotes } from './expelling.ts'
import { mergeRow, mergeRows, renewSelf } from './membership.ts'
import { begin, fresh } from './operation-request.ts'
import { askRecent } from './recent.ts'
import type { RingWork } from './state.ts'
import { mayReadAnother, newReading, pageFault, type TableReading, withPage } from './table-reading.ts'
import { presentSelf } from './welcoming.ts'
import { changed, log, quicken, ruleContext, sendRequest, setTimer, wake } from './work.ts'

/** idle -> seeking, and seeking again after a while. Those of the last run are asked first. */
export function seek(work: RingWork): void {
  const { state } = work
  state.phase = 'seeking'
  state.operation = undefined
  state.contactsTried = undefined
  state.readings.clear()
  const others = state.table.alive().filter(({ id }) => id !== state.self.id)
  // Spread over the ring: neighbours may have failed together.
  const step = Math.max(1, Math.floor(others.length / 8))
  const known = others.filter((_, i) => i % step === 0).map(({ peer }) => peer)
  const strangers = [...state.strangers.keys()]
  state.contacts = [...new Set([...known, ...strangers])].slice(0, limits.MAX_STRANGERS)
  work.effects.push({ kind: 'contact', again: false })
  nextContact(work)
}

/** A bootstrap address answered. A member that meets a peer it does not know compares tables with it. */
export function contacted(work: RingWork, peer: PeerId): void {
  const { state } = work
  if (peer === state.self.peer || state.phase !== 'seeking') return
  if (!state.contacts.includes(peer) && state.contacts.length < limits.MAX_STRANGERS) state.contacts.push(peer)
  nextContact(work)
}

export function contactsDone(work: RingWork, tried: number): void {
  work.state.contactsTried = tried
  if (work.state.phase === 'seeking') nextContact(work)
}

/** A page of a table came, or its sender has none yet. */
export function pageAnswered(work: RingWork, peer: PeerId, reply: RingReply): void {
  const { state } = work
  const reading = state.readings.get(peer)
  state.readings.delete(peer)
  if (state.phase !== 'seeking' || reading === undefined) return
  if (reply.type !== 'page') {
    nextContact(work)
    return
  }
  if (!reply.member) {
    meetStranger(work, peer, reply.self)
    nextContact(work)
    return
  }
  const fault = pageFault(reading, reply, work.now)
  if (fault !== undefined) {
    state.stats.refused += 1
    log(work, 'warn', { peer, fault, pages: reading.pages }, 'a contact sends no table that can be read')
    nextContact(work)
    return
  }
  takeVotes(work, reply.votes ?? [], peer)
  mergeRow(work, reply.self, peer)
  mergeRows(work, reply.entries, peer)
  if (reply.next === undefined) {
    state.contactAttempts = 0
    state.readings.clear()
    join(work)
    return
  }
  log(work, 'info', { members: state.table.aliveCount }, 'reading the member table')
  askPage(work, peer, withPage(reading, reply))
  nextContact(work)
}

/** `alive`: the contact is there, and has no time for us now. In the middle of its table it is asked again. */
export function pageFailed(work: RingWork, peer: PeerId, alive: boolean): void {
  const { readings, phase } = work.state
  const reading = readings.get(peer)
  if (phase !== 'seeking' || reading === undefined) return
  if (alive && reading.pages > 0 && reading.busy < limits.MAX_BUSY) {
    readings.set(peer, { ...reading, busy: reading.busy + 1, isWaiting: true })
    setTimer(work, 'page', limits.PAGE_AGAIN_MS, limits.PAGE_AGAIN_MS / 4)
    return
  }
  readings.delete(peer)
  nextContact(work)
}

/** Asks for the pages that contacts had no time for. */
export function pagesAgain(work: RingWork): void {
  for (const [peer, reading] of [...work.state.readings])
    if (reading.isWaiting && work.state.phase === 'seeking') askPage(work, peer, { ...reading, isWaiting: false })
}

/** A peer that is no member either: among those who only find each other, the smallest id starts the ring. */
export function meetStranger(work: RingWork, peer: PeerId, entry: MemberEntry): void {
  const { strangers } = work.state
  if (entry.peer !== peer || (strangers.size >= limits.MAX_STRANGERS && !strangers.has(peer))) return
  strangers.set(peer, { entry, at: work.now })
  work.effects.push({ kind: 'learn', peer, addresses: entry.addresses })
}

/** join -> join, join-after or member. The one before us said who follows it: rule 2, or somebody stands between us. */
export function joinAnswered(work: RingWork, reply: StateReply, visited: ReadonlySet<RingId>): void {
  const { state, context } = work
  const self = state.self.id
  const successors = reply.successors.filter((id) => id !== self)
  const closer = successors.filter((id) => between(reply.id, id, self) && state.table.isAlive(id)).at(-1)
  if (closer !== undefined && !visited.has(closer) && visited.size < limits.MAX_SUCCESSORS) {
    begin(work, { kind: 'join', visited: new Set([...visited, closer]), ...fresh(closer) })
    return
  }
  const joined = context.rules.join(state.pointers, reply, ruleContext(work))
  if (joined.successors[0] === reply.id && askAfter(work, reply, new Set())) return
  state.pointers = joined
  becomeMember(work)
}

/** join-after -> member. Somebody after us said who follows it, since the list of the one before us does not reach us. */
export function joinAfterAnswered(work: RingWork, reply: StateReply, behind: Answer): void {
  const { state, context } = work
  state.pointers = context.rules.joinBetween(state.pointers, behind, reply, ruleContext(work))
  becomeMember(work)
}

/** join-after -> join-after with the next one; else -> member: as far as we can tell, there are the two of us. */
export function joinAfterFailed(work: RingWork, visited: ReadonlySet<RingId>, behind: Answer): void {
  const { state, context } = work
  if (askAfter(work, behind, visited)) return
  state.pointers = context.rules.join(state.pointers, behind, ruleContext(work))
  becomeMember(work)
}

/** Asks the next one between us and `behind`, all the way round; false when there is none left to ask. */
function askAfter(work: RingWork, behind: Answer, visited: ReadonlySet<RingId>): boolean {
  const { table, self, detector } = work.state
  if (visited.size >= limits.MAX_SUCCESSORS) return false
  for (const { id } of table.after(self.id)) {
    if (id === behind.id) return false
    if (visited.has(id) || detector.isSuspect(id)) continue
    begin(work, { kind: 'join-after', visited: new Set([...visited, id]), behind, ...fresh(id) })
    return true
  }
  return false
}

/** join -> join with the next one before us; joining -> seeking when there is none left. */
export function joinFailed(work: RingWork, asked: RingId, visited: ReadonlySet<RingId>): void {
  const { state } = work
  log(work, 'debug', { member: shortId(asked) }, 'no answer from the member before us')
  if (visited.size < limits.MAX_SUCCESSORS) {
    for (const { id } of state.table.before(state.self.id)) {
      if (visited.has(id) || state.detector.isSuspect(id)) continue
      begin(work, { kind: 'join', visited: new Set([...visited, id]), ...fresh(id) })
      return
    }
  }
  state.phase = 'seeking'
  seekLater(work)
}

/** seeking, joining -> member. Rule 1 or the end of rule 2: from now on we count, and everybody hears it. */
export function becomeMember(work: RingWork): void {
  const { state, context } = work
  state.phase = 'member'
  state.contactAttempts = 0
  state.count.observe(state.table.aliveCount, work.now)
  countVotes(work)
  presentSelf(work)
  const { stabiliseMs, auditMs } = context.options
  setTimer(work, 'stabilise', stabiliseMs / 4, stabiliseMs / 4)
  quicken(work)
  setTimer(work, 'audit', auditMs / 2, auditMs / 2)
  log(work, 'info', { members: state.table.aliveCount, id: shortId(state.self.id) }, 'joined the ring')
  changed(work)
  wake(work)
  // A member that joined while we read the table told those whom it knew, and not us: our predecessor has its row.
  const before = state.pointers.predecessor
  const member = before === undefined ? undefined : state.table.aliveMember(before)
  if (member === undefined) return
  startExchange(work, member.peer)
  askRecent(work, member.peer)
}

/** seeking -> joining, or at once -> member when the table has nobody else. */
function join(work: RingWork): void {
  const { state } = work
  // Our own row of an earlier life may be newer than what we remember: join with one that supersedes it.
  if (state.self.status !== 'alive') renewSelf(work)
  state.phase = 'joining'
  for (const { id } of state.table.before(state.self.id)) {
    begin(work, { kind: 'join', visited: new Set([id]), ...fresh(id) })
    return
  }
  becomeMember(work)
}

/** Asks the next contact for its table; when all were asked in vain, decides what that means. */
function nextContact(work: RingWork): void {
  const { state } = work
  if (!mayReadAnother(state.readings.values())) return
  const peer = state.contacts.shift()
  if (peer !== undefined) {
    askPage(work, peer, newReading(work.now))
    return
  }
  if (state.readings.size > 0 || state.contactsTried === undefined) return
  const strangers = freshStrangers(work)
  // There is no contact but the strangers that ask us: we begin the ring, and they join it.
  const alone = state.contactsTried === 0
  // Strangers may just be slow to join a ring that exists: to begin another one is the last resort.
  const patient = state.contactAttempts >= limits.GENESIS_AFTER
  const first = strangers.length > 0 && strangers.every(({ id }) => state.self.id < id)
  if (alone || (patient && first)) {
    becomeMember(work)
    return
  }
  seekLater(work)
}

function askPage(work: RingWork, peer: PeerId, reading: TableReading): void {
  work.state.readings.set(peer, reading)
  const { self, trusting } = work.state
  const bare = trusting ? { bare: true } : {}
  sendRequest(work, peer, { type: 'ask-page', entry: self, after: reading.after, ...bare }, { kind: 'page' })
}

function freshStrangers(work: RingWork): MemberEntry[] {
  const { strangers } = work.state
  for (const [peer, { at }] of [...strangers]) {
    if (at < work.now - limits.CONTACT_RETRY_MAX_MS) strangers.delete(peer)
  }
  return [...strangers.values()].map(({ entry }) => entry)
}

/** seeking -> seeking, after a pause that grows. */
function seekLater(work: RingWork): void {
  const { state } = work
  const waitMs = Math.min(
    limits.CONTACT_RETRY_MAX_MS,
    limits.CONTACT_RETRY_MS * 2 ** Math.min(state.contactAttempts, 10),
  )
  state.contactAttempts += 1
  // While strangers wait for one of them to begin a ring, they must try often: it begins within a second.
  const delay = state.strangers.size > 0 ? limits.CONTACT_RETRY_MS : waitMs
  log(work, 'info', { retryMs: delay, attempts: state.contactAttempts }, 'no member of the ring answers yet')
  setTimer(work, 'contact', delay, delay / 4)
}
