/**
 * Before a node leaves: what no other replica has is handed over (Chord, section 4.4: a voluntary leave is a failure plus
 * courtesy). All else stays with those who stay, and whoever becomes a replica next pulls it from them. The digests of the others
 * say what they have; they are requested anew, since what a node last heard may be a minute old.
 */
import { type ChunkId, type Clock, isChordnsError, type Log, type PeerId, sleep } from '../../base/index.ts'
import { type ChunkDigest, digestOf, hashOf, names } from '../digests/digest.ts'
import type { ChunkEntry, SignedEntry } from '../entries/entry.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { Proofs } from '../entries/proofs.ts'
import { shortened } from '../entries/shortened.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import { decodeDigestReply, encodeDigestRequest } from '../wire/digest-messages.ts'
import type { Send, SendRequest } from '../wire/request.ts'
import { bring } from './pushes.ts'

export interface LeavingDeps {
  readonly clock: Clock
  readonly log: Log
  readonly send: Send
  readonly request: SendRequest
  readonly store: EntryStore
  readonly proofs: Pick<Proofs, 'chunks' | 'marksOf' | 'entryOf'>
  readonly placement: Pick<Placement, 'digestNumber' | 'seatsOfChunk'>
  readonly isSuspect: (member: Seats['members'][number]) => boolean
}

export interface HandedOver {
  /** Entries that, by the digests, nobody else has; and those of them that another replica took. */
  readonly alone: number
  readonly taken: number
}

/** What a replica has of a section; `all`: more than a digest says. */
type Word = ChunkDigest | 'all'

/** Takes `limits.LEAVE_MS` at most. Never rejects. */
export async function handOver(deps: LeavingDeps): Promise<HandedOver> {
  const { clock, log } = deps
  const late = new AbortController()
  const cancel = clock.after(limits.LEAVE_MS, () => late.abort())
  let alone = 0
  let taken = 0
  try {
    const words = await wordsOfOthers(deps, late.signal)
    const entries = [...onlyHere(deps, words)]
    alone = entries.length
    const queue = entries.values()
    const worker = async () => {
      for (const { entry, to } of queue) {
        if (await give(deps, entry, to, late.signal)) taken++
        await sleep(clock, limits.LEAVE_PAUSE_MS, late.signal)
      }
    }
    const workers = await Promise.allSettled(Array.from({ length: limits.HANDOVER_IN_FLIGHT }, worker))
    const failed = workers.find((one) => one.status === 'rejected')
    if (failed !== undefined && !late.signal.aborted) throw failed.reason
  } catch (error) {
    if (!late.signal.aborted && !isChordnsError(error)) throw error
  } finally {
    cancel()
  }
  if (alone > 0) log.info({ entries: alone, taken }, 'handed over what no other replica had')
  return { alone, taken }
}

/** The digests of the other replicas of all that this node holds. One that says nothing has nothing. */
async function wordsOfOthers(deps: LeavingDeps, signal: AbortSignal): Promise<ReadonlyMap<string, Word>> {
  /** Numbers of sections, by peer. */
  const wanted = new Map<PeerId, Set<ChunkId>>()
  for (const chunk of chunksOf(deps))
    for (const member of deps.placement.seatsOfChunk(chunk).others) {
      if (deps.isSuspect(member)) continue
      const numbers = wanted.get(member.peer) ?? new Set()
      wanted.set(member.peer, numbers.add(deps.placement.digestNumber(chunk)))
    }
  const words = new Map<string, Word>()
  const hear = async (peer: PeerId, numbers: readonly ChunkId[]) => {
    for (let at = 0; at < numbers.length; at += limits.MAX_DIGESTS_AT_ONCE) {
      const part = numbers.slice(at, at + limits.MAX_DIGESTS_AT_ONCE)
      const body = encodeDigestRequest(part.map((chunk) => ({ chunk, tag: new Uint8Array() })))
      const replies = decodeDigestReply(await deps.send(peer, body, { timeoutMs: limits.DIGEST_TIMEOUT_MS, signal }))
      for (const [i, chunk] of part.entries()) {
        const reply = replies[i]
        if (reply === 'full') words.set(wordKey(peer, chunk), 'all')
        else if (typeof reply === 'object') words.set(wordKey(peer, chunk), digestOf(reply.bits))
      }
    }
  }
  const results = await Promise.allSettled([...wanted].map(([peer, numbers]) => hear(peer, [...numbers])))
  for (const result of results) if (result.status === 'rejected' && !isChordnsError(result.reason)) throw result.reason
  return words
}

/** Of which this node holds entries, or signed answers. */
function chunksOf({ store, proofs }: LeavingDeps): Set<ChunkId> {
  return new Set([...store.chunks(), ...proofs.chunks()])
}

interface Alone {
  readonly entry: ChunkEntry | SignedEntry
  readonly to: readonly PeerId[]
}

function* onlyHere(deps: LeavingDeps, words: ReadonlyMap<string, Word>): Generator<Alone> {
  const { clock, store, proofs, placement, isSuspect } = deps
  const now = clock.now()
  for (const chunk of chunksOf(deps)) {
    const seats = placement.seatsOfChunk(chunk)
    const to = seats.others.filter((member) => !isSuspect(member)).map(({ peer }) => peer)
    if (to.length === 0) continue
    const number = placement.digestNumber(chunk)
    const theirs = to.flatMap((peer) => words.get(wordKey(peer, number)) ?? [])
    if (theirs.includes('all')) continue
    const isTheirs = (key: string) => {
      const hash = hashOf(key)
      return theirs.some((word) => word !== 'all' && names(word, hash))
    }
    for (const { key } of store.summariesOf(chunk, now)) {
      const entry = isTheirs(key) ? undefined : store.peek(key, now)
      if (entry !== undefined) yield { entry, to }
    }
    for (const { key } of proofs.marksOf(chunk)) {
      const entry = isTheirs(key) ? undefined : proofs.entryOf(key)
      if (entry !== undefined) yield { entry, to }
    }
  }
}

/** One that takes it is enough: the others pull it from there. */
async function give(deps: LeavingDeps, entry: Alone['entry'], to: readonly PeerId[], signal: AbortSignal) {
  for (const peer of to) {
    const answer = await (entry.class === 'signed'
      ? bringSigned(deps, peer, entry, signal)
      : bring(deps.request, peer, entry, signal))
    if (answer.kind === 'reply' && answer.reply.kind === 'ack') return true
  }
  return false
}

/** With what is left of its TTL, so that it ends where it would have ended. */
function bringSigned({ request, clock }: LeavingDeps, peer: PeerId, entry: SignedEntry, signal: AbortSignal) {
  const { question, links, expires } = entry
  const proof = shortened(entry.outcome, Math.floor((expires - clock.now()) / 1_000))
  const message = { kind: 'tell', question, proof, links, isRefresh: true } as const
  return request(peer, message, { timeoutMs: limits.CERTIFY_TIMEOUT_MS, signal })
}

function wordKey(peer: PeerId, section: ChunkId): string {
  return `${peer} ${section}`
}
