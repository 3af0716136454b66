/** Which rows this node believes: verifying, merging, accusing, refuting, and what of it is told on. */
import { compareBytes, latin1, type PeerId, type RingId } from '../../base/index.ts'
import { between, shortId } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import { type Accusation, condemn, isCondemned, signAccusation, verifyAccusation } from '../members/accusations.ts'
import { isTimely, nextIncarnation, signEntry, supersedes, verifyEntry } from '../members/member.ts'
import type { MemberEntry, Welcome } from '../types.ts'
import { hasSeat, hasWelcomes, keepWaiting, needsSeat } from './seats.ts'
import type { RingWork } from './state.ts'
import { beginTree, gatherMs, isBrief, noteNew, passOn, settlesAt, tellsByTree } from './tree.ts'
import { changed, log, sendRequest, setTimer, wake } from './work.ts'

/**
 * `new`: it changed the table; `old`: we have the same or a newer row; `refused`: it does not count; `waiting`: it is signed, but
 * nobody whom we believe has spoken to its member.
 */
export type Merged = 'new' | 'old' | 'refused' | 'waiting'

/** Merges one row from outside. `from` is who told it; `unasked`: of its own accord. */
export function mergeRow(work: RingWork, entry: MemberEntry, from: PeerId, unasked = false): Merged {
  const verdict = classify(work, entry)
  if (verdict === 'old') improve(work, entry, from)
  if (verdict !== 'new') return verdict
  if (needsSeat(work, entry) && !hasSeat(work, entry, from, unasked)) {
    keepWaiting(work, entry, from)
    return 'waiting'
  }
  return place(work, entry, from)
}

/** Merges a row whose member has answered this node: it has a seat. */
export function mergeReached(work: RingWork, entry: MemberEntry, from: PeerId): Merged {
  const verdict = classify(work, entry)
  return verdict === 'new' ? place(work, entry, from) : verdict
}

/** `new` for a row that may be put into the table, as far as its signatures go. */
function classify(work: RingWork, entry: MemberEntry): Merged {
  const { state } = work
  if (entry.id === state.self.id || entry.peer === state.self.peer) return mergeOwn(work, entry)
  if (state.expulsions.isExpelled(entry.publicKey) || state.invitations.isSurplus(entry.publicKey)) return 'refused'
  const current = state.table.get(entry.id)
  if (current !== undefined && !supersedes(entry, current)) return 'old'
  // Nothing is known of somebody whom only his death notice names; its witnesses cannot be told either.
  if (entry.status !== 'alive' && current === undefined) return 'old'
  if (!isBelievable(work, entry)) {
    state.stats.refused += 1
    if (entry.status === 'dead' && current?.status === 'alive') askWitnesses(work, current)
    return 'refused'
  }
  return 'new'
}

/** The row that we have comes with welcomes that count, and ours has none: those who cannot reach its member need them. */
function improve(work: RingWork, entry: MemberEntry, from: PeerId): void {
  const { table } = work.state
  const current = table.aliveMember(entry.id)
  const same = entry.status === 'alive' && current?.incarnation === entry.incarnation
  if (!same || entry.welcomes === undefined || isSame(entry.welcomes, current.welcomes)) return
  if (hasWelcomes(work, current) || !hasWelcomes(work, entry)) return
  const better = table.attach(entry.id, entry.welcomes)
  if (better !== undefined && work.state.phase === 'member') tell(work, better, from)
}

function isSame(a: readonly Welcome[], b: readonly Welcome[] = []): boolean {
  return a.length === b.length && a.every(({ signature }, i) => compareBytes(signature, b[i]!.signature) === 0)
}

/**
 * A death notice whose accusers are no majority of the witnesses as this node counts them: it came later, or others have come or
 * gone since. So the witnesses of today are told what this node still believes, and those who know better say so (`testify`).
 */
