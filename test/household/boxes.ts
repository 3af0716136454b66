/** Boxes of one household in memory: each has a cache and a household, and all speak to each other on virtual time. */
import {
  ALWAYS_FREE,
  asPeerId,
  type Cancel,
  ChordnsError,
  type Log,
  type PeerId,
  type Work,
} from '../../src/base/index.ts'
import { type Cache, type CacheContents, type CacheEntry, createCache, Rank } from '../../src/cache/index.ts'
import { mayShare } from '../../src/chunks/index.ts'
import { type Delegation, nameToText, parseName, type Question, typeFromText, typeToText } from '../../src/dns/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'
import { createHousehold, type Household, watchedCache } from '../../src/household/index.ts'
import { decodeMessage, type ToldRow } from '../../src/household/rows.ts'
import type { Ring } from '../../src/ring/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'

export const START_MS = 1_800_000_000_000

export interface Box {
  readonly peer: PeerId
  readonly cache: Cache & CacheContents
  /** What the recursor writes into. */
  readonly watched: Cache & CacheContents
  readonly household: Household
  /** Asks for all that another one holds come here first; undefined: the household's own `supply`. */
  supply: ((from: PeerId, signal: AbortSignal) => AsyncIterable<Uint8Array>) | undefined
}

export interface Sent {
  readonly from: PeerId
  readonly to: PeerId
  readonly body: Uint8Array
  readonly rows: readonly ToldRow[]
}

export interface Boxes {
  readonly clock: VirtualClock
  readonly all: readonly Box[]
  readonly sent: Sent[]
  /** Who asked whom for all that it holds. */
  readonly asked: string[]
  /** Members that nobody reaches, and who see nobody. */
  readonly away: Set<PeerId>
  /** Members of the release before: they are told seconds. */
  readonly old: Set<PeerId>
  /** Members by the ring's table that are no boxes here. */
  readonly extra: Set<PeerId>
  /** Holds acknowledgements back while true. */
  slow: boolean
  changed(): void
  put(box: Box, name: string, change?: Partial<CacheEntry>): boolean
  seen(box: Box, name: string, type?: string): CacheEntry | undefined
  wait(ms: number): Promise<void>
}

export interface BoxesOptions {
  readonly clock?: VirtualClock
  readonly isPrivate?: (question: Question) => boolean
  readonly start?: boolean
  /** When what is told may be done; default: at once. */
  readonly work?: Pick<Work, 'whenFree'>
}

export const peerOf = (index: number): PeerId => asPeerId(`box${index}`)
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export function makeCache(clock: VirtualClock): Cache & CacheContents {
  return createCache({
    maxBytes: 8 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 0,
    seed: new Uint8Array(8),
    clock,
  })
}

export function makeBoxes(count: number, options: BoxesOptions = {}): Boxes {
  const { clock = testClock(START_MS), isPrivate = () => false, start = true, work = ALWAYS_FREE } = options
  const listeners = new Set<() => void>()
  const all: Box[] = []
  const boxes: Boxes = {
    clock,
    all,
    sent: [],
    asked: [],
    away: new Set(),
    old: new Set(),
    extra: new Set(),
    slow: false,
    changed: () => {
      for (const listener of listeners) listener()
    },
    put: (box, name, change) => put(box.watched, name, clock.now(), change),
    seen: (box, name, type = 'A') => box.cache.get('main', question(name, type), clock.now()),
    wait: (ms) => clock.run(new Promise((resolve) => void clock.after(ms, () => resolve(undefined)))),
  }
  for (let i = 0; i < count; i++) all.push(makeBox(boxes, peerOf(i), { isPrivate, work }, listeners))
  if (start) for (const { household } of all) household.start()
  return boxes
}

