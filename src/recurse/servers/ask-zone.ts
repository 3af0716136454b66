/** One question to the servers of one zone: whom to ask, in which order, how often. */
import { ChordnsError, isChordnsError, type UpstreamProtocol } from '../../base/index.ts'
import {
  Ede,
  isSubdomain,
  type Message,
  type Name,
  nameToText,
  parentName,
  type Question,
  Rcode,
  sameName,
  Type,
} from '../../dns/index.ts'
import {
  type Asked,
  endpointText,
  pickServer,
  type Reply,
  type Server,
  serversAt,
  serversUsed,
} from '../../iterator/index.ts'
import { failed, type RecurseFailed, type ServerFailure, zoneFailed } from '../job/failure.ts'
import type { Cut, Job } from '../job/job.ts'
import { askServer, uselessness } from './ask-server.ts'
import type { ServersEngine } from './engine.ts'

/** Finds the addresses of a name server: from the cache, or by asking for them. An empty list when there are none. */
export interface ServerFinder {
  known(job: Job, server: Name): readonly string[]
  lookUp(job: Job, server: Name): Promise<readonly string[]>
}

export type UsefulReply = Exclude<Reply, { kind: 'lame' | 'truncated' | 'error' | 'mismatch' }>

export type ZoneReply =
  | { readonly kind: 'reply'; readonly reply: UsefulReply; readonly message: Message }
  /** `spoke`: at least one server answered, so that another question may fare better with them. */
  | { readonly kind: 'failed'; readonly error: RecurseFailed; readonly spoke: boolean }

interface Tried {
  readonly server: Server
  tries: number
  /** It answered, but was of no use, or the network said no: not asked again for this question. */
  out: boolean
}

/**
 * Asks until a server gives a useful reply, or all have failed. Throws BUDGET_SPENT, ABORTED, and RECURSE_FAILED when too many
 * questions wait for this zone already: those of a zone that never answers must not keep out all others.
 */
export async function askZone(
  engine: ServersEngine,
  finder: ServerFinder,
  job: Job,
  cut: Cut,
  question: Question,
  maxSends: number,
): Promise<ZoneReply> {
  if (!engine.crowd.enter(cut.zone)) {
    // Not the question's fault: it is not remembered as a failure.
    job.limited = true
    const text = `too many questions wait for the servers of ${nameToText(cut.zone)}`
    throw failed('refused', text, [{ code: Ede.NOT_READY, text }])
  }
  try {
    return await askServers(engine, finder, job, cut, question, maxSends)
  } finally {
    engine.crowd.leave(cut.zone)
  }
}

async function askServers(
  engine: ServersEngine,
  finder: ServerFinder,
  job: Job,
  cut: Cut,
  question: Question,
  maxSends: number,
): Promise<ZoneReply> {
  const asked = askedOf(engine, job, cut, question)
  const pool = new ServerPool(engine, finder, job, cut)
  const notes: ServerFailure[] = []
  const until = engine.monotonic() + engine.limits.ZONE_MS
  let unsigned: ZoneReply | undefined
  for (let sends = 0; sends < maxSends && engine.monotonic() < until; sends++) {
    const turn = await explaining(pool.next(), cut, notes, pool.remarks)
    if (turn === undefined) break
    const { tried, protocol } = turn
    const { server } = tried
    const asking = await explaining(askServer(engine, job, asked, server, protocol), cut, notes, pool.remarks)
    if (asking.kind !== 'reply') {
      tried.out = asking.kind === 'network'
      notes.push({ server, what: asking.what, how: asking.kind })
      continue
    }
    const { reply, message } = asking
    const what = uselessness(reply)
    if (what === undefined) {
      const useful: ZoneReply = { kind: 'reply', reply: reply as UsefulReply, message }
      if (message.edns !== undefined || !expectsSignatures(engine, cut)) {
        engine.servers.onUseful(server, cut.zone, question)
        return useful
      }
      // A server without EDNS has no signatures to give (RFC 3225 section 3). The others may; if not, this is what there is.
      unsigned ??= useful
      tried.out = true
      engine.servers.onUseless(server, cut.zone)
      notes.push({ server, what: 'ignores EDNS', how: 'answered' })
      continue
    }
    tried.out = true
    if (reply.kind !== 'error' || reply.rcode !== Rcode.SERVFAIL) engine.servers.onUseless(server, cut.zone)
    notes.push({ server, what, how: 'answered' })
  }
  if (unsigned !== undefined) return unsigned
  const spoke = notes.some((note) => note.how === 'answered')
  return { kind: 'failed', error: zoneFailed(cut.zone, notes, pool.remarks), spoke }
}

/** True when the zone should be signed, by the parent's word or a trust anchor, and somebody will want to see it. */
function expectsSignatures({ deps: { validation } }: ServersEngine, { zone, role, source }: Cut): boolean {
  if (validation === undefined || role === 'forward') return false
  if (validation.negativeAnchors.some((exempt) => isSubdomain(zone, exempt))) return false
  if (source.kind === 'delegated' && source.delegation.ds !== undefined) return true
  return validation.anchors().some((anchor) => sameName(anchor.zone, zone))
}

/** A budget that ends here says what it ended on. */
async function explaining<T>(
  work: Promise<T>,
  cut: Cut,
  notes: readonly ServerFailure[],
  remarks: readonly string[],
): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (notes.length === 0 || !isChordnsError(error, 'BUDGET_SPENT')) throw error
    const { message, detail } = zoneFailed(cut.zone, notes, remarks)
    throw new ChordnsError(
      'BUDGET_SPENT',
      `${error.message}; ${message}`,
      { ede: detail.ede, ...error.detail },
      { cause: error },
    )
  }
}