function askWitnesses(work: RingWork, entry: MemberEntry): void {
  const { state, context } = work
  if (state.phase !== 'member') return
  const at = state.doubted.get(entry.id)
  if (at !== undefined && work.now - at < context.options.auditMs) return
  state.doubted.delete(entry.id)
  state.doubted.set(entry.id, work.now)
  if (state.doubted.size > limits.MAX_ACCUSED) state.doubted.delete(state.doubted.keys().next().value!)
  for (const { peer } of state.table.nearest(entry.id)) {
    if (peer !== state.self.peer)
      sendRequest(work, peer, { type: 'push', entries: [entry], accusations: [] }, { kind: 'push' })
  }
}

/**
 * A peer believes in members of whose death this node is a witness: it hears this node's own accusations of them. What the peer
 * knows may be a life before the one that ended: that one is over all the more.
 */
export function testify(work: RingWork, peer: PeerId, entries: readonly MemberEntry[]): void {
  const { state, context } = work
  if (state.phase !== 'member') return
  const accusations = entries
    .filter(({ id, status, incarnation }) => {
      const mine = state.table.get(id)
      const isOver = status === 'alive' && mine?.status === 'dead' && mine.incarnation >= incarnation
      return isOver && state.table.nearest(id).some((witness) => witness.id === state.self.id)
    })
    .slice(0, limits.MAX_ACCUSATIONS)
    .map((entry) => signAccusation(context.ringId, context.signer, entry))
  if (accusations.length > 0) sendRequest(work, peer, { type: 'push', entries: [], accusations }, { kind: 'push' })
}

/** Rows of one message, the alive ones first: they are the witnesses of the others. */
export function mergeRows(work: RingWork, entries: readonly MemberEntry[], from: PeerId, unasked = false): Merged[] {
  const order = [...entries].sort((a, b) => Number(a.status !== 'alive') - Number(b.status !== 'alive'))
  return order.map((entry) => mergeRow(work, entry, from, unasked))
}

/** Signs a new row about oneself and tells everybody. */
export function renewSelf(work: RingWork, status: 'alive' | 'left' = 'alive', above = 0): void {
  signSelf(work, status, above)
  if (work.state.phase === 'member') tell(work, work.state.self, undefined)
}

/** Signs a new row about oneself, of which somebody else tells. */
export function signSelf(work: RingWork, status: 'alive' | 'left' = 'alive', above = 0): void {
  const { state, context } = work
  const incarnation = nextIncarnation(Math.max(state.self.incarnation, above), work.now)
  const addresses = context.addresses()
  const { welcomes } = state.self
  const row = signEntry(context.ringId, context.signer, { salt: context.salt, addresses, status, incarnation })
  state.self = welcomes === undefined ? row : { ...row, welcomes }
  state.table.put(state.self, work.now, settlesAt(state, state.self, work.now))
  changed(work)
}

/** This node, as a witness, says that it cannot reach a member. */
export function accuse(work: RingWork, entry: MemberEntry): void {
  const { state, context } = work
  state.accused.set(entry.id, work.now)
  log(work, 'info', { member: shortId(entry.id) }, 'a neighbour is silent: accused')
  addAccusation(work, signAccusation(context.ringId, context.signer, entry))
}

/** Adds an accusation, from outside or one's own; a known one costs nothing. */
export function addAccusation(work: RingWork, accusation: Accusation): void {
  const { state } = work
  const entry = state.table.aliveMember(accusation.accused)
  if (entry === undefined || entry.incarnation !== accusation.incarnation) return
  const signer = state.table.byKey(accusation.signer)
  if (signer === undefined || signer.id === entry.id) return
  const known = state.accusations.get(entry.id)
  const by = known?.incarnation === entry.incarnation ? known.by : new Map<string, Accusation>()
  const key = latin1(accusation.signer)
  if (by.has(key) || by.size >= limits.MAX_ACCUSERS) return
  if (known === undefined && state.accusations.size >= limits.MAX_ACCUSED) return
  if (!verifyAccusation(work.context, accusation)) {
    state.stats.refused += 1
    return
  }
  by.set(key, accusation)
  state.accusations.set(entry.id, { incarnation: entry.incarnation, by })
  // Each witness tells the other witnesses itself, so nobody passes accusations on.
  if (signer.id === state.self.id) queueAccusation(work, accusation)
  if (entry.id === state.self.id) refute(work, entry.incarnation)
  else condemnByMajority(work, entry)
}

