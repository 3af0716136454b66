/**
 * Where attacks take place: root, `zone.`, the victim `victim.zone.` and the attacker's `evil.zone.`, whose server does as
 * told. Addresses are those of the Internet, and the node runs with its defaults: nothing is eased for the test.
 */
import { Budget } from '../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  parseZone,
  type ResourceRecord,
  ROOT,
} from '../../src/dns/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import {
  type Asked,
  type Behaviour,
  createWorld,
  type SignedWorld,
  type SignOptions,
  signWorld,
  simpleSpec,
  texts,
  type World,
  type WorldSpec,
} from '../world/index.ts'
import { makeStack, newClock, START_MS, type Stack, type StackOptions } from './stack.ts'
import type { Measured } from './types.ts'

export interface SceneOptions {
  /** More zones, or other text for the usual ones. */
  readonly zones?: Readonly<Record<string, string>>
  readonly behaviours?: Readonly<Record<string, Behaviour>>
  /** What the attacker's server sends in place of the truth. */
  readonly evil?: NonNullable<Behaviour['tamper']>
  /** Zones that are signed; `.` and `zone.` must be among them if any is. */
  readonly signed?: Readonly<Record<string, SignOptions>>
  readonly serverCounts?: Readonly<Record<string, number>>
  readonly change?: (spec: WorldSpec) => WorldSpec
  readonly stack?: Partial<Omit<StackOptions, 'world' | 'clock' | 'anchor'>>
}

export interface Scene {
  readonly world: World
  readonly clock: VirtualClock
  readonly stack: Stack
  readonly keys: SignedWorld['keys']
  /** Asks one question and measures what it cost. */
  cost(
    name: string,
    type?: string,
    flags?: Parameters<Stack['ask']>[2],
  ): Promise<Measured & { readonly reply: Message }>
  /** How many queries the named server has received. */
  asked(server: string): number
}

/** Signed for the time of the virtual clock. */
export const VALID = { inception: START_MS / 1000 - 3_600, expiration: START_MS / 1000 + 30 * 86_400 }

export async function scene(options: SceneOptions = {}): Promise<Scene> {
  const zones = {
    'zone.': '',
    'victim.zone.': 'www A 203.0.113.80\nalias CNAME www',
    'evil.zone.': 'www A 203.0.113.66',
    ...options.zones,
  }
  const behaviours: Record<string, Behaviour> = { ...options.behaviours }
  if (options.evil !== undefined) behaviours['ns1.evil.zone'] = { ...behaviours['ns1.evil.zone'], tamper: options.evil }
  const { serverCounts } = options
  const plain = delayed(routed(simpleSpec(zones, { behaviours, ...(serverCounts !== undefined && { serverCounts }) })))
  const signed =
    options.signed === undefined
      ? undefined
      : signWorld(
          plain,
          Object.fromEntries(Object.entries(options.signed).map(([zone, own]) => [zone, { ...VALID, ...own }])),
        )
  const spec = signed?.spec ?? plain
  const clock = newClock()
  const world = await createWorld(options.change?.(spec) ?? spec, { sockets: false, clock })
  const stack = makeStack({
    ...options.stack,
    world,
    clock,
    config: { 'iterator.queryLoopback': false, ...options.stack?.config },
    ...(signed !== undefined && { anchor: signed.anchorText }),
  })
  return {
    world,
    clock,
    stack,
    keys: signed?.keys ?? new Map(),
    asked: (server) => world.server(server).count,
    cost: (name, type = 'A', flags = {}) => cost(world, stack, name, type, flags),
  }
}

/** The world's loopback addresses become public ones: loopback is not asked by default. */
function routed(spec: WorldSpec): WorldSpec {
  const to = (text: string) => text.replaceAll('127.54.', '45.54.')
  const servers = Object.entries(spec.servers).map(
    ([name, server]) => [name, { ...server, addresses: server.addresses.map(to) }] as const,
  )
  return {
    ...spec,
    servers: Object.fromEntries(servers),
    zones: spec.zones.map((zone) => ({ ...zone, text: to(zone.text) })),
  }
}

