/** What must hold of a whole world of nodes: each check says what is wrong, or undefined. */
import { asPeerId, toHex } from '../../../src/base/index.ts'
import { type ChunkEntry, examine } from '../../../src/chunks/index.ts'
import { readContext } from '../../../src/chunks/seats/context.ts'
import { seatsOf } from '../../../src/chunks/seats/seats.ts'
import { decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { contentDigest } from '../../../src/evidence/index.ts'
import { ringFlaw, seatsFlaw, uncondemned } from '../ring/checks.ts'
import { nameOf } from './asking.ts'
import { SITES, type Site } from './internet.ts'
import type { Machine } from './machine.ts'
import { KEEPING } from './plan.ts'
import type { World } from './world.ts'

/** Longest list of successors. */
const SUCCESSORS = 16
/** An entry that ends so soon may be gone before it is compared. Ms. */
const NEARLY_OVER_MS = 30_000
/** Timers of one node: requests on their way, rounds, refreshes. */
const MOST_TIMERS = 1_500

const rings = (machines: readonly Machine[]) => machines.map(({ index, life }) => ({ index, ring: life!.rooms.ring }))

/** One ring of all that are up, as all of them see it. */
export function ringFlawOf(world: World): string | undefined {
  return ringFlaw(rings(world.up()), SUCCESSORS)
}

/** The same replicas of every site, whoever is asked; only the dead whom nobody may condemn keep their seats. */
export function seatsFlawOf(world: World): string | undefined {
  if (hasGhosts(world)) return undefined
  return seatsFlaw(rings(world.honest()), world.keys, false)
}

function hasGhosts(world: World): boolean {
  const all = rings(world.up())
  const up = new Set(all.map(({ ring }) => ring.self.id))
  return all.some(
    ({ ring }) =>
      uncondemned(
        ring.status().members.map(({ id }) => id),
        up,
      ).length > 0,
  )
}

/** Nobody has a seat who never was a member. */
export function phantomFlaw(world: World): string | undefined {
  for (const machine of world.honest()) {
    const { ring } = machine.life!.rooms
    for (const key of world.keys)
      for (const { id } of ring.replicasOf(key).members)
        if (!world.byId.has(id)) return `${machine.index} gives a seat to ${id.slice(0, 8)}, whom nobody ever was`
  }
  return undefined
}

/** Checks of signatures that a node may make in one second, on average over five: what one peer may cause with its burst, and 180. */
const MOST_CHECKS = 900
/** Messages of one node in a second, on average over five. */
const MOST_MESSAGES = 400

/**
 * Bulks that a node may request in a minute: repairs, and pulls of each other member after changes that concern it. Twice as many where a
 * member is restarted or replaced each twelve seconds.
 */
const mostBulks = (members: number) => 30 + 8 * members

/** Looks every five seconds at what nodes did meanwhile. */
export class Effort {
  #at = 0
  #minuteAt = 0
  readonly #bulks = new Map<number, number>()
  #sent = 0
  readonly #checks = new Map<number, number>()

  flaw(world: World): string | undefined {
    const passed = (world.clock.monotonic() - this.#at) / 1_000
    if (passed < 5) return undefined
    this.#at += 1_000 * passed
    const { sent } = world.network.counters
    const messages = (sent - this.#sent) / passed / Math.max(1, world.up().length)
    this.#sent = sent
    let flaw = messages > MOST_MESSAGES ? `${Math.round(messages)} messages a second of each node` : undefined
    for (const { index, checks } of world.machines) {
      const made = (checks - (this.#checks.get(index) ?? 0)) / passed
      this.#checks.set(index, checks)
      if (made > MOST_CHECKS) flaw ??= `${index} checks ${Math.round(made)} signatures a second`
    }
    return flaw ?? this.#bulkFlaw(world)
  }

  #bulkFlaw(world: World): string | undefined {
    const passed = (world.clock.monotonic() - this.#minuteAt) / 60_000
    if (passed < 1) return undefined
    this.#minuteAt += 60_000 * passed
    let flaw: string | undefined
    for (const { index, bulks } of world.machines) {
      const made = (bulks - (this.#bulks.get(index) ?? 0)) / passed
      this.#bulks.set(index, bulks)
      if (made > mostBulks(world.machines.length) * (KEEPING.includes(world.plan.kind) ? 2 : 1))
        flaw ??= `${index} pulls ${Math.round(made)} times a minute`
    }
    return flaw
  }
}

/** What a node holds stays within its bounds, however long it runs. */
export function sizeFlaw(world: World): string | undefined {
  const { pending } = world.clock
  const most = MOST_TIMERS * (world.machines.length + 1)
  return pending > most ? `${pending} timers are set` : undefined
}

/** What one honest replica has, and another would believe if it were brought, the other has as well. */
export function entriesFlaw(world: World): string | undefined {
  const honest = world.honest()
  for (const site of SITES) {
    const holders = honest.filter(
      (machine) => seatsOf(machine.life!.rooms.ring, site.question, world.plan.chunkBits).mine,
    )
    for (const holder of holders) {
      const entry = holder.life!.rooms.chunks.entry(site.question)
      if (entry === undefined || !isCurrent(world, holder, site, entry)) continue
      world.count('entries compared')
      for (const other of holders) {
        if (other === holder || !isCurrent(world, other, site, entry)) continue
        const its = other.life!.rooms.chunks.entry(site.question)
        if (its === undefined) return `${nameOf(site)}: ${holder.index} has an entry, and ${other.index} has none`
        const digests = [entry, its].map(({ outcome }) => toHex(contentDigest(site.question, outcome)))
        if (digests[0] !== digests[1])
          return `${nameOf(site)}: ${holder.index} and ${other.index} have different entries: ${textOf(entry)} and ${textOf(its)}`
      }
    }
  }
  return undefined
}

/** Signed answers, by asking each replica as a member would: who has one, or an entry, and who has nothing. */
export async function signedFlaw(world: World): Promise<string | undefined> {
  const honest = world.honest()
  for (const site of SITES.filter(({ isSigned }) => isSigned)) {
    const holders = honest.filter(
      (machine) => seatsOf(machine.life!.rooms.ring, site.question, world.plan.chunkBits).mine,
    )
    const words = await Promise.all(holders.map((holder) => wordOf(world, holder, site)))
    const having = holders.filter((_, i) => words[i] === 'proof')
    const lacking = holders.filter((_, i) => words[i] === 'unknown')
    if (having.length > 0) world.count('signed answers compared')
    if (having.length > 0 && lacking.length > 0)
      return `${nameOf(site)}: ${having.map(({ index }) => index).join()} have the signed answer, and ${lacking.map(({ index }) => index).join()} lack it`
  }
  return undefined
}

export async function wordOf(world: World, holder: Machine, { question }: Site): Promise<string> {
  const asker = world.honest().find((one) => one !== holder)
  if (asker === undefined) return 'alone'
  const body = encodeRequest({ kind: 'read', question })
  const reply = decodeReply(await holder.life!.rooms.chunks.handle(asPeerId(asker.peer), body))
  return reply.kind === 'proof' && reply.seconds < NEARLY_OVER_MS / 1_000 ? 'nearly over' : reply.kind
}

function isCurrent(world: World, viewer: Machine, { question }: Site, entry: ChunkEntry): boolean {
  if (entry.expires <= viewer.now() + NEARLY_OVER_MS) return false
  const { ring } = viewer.life!.rooms
  const { acceptFrom, admission, chunkBits } = world.plan
  const context = readContext(ring, seatsOf(ring, question, chunkBits), question, world.scheme, {
    acceptFrom,
    admission,
  })
  return examine(entry.certificate, entry.outcome, context, viewer.now()).ok
}

function textOf({ outcome, seen, class: kind }: ChunkEntry): string {
  const sets =
    outcome.kind === 'rrset' ? outcome.rrset.rdatas.map((rdata) => [...rdata].join('.')).join(' ') : outcome.kind
  return `${kind} ${sets} seen ${seen}`
}

/** Chains hold from their starts. `running`: the verification is not over yet. */
export function chainFlaw(world: World, machine: Machine): string | 'running' | undefined {
  const { index, life } = machine
  const report = life?.rooms.chains?.verify()
  if (report === undefined) return undefined
  if (report.state === 'running') return 'running'
  world.count('chains verified', report.chains.checked)
  world.count('blocks verified', report.blocks)
  const [fault] = report.faults
  return fault === undefined ? undefined : `${index}: ${JSON.stringify(fault)}`
}

/** Two honest nodes have the same block at one place. */
export function forkFlaw(world: World): string | undefined {
  const blocks = new Map<string, { readonly id: string; readonly index: number }>()
  for (const { index, life } of world.honest()) {
    const { chains, chunks } = life!.rooms
    for (const chunk of chains === undefined ? [] : chunks.held()) {
      const view = chains!.view(chunk)
      for (const { height, id } of view.blocks) {
        const place = `${view.chain} ${height}`
        const other = blocks.get(place)
        if (other !== undefined && other.id !== id)
          return `${index} and ${other.index} have different blocks at ${height} of chunk ${chunk}`
        blocks.set(place, { id, index })
      }
    }
  }
  return undefined
}