/** Condemns every accused member whose accusers are the majority of its witnesses now. */
export function countAccusers(work: RingWork): void {
  for (const id of [...work.state.accusations.keys()]) {
    const entry = work.state.table.aliveMember(id)
    if (entry === undefined || work.state.accusations.get(id)?.incarnation !== entry.incarnation) {
      work.state.accusations.delete(id)
      work.state.accused.delete(id)
    } else condemnByMajority(work, entry)
  }
}

/** Says one's accusations again: the first time may have been lost. */
export function repeatAccusations(work: RingWork): void {
  const { state } = work
  const own = latin1(work.context.signer.publicKey)
  for (const { by } of state.accusations.values()) {
    const accusation = by.get(own)
    if (accusation !== undefined) queueAccusation(work, accusation)
  }
}

/** Drops what nobody renewed for three days. Our own row is renewed in time. */
export function lapse(work: RingWork): void {
  const { state } = work
  for (const { entry } of [...state.table.rows()]) {
    if (entry.id === state.self.id || isTimely(entry, work.now)) continue
    state.table.remove(entry.id)
    forget(work, entry)
  }
  state.count.expire(work.now)
}

/** Rows that came down a tree are told on to the members between this node and `until`. */
export function passRowsOn(work: RingWork, rows: readonly MemberEntry[], from: PeerId, until: RingId): void {
  let passed = 0
  for (const row of rows) {
    if (work.state.outbox.size >= limits.MAX_OUTBOX) break
    if (passOn(work, row, from, until)) passed += 1
  }
  if (passed > 0) setFlush(work)
}

/** Queues a change for those who may not have it. */
export function tell(work: RingWork, entry: MemberEntry, from: PeerId | undefined): void {
  const { state } = work
  if (state.outbox.size >= limits.MAX_OUTBOX && !state.outbox.has(entry.id)) return
  if (!tellsByTree(state)) state.outbox.set(entry.id, { entry, from })
  // What others know, they tell: it comes down the tree, or came from the exchange, as it does to everybody else who lacks it.
  else if (from === undefined) beginTree(work, entry)
  else return
  setFlush(work)
}

function isBelievable(work: RingWork, entry: MemberEntry): boolean {
  const { context, state } = work
  if (!isTimely(entry, work.now) || !context.admits(entry)) return false
  if (entry.status !== 'dead') return verifyEntry(context, entry)
  // Accusers that are no longer members were witnesses then: if they did not count, a node that joins later could not believe it.
  const beside = entry.signatures.flatMap(({ signer }) => state.table.byKey(signer) ?? [])
  const witnesses = state.table.nearest(entry.id, limits.WITNESSES, beside)
  return isCondemned(
    context,
    entry,
    witnesses.map(({ publicKey }) => publicKey),
  )
}

function place(work: RingWork, entry: MemberEntry, from: PeerId | undefined): Merged {
  const { state } = work
  const before = state.table.row(entry.id)
  // Members found while joining were counted before we came: 0 lets their leave lower the count that we remember.
  const since = state.phase === 'member' ? work.now : 0
  // A dead row carries no addresses; the last known ones are how we notice that it is back.
  const row = entry.status === 'dead' && before !== undefined ? { ...entry, addresses: before.entry.addresses } : entry
  if (state.table.put(row, since, settlesAt(state, row, work.now), work.now) === 'unchanged') return 'old'
  noteNew(work, row, isBrief(before?.entry, row))
  state.waiting.remove(row.id)
  if (row.status === 'left' && before?.entry.status === 'alive') state.count.left(before.since)
  state.count.observe(state.table.aliveCount, work.now)
  if (row.status === 'alive') {
    state.detector.forget(row.id)
    state.accused.delete(row.id)
    work.effects.push({ kind: 'learn', peer: row.peer, addresses: row.addresses })
  } else forget(work, row)
  log(work, 'debug', { member: shortId(row.id), status: row.status }, 'member table changed')
  if (state.phase === 'member') tell(work, row, from)
  changed(work)
  if (isNear(work, row.id)) wake(work)
  if (state.accusations.size > 0) countAccusers(work)
  return 'new'
}