/** Every server is 20 ms away unless it was told otherwise: times mean something. */
function delayed(spec: WorldSpec): WorldSpec {
  const servers = Object.entries(spec.servers).map(
    ([name, server]) => [name, { ...server, behaviour: { delayMs: 20, ...server.behaviour } }] as const,
  )
  return { ...spec, servers: Object.fromEntries(servers) }
}

async function cost(
  world: World,
  stack: Stack,
  name: string,
  type: string,
  flags: Parameters<Stack['ask']>[2],
): Promise<Measured & { readonly reply: Message }> {
  const victim = () => (world.servers.has('ns1.victim.zone') ? world.server('ns1.victim.zone').count : 0)
  const before = { ...stack.upstream(), victim: victim(), ms: stack.clock.monotonic(), cpu: process.cpuUsage() }
  const spent = watchBudgets()
  const reply = await stack.ask(name, type, flags).finally(spent.stop)
  const cpu = process.cpuUsage(before.cpu)
  const { queries, bytes } = stack.upstream()
  return {
    reply,
    harm: stack.faults.length,
    queries: queries - before.queries,
    bytes: bytes - before.bytes,
    victim: victim() - before.victim,
    ms: stack.clock.monotonic() - before.ms,
    cpuMs: (cpu.user + cpu.system) / 1000,
    cacheBytes: stack.cache.stats().bytes,
    signatures: spent.most('signatures'),
    hashes: spent.most('hashes'),
  }
}

/** What the budgets of client questions are charged meanwhile: the most that any one of them paid. */
function watchBudgets() {
  const paid = new Map<Budget, Map<string, number>>()
  const { spend, trySpend } = Budget.prototype
  const note = (budget: Budget, resource: string, amount: number) => {
    const own = paid.get(budget) ?? new Map<string, number>()
    paid.set(budget, own)
    own.set(resource, (own.get(resource) ?? 0) + amount)
  }
  Budget.prototype.spend = function (this: Budget, resource, amount = 1) {
    spend.call(this, resource, amount)
    note(this, resource, amount)
  }
  Budget.prototype.trySpend = function (this: Budget, resource, amount = 1) {
    const taken = trySpend.call(this, resource, amount)
    if (taken) note(this, resource, amount)
    return taken
  }
  return {
    most: (resource: string) => Math.max(0, ...[...paid.values()].map((own) => own.get(resource) ?? 0)),
    stop: () => {
      Budget.prototype.spend = spend
      Budget.prototype.trySpend = trySpend
    },
  }
}

/** 1 unless the victim resolves, and to the truth: what every attack ends with. */
export async function victimHarmed({ stack }: Scene): Promise<number> {
  const reply = await stack.ask('www.victim.zone.', 'A')
  return texts(reply.answers).join() === 'A 203.0.113.80' ? 0 : 1
}

/** The figures of a question without its reply. */
export function figures({ reply: _, ...measured }: Measured & { readonly reply: Message }): Measured {
  return measured
}

export function records(text: string): ResourceRecord[] {
  return parseZone(text, { origin: ROOT, defaultTtl: 3_600 })
}

/** The reply to this query with other content. */
export function saying(reply: Message, change: Partial<Message>): Message {
  return { ...reply, rcode: 0, aa: true, answers: [], authorities: [], additionals: [], ...change }
}

/** A referral by the attacker: NS names (absolute) and glue lines. */
export function referral(
  reply: Message,
  cut: string,
  servers: readonly string[],
  glue: readonly string[] = [],
): Message {
  return saying(reply, {
    aa: false,
    authorities: records(servers.map((server) => `${cut} NS ${server}`).join('\n')),
    additionals: records(glue.join('\n')),
  })
}

export type { Asked, Behaviour }
export { decodeMessage, encodeMessage }
