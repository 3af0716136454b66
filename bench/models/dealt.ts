/** One stream of questions dealt in turn to several nodes, real or virtual: what is counted is counted alike. */
import type { AskQuestion, World } from '../lib/world-parts.ts'

/** `off`: as many resolvers that share nothing. `one`: a single one that gets the whole stream. */
export type Sharing = 'one' | 'off' | 'majority' | 'any-member'

export interface Dealing {
  readonly sharing: Sharing
  /** 1 where one gets it all. */
  readonly members: number
}

/** After the last answer so much time is counted, too: rounds that it caused. */
export const TAIL_MS = 10_000

export interface Dealt {
  readonly latencies: readonly number[]
  readonly failures: number
  /** The slowest questions, for whoever asks why. Real nodes only. */
  readonly slowest?: readonly Slow[]
  readonly upstream: Upstream
  /** Between members, by room; all zero without a ring. */
  readonly requests: Requests
  /** Real nodes only: TCP segments between members. */
  readonly packets?: number
  /** Real nodes only: CPU of all members, user and system, from the first question to the end of the tail. */
  readonly cpuMs?: number
}

export interface Slow {
  readonly question: string
  readonly member: number
  /** After the start of the stream, ms. */
  readonly at: number
  readonly ms: number
}

export interface Upstream {
  readonly all: number
  readonly root: number
  readonly tld: number
  /** Of zones below those. */
  readonly hosts: number
  /** DS and DNSKEY, wherever they were asked. */
  readonly keys: number
  /** Addresses of name servers. */
  readonly addresses: number
}

export interface Requests {
  readonly ring: number
  readonly chunks: number
  readonly chains: number
  readonly household: number
  readonly bytes: number
}

/** As `TrafficStats` has them; undefined without a ring. */
export type Traffic =
  | {
      readonly ringRequests: number
      readonly chunkRequests: number
      readonly chainRequests: number
      readonly householdRequests: number
      readonly bulks: number
      readonly sentBytes: number
      readonly heardBytes: number
    }
  | undefined

/** Of all members together. */
export function requestsOf(traffic: readonly Traffic[]): Requests {
  const sum = (figure: (one: NonNullable<Traffic>) => number) =>
    traffic.reduce((total, one) => total + (one === undefined ? 0 : figure(one)), 0)
  return {
    ring: sum((one) => one.ringRequests),
    chunks: sum((one) => one.chunkRequests + one.bulks),
    chains: sum((one) => one.chainRequests),
    household: sum((one) => one.householdRequests),
    bytes: sum((one) => one.sentBytes + one.heardBytes),
  }
}

export function requestsSince(now: Requests, before: Requests): Requests {
  return {
    ring: now.ring - before.ring,
    chunks: now.chunks - before.chunks,
    chains: now.chains - before.chains,
    household: now.household - before.household,
    bytes: now.bytes - before.bytes,
  }
}

export function requestCount({ ring, chunks, chains, household }: Requests): number {
  return ring + chunks + chains + household
}

/** What the authorities of a world were asked since its log was cleared. */
export function upstreamOf(world: World): Upstream {
  const servers = new Set([...world.servers.keys()].map((name) => `${name.toLowerCase()}.`))
  const asked = world.queries()
  const count = (filter: (one: (typeof asked)[number]) => boolean) => asked.filter(filter).length
  const isRoot = ({ server }: { readonly server: string }) => server.endsWith('.root')
  const isTld = ({ server }: { readonly server: string }) => /^[a-z]\.nic\./.test(server)
  return {
    all: asked.length,
    root: count(isRoot),
    tld: count(isTld),
    hosts: count((one) => !isRoot(one) && !isTld(one)),
    keys: count(({ type }) => type === 'DS' || type === 'DNSKEY'),
    addresses: count(({ name, type }) => (type === 'A' || type === 'AAAA') && servers.has(name.toLowerCase())),
  }
}

/** What is asked before anything is counted: the root's servers, which are primed once in days, and names of no stream. */
export function warmUp(names: number): AskQuestion[] {
  return [{ name: '.', type: 'NS' }, ...Array.from({ length: names }, (_, i) => ({ name: `warm${i}.invalid.` }))]
}