/** Somebody tells us about ourselves: an older life of ours, or that we are dead. The newer `alive` wins. */
function mergeOwn(work: RingWork, entry: MemberEntry): Merged {
  const { self, phase } = work.state
  if (entry.id !== self.id || phase === 'left' || !supersedes(entry, self)) return 'old'
  if (!isTimely(entry, work.now)) return 'refused'
  if (entry.status === 'dead' ? !hasAccuser(work, entry) : !verifyEntry(work.context, entry)) return 'refused'
  refute(work, entry.incarnation)
  return 'old'
}

/** Whether one known member signed an accusation of us: enough to refute it, not enough to believe it. */
function hasAccuser(work: RingWork, entry: MemberEntry): boolean {
  const { id: accused, incarnation } = entry
  return entry.signatures.some(
    ({ signer, signature }) =>
      work.state.table.byKey(signer) !== undefined &&
      verifyAccusation(work.context, { accused, incarnation, signer, signature }),
  )
}

/** dead -> alive, our own row. A claim costs us a signature and everybody a message: it is answered once in a while only. */
function refute(work: RingWork, incarnation: number): void {
  const { state } = work
  if (state.phase === 'left' || work.now - state.refutedAt < limits.MIN_REFUTE_GAP_MS) return
  state.refutedAt = work.now
  log(work, 'info', { incarnation }, 'refuted a claim that this node is gone')
  // Those who believed it count us again when our neighbours welcome us, so they are asked before anybody is told.
  if (work.context.seats === 'welcomed' && state.phase === 'member') {
    signSelf(work, 'alive', incarnation)
    state.gathered.wanted = true
    setTimer(work, 'welcome', 0, 0)
  } else renewSelf(work, 'alive', incarnation)
}

/** alive -> dead, in our table: more than half of the witnesses that we compute accuse the member. */
function condemnByMajority(work: RingWork, entry: MemberEntry): void {
  const { state } = work
  const accusers = state.accusations.get(entry.id)
  if (accusers === undefined) return
  const witnesses = state.table.nearest(entry.id)
  const votes = witnesses.flatMap(({ publicKey }) => accusers.by.get(latin1(publicKey)) ?? [])
  if (votes.length <= witnesses.length / 2) return
  state.accusations.delete(entry.id)
  state.accused.delete(entry.id)
  log(work, 'info', { member: shortId(entry.id), accusers: votes.length }, 'a member is dead')
  place(work, condemn(entry, votes), undefined)
}

/** Whether a change of this member may be one of our pointers: in a large ring most changes are far away. */
function isNear({ state }: RingWork, id: RingId): boolean {
  if (!tellsByTree(state)) return true
  const { self, predecessor, successors } = state.pointers
  const last = successors.at(-1)
  if (predecessor === undefined || last === undefined) return true
  return id === predecessor || id === last || between(predecessor, id, self) || between(self, id, last)
}

/** Nothing points at a member that is gone. */
export function forget(work: RingWork, entry: MemberEntry): void {
  const { state } = work
  state.detector.forget(entry.id)
  const { pointers } = state
  if (isNear(work, entry.id) || state.candidate === entry.id) wake(work)
  state.pointers = {
    self: pointers.self,
    predecessor: pointers.predecessor === entry.id ? undefined : pointers.predecessor,
    successors: pointers.successors.filter((id) => id !== entry.id),
  }
  if (state.candidate === entry.id) state.candidate = undefined
}

function queueAccusation(work: RingWork, accusation: Accusation): void {
  if (work.state.outboxAccusations.length < limits.MAX_ACCUSATIONS) work.state.outboxAccusations.push(accusation)
  setFlush(work)
}

function setFlush(work: RingWork): void {
  if (work.state.flushSet || work.state.phase !== 'member') return
  work.state.flushSet = true
  const afterMs = work.state.outboxAccusations.length > 0 ? 20 : gatherMs(work.state)
  setTimer(work, 'flush', afterMs, 20)
}