function askedOf(engine: ServersEngine, job: Job, cut: Cut, question: Question): Asked {
  const { cache } = engine.deps
  return {
    question,
    zone: cut.zone,
    role: cut.role,
    isBelowCut: (name) => {
      // A DS set is the parent's word about the cut (RFC 4035 section 3.1.4.1).
      const isDs = question.type === Type.DS && sameName(name, question.name) && name.labels > 0
      const known = cache.delegation(job.context, isDs ? parentName(name) : name, engine.now())
      return known !== undefined && known.delegation.zone.labels > cut.zone.labels
    },
  }
}

/** The servers of one zone for one question; name servers without a known address are looked up only when they are needed. */
class ServerPool {
  readonly remarks: string[] = []
  readonly #engine: ServersEngine
  readonly #finder: ServerFinder
  readonly #job: Job
  readonly #cut: Cut
  readonly #tried = new Map<string, Tried>()
  #missing: Name[] = []
  #lookups = 0
  #failedLookups = 0
  #silentTcp = 0

  constructor(engine: ServersEngine, finder: ServerFinder, job: Job, cut: Cut) {
    this.#engine = engine
    this.#finder = finder
    this.#job = job
    this.#cut = cut
    if (cut.source.kind === 'configured') this.#add(cut.source.servers)
    else this.#addDelegated()
  }

  /**
   * The server to ask now: untried ones first, then name servers not looked up yet, then the silent ones again; one that was
   * silent twice over TCP, since something on the way may eat its UDP (Knot Resolver does so).
   */
  async next(): Promise<{ tried: Tried; protocol: UpstreamProtocol } | undefined> {
    const { UDP_TRIES_PER_SERVER, SILENT_TCP_PER_ZONE } = this.#engine.limits
    const first = this.#job.tcpOnly ? 'tcp' : 'udp'
    for (;;) {
      const usable = [...this.#tried.values()].filter((tried) => !tried.out && this.#stillUsable(tried.server))
      const untried = usable.filter((tried) => tried.tries === 0)
      if (untried.length > 0) return this.#pick(untried, first)
      if (await this.#lookUpOne()) continue
      const silent = usable.filter((tried) => tried.tries === UDP_TRIES_PER_SERVER)
      if (silent.length > 0 && first === 'udp' && this.#silentTcp < SILENT_TCP_PER_ZONE) {
        this.#silentTcp++
        return this.#pick(silent, 'tcp')
      }
      return this.#pick(
        usable.filter((tried) => tried.tries < UDP_TRIES_PER_SERVER),
        first,
      )
    }
  }

  #pick(from: readonly Tried[], protocol: UpstreamProtocol): { tried: Tried; protocol: UpstreamProtocol } | undefined {
    const candidates = from.map((tried) => ({
      ...tried,
      state: this.#engine.servers.stateFor(tried.server, this.#cut.zone),
    }))
    const picked = pickServer(candidates, this.#engine.deps.random, this.#engine.monotonic())
    const tried = picked === undefined ? undefined : this.#tried.get(endpointText(picked.server.endpoint))
    if (tried === undefined) return undefined
    tried.tries++
    return { tried, protocol }
  }

  /** IPv6 may have been found dead since the pool was made. */
  #stillUsable(server: Server): boolean {
    return server.family === 4 || this.#cut.source.kind === 'configured' || this.#engine.families.usesIpv6()
  }

  #addDelegated(): void {
    if (this.#cut.source.kind !== 'delegated') return
    const { delegation } = this.#cut.source
    for (const name of serversUsed(delegation, this.#engine.deps.random)) {
      const glue = delegation.addresses.get(name.key) ?? []
      const addresses = glue.length > 0 ? glue : this.#finder.known(this.#job, name)
      if (addresses.length === 0 || !this.#addAddresses(name, addresses)) this.#missing.push(name)
    }
  }

  #addAddresses(name: Name, addresses: readonly string[]): boolean {
    const pairs = addresses.map((address): readonly [Name, string] => [name, address])
    const added = this.#add(serversAt(pairs, this.#engine.families.rules()))
    if (!added) this.remarks.push(`${nameToText(name)} has no address that may be asked`)
    return added
  }

  #add(servers: readonly Server[]): boolean {
    for (const server of servers) {
      const key = endpointText(server.endpoint)
      if (!this.#tried.has(key)) this.#tried.set(key, { server, tries: 0, out: false })
    }
    return servers.length > 0
  }

  /** Looks up name servers until one has an address; false when there is none left, or the bounds say stop (NXNSAttack). */
  async #lookUpOne(): Promise<boolean> {
    const { LOOKUPS_PER_DELEGATION, FAILED_LOOKUPS_PER_DELEGATION } = this.#engine.limits
    for (;;) {
      const name = this.#missing.shift()
      if (name === undefined) return false
      // Only the zone's own servers could tell, and their addresses are what is asked for: the parent left out the glue.
      if (isSubdomain(name, this.#cut.zone)) {
        this.remarks.push(`${nameToText(name)} has no glue`)
        continue
      }
      if (this.#lookups >= LOOKUPS_PER_DELEGATION || this.#failedLookups >= FAILED_LOOKUPS_PER_DELEGATION) {
        this.remarks.unshift('too many name servers without an address')
        this.#missing = []
        return false
      }
      this.#lookups++
      const addresses = await this.#finder.lookUp(this.#job, name)
      if (addresses.length > 0 && this.#addAddresses(name, addresses)) return true
      if (addresses.length === 0) this.remarks.push(`${nameToText(name)} has no address`)
      this.#failedLookups++
    }
  }
}