function makeBox(
  boxes: Boxes,
  peer: PeerId,
  { isPrivate, work }: Required<Pick<BoxesOptions, 'isPrivate' | 'work'>>,
  listeners: Set<() => void>,
): Box {
  const { clock, sent, asked, away, all } = boxes
  const cache = makeCache(clock)
  const reach = (to: PeerId): Box => {
    const box = all.find((one) => one.peer === to)
    if (box === undefined || away.has(to) || away.has(peer)) throw new ChordnsError('PEER_GONE', 'away', { peer: to })
    return box
  }
  const household = createHousehold(
    { ring: ringOf(boxes, peer, listeners), cache, clock, log: quiet, work },
    {
      send: async (to, body) => {
        sent.push({ from: peer, to, body, rows: decodeMessage(body) })
        const box = reach(to)
        while (boxes.slow) await new Promise((resolve) => void clock.after(100, () => resolve(undefined)))
        return box.household.handle(peer, body)
      },
      bulk: async function* (to, _body, { signal }) {
        asked.push(`${peer} ${to}`)
        const box = reach(to)
        const frames = (box.supply ?? box.household.supply)(peer, signal ?? new AbortController().signal)
        for await (const frame of frames) {
          reach(to)
          yield frame
        }
      },
      mayShare: (one) => mayShare(one, isPrivate),
      countsMs: (to) => !boxes.old.has(to),
    },
  )
  const watched = watchedWithContents(cache, () => household)
  return { peer, cache, watched, household, supply: undefined }
}

export function watchedWithContents(cache: Cache & CacheContents, household: () => Household): Cache & CacheContents {
  const contents: CacheContents = {
    parts: () => cache.parts(),
    keysOf: (part, since, until) => cache.keysOf(part, since, until),
    entryAt: (key) => cache.entryAt(key),
    delegations: () => cache.delegations(),
    list: (name, reach, most) => cache.list(name, reach, most),
  }
  return Object.assign(
    watchedCache(cache, () => household().watcher),
    contents,
  )
}

function ringOf(boxes: Boxes, self: PeerId, listeners: Set<() => void>) {
  const entry = (peer: PeerId) => ({ id: peer, peer }) as unknown as Ring['self']
  const ring: Pick<Ring, 'self' | 'members' | 'memberByPeer' | 'isSuspect' | 'onChange'> = {
    self: entry(self),
    members: () => {
      const there = boxes.all.map(({ peer }) => peer).filter((peer) => !boxes.away.has(peer))
      return [...(boxes.away.has(self) ? [self] : there), ...boxes.extra].map(entry)
    },
    memberByPeer: (peer) => ring.members().find((one) => one.peer === peer),
    isSuspect: () => false,
    onChange(listener): Cancel {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return ring
}

export function question(name: string, type = 'A'): Question {
  return { name: parseName(name), type: typeFromText(type)!, class: 1 }
}

/** What a recursor has fetched, and not yet validated. */
export function entryOf(name: string, now: number, change: Partial<CacheEntry> = {}): CacheEntry {
  const asked = change.question ?? question(name)
  return {
    question: asked,
    outcome: addressOf(asked, [192, 0, 2, 1]),
    rank: Rank.AUTHORITATIVE,
    side: 'own',
    security: 'indeterminate',
    provenance: 'solo',
    stored: now,
    expires: now + 300_000,
    ...change,
  }
}

export function addressOf({ name, type }: Question, rdata: readonly number[], ttl = 300): Outcome {
  const rrset = { name, type, class: 1, ttl, rdatas: [Uint8Array.from(rdata)], signatures: [] }
  return { kind: 'rrset', apex: name, proofs: [], rrset }
}

export function put(cache: Cache, name: string, now: number, change: Partial<CacheEntry> = {}): boolean {
  return cache.put('main', entryOf(name, now, change), now)
}

export function delegationOf(zone: string, change: Partial<Delegation> = {}): Delegation {
  const server = parseName(`ns.${zone}`)
  return {
    zone: parseName(zone),
    nameServers: [server],
    addresses: new Map([[server.key, ['198.51.100.7']]]),
    ds: undefined,
    proofs: [],
    ttl: 3_600,
    ...change,
  }
}

/** "www.example.com. A", "example.com. cut". */
export function rowText(row: ToldRow): string {
  if (row.kind === 'delegation') return `${nameToText(row.delegation.zone)} cut`
  return `${nameToText(row.question.name)} ${typeToText(row.question.type)}`
}
