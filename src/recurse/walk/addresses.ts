/** Addresses of name servers that came without glue. */
import type { Side } from '../../cache/index.ts'
import { cnameTarget, type Name, parentName, Type } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { addressesOf, familyOf } from '../../iterator/index.ts'
import { isFailure, isOurs } from '../job/failure.ts'
import { type Cut, type Job, sideOf } from '../job/job.ts'
import { askZone } from '../servers/ask-zone.ts'
import type { ServerFinder } from '../servers/types.ts'
import type { WalkEngine } from './engine.ts'

/** Resolves one question on behalf of `job`. Rejects with RECURSE_FAILED (reason `loop` for a circle), BUDGET_SPENT, ABORTED. */
export type Resolve = (job: Job, name: Name, type: number) => Promise<Finding>

export function serverFinder(engine: WalkEngine, resolve: Resolve): ServerFinder {
  return {
    known: (job) => knownAddresses(engine, job),
    lookUp: (job, server, known = []) => lookUpAddresses(engine, resolve, job, server, known),
    glue: (job, server) => glueOfCached(engine, job, server),
    askForGlue: (job, zone, server) => askForGlue(engine, job, zone, server),
  }
}

function knownAddresses(engine: WalkEngine, job: Job): (server: Name) => readonly string[] {
  const { cache } = engine.deps
  const types = addressTypes(engine)
  const side = sideFor(job)
  const now = engine.now()
  return (server) => {
    let all: readonly string[] = NO_ADDRESSES
    for (const type of types) {
      const question = { name: server, type, class: 1 }
      const entry = cache.get(engine.zones.contextOf(question), question, now, side)
      if (entry?.outcome.kind !== 'rrset' || entry.security === 'bogus') continue
      all = [...all, ...addressesOf(ofType(entry.outcome.rrset, type))]
    }
    return all
  }
}

const NO_ADDRESSES: readonly string[] = []

/**
 * Of the deepest known delegation that the server's name lies in and that names an address of it; for a root server, also those of the
 * hints.
 */
function glueOfCached(engine: WalkEngine, job: Job, server: Name): readonly string[] {
  const hint = engine.deps.options.rootHints.find(({ name }) => name.key === server.key)
  return [...glueOfDelegation(engine, job, server), ...(hint?.addresses ?? [])]
}

function glueOfDelegation(engine: WalkEngine, job: Job, server: Name): readonly string[] {
  for (let name = server; ; ) {
    const delegation = engine.deps.cache.delegation(job.context, name, engine.now())?.delegation
    const addresses = delegation?.addresses.get(server.key) ?? []
    if (delegation === undefined || addresses.length > 0 || delegation.zone.labels === 0) return addresses
    name = parentName(delegation.zone)
  }
}

/** Each name is asked for once, of the parent's servers, and what they say counts for a name below their zone only. */
async function askForGlue(engine: WalkEngine, job: Job, zone: Name, server: Name): Promise<readonly string[]> {
  if (zone.labels === 0) return []
  if (!engine.lookups.take(job.budget)) {
    job.limited = true
    return []
  }
  const parent = engine.deps.cache.delegation(job.context, parentName(zone), engine.now())?.delegation
  if (parent === undefined) return []
  const cut: Cut = {
    zone: parent.zone,
    role: 'authority',
    source: { kind: 'delegated', delegation: parent },
    cached: true,
  }
  for (const type of addressTypes(engine)) {
    const question = { name: server, type, class: 1 }
    const result = await askZone(engine, NO_FINDER, job, cut, question, engine.limits.SENDS_FOR_GLUE)
    if (result.kind === 'failed') continue
    const { reply } = result
    const found =
      reply.kind === 'referral'
        ? (reply.delegation.addresses.get(server.key) ?? [])
        : reply.kind === 'answer'
          ? addressesOf(reply.outcome.rrset)
          : []
    if (found.length > 0) return found
  }
  return []
}

/** The parent's servers are known by the delegation that led to them. */
const NO_FINDER: ServerFinder = {
  known: () => () => NO_ADDRESSES,
  lookUp: async () => [],
  glue: () => [],
  askForGlue: async () => [],
}

/**
 * Addresses of servers come from this node's own fetches, also when the question itself may be answered from the ring. Otherwise
 * a server that the ring named would give answers that are kept, and signed, as found by this node itself. A walk that began
 * with an agreed delegation is kept on the ring's side anyway.
 */
function sideFor(job: Job): { side?: Side } {
  return job.start === 'agreed' ? sideOf(job.origin) : { side: 'own' }
}

/** One family is enough to go on; the second is looked up only when the first gives nothing. */
async function lookUpAddresses(
  engine: WalkEngine,
  resolve: Resolve,
  job: Job,
  server: Name,
  known: readonly string[],
): Promise<readonly string[]> {
  const types = addressTypes(engine).filter((type) => !known.some((address) => typeOf(address) === type))
  if (types.length === 0) return []
  if (job.depth + 1 > engine.limits.DEPTH || !engine.lookups.take(job.budget)) {
    job.limited = true
    return []
  }
  for (const type of types) {
    const result = await oneFamily(engine, resolve, job, server, type)
    if (result === 'no such name') return []
    if (result.length > 0) return result
  }
  return []
}

async function oneFamily(
  engine: WalkEngine,
  resolve: Resolve,
  job: Job,
  server: Name,
  type: number,
): Promise<readonly string[] | 'no such name'> {
  let name = server
  for (let alias = 0; alias <= engine.limits.SERVER_ALIASES; alias++) {
    const finding = await unlessFailed(job, resolve(job, name, type))
    if (finding === undefined) return []
    if (finding.start === 'agreed') job.start = 'agreed'
    const { outcome } = finding
    if (outcome.kind === 'absent') return outcome.rcode === 3 ? 'no such name' : []
    const rdata = outcome.rrset.rdatas[0]
    if (outcome.rrset.type === type) return addressesOf(outcome.rrset)
    if (outcome.rrset.type !== Type.CNAME || rdata === undefined) return []
    name = cnameTarget(rdata)
  }
  return []
}

/** A name server that cannot be resolved is one server less, not the end; a spent budget is the end. */
async function unlessFailed(job: Job, work: Promise<Finding>): Promise<Finding | undefined> {
  try {
    return await work
  } catch (error) {
    if (!isFailure(error)) throw error
    if (error.detail.reason === 'loop') job.limited = true
    if (isOurs(error)) job.isShort = true
    return undefined
  }
}

function addressTypes(engine: WalkEngine): number[] {
  const rules = engine.families.rules()
  return [...(rules.ipv4 ? [Type.A] : []), ...(rules.ipv6 ? [Type.AAAA] : [])]
}

function typeOf(address: string): number {
  return familyOf(address) === 6 ? Type.AAAA : Type.A
}

function ofType<T extends { type: number }>(rrset: T, type: number): T | undefined {
  return rrset.type === type ? rrset : undefined
}
