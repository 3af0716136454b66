/**
 * A case in a few lines: zones, how each is signed, what each server has and does; then a whole resolver in virtual time,
 * from the packet of a stub to the upstream port. Everything can change while time passes.
 */
import { type Message, optionsOf, rcodeToText, readEde } from '../../src/dns/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import { makeStack, newClock, START_MS, type Stack, type StackOptions } from '../attacks/stack.ts'
import { type AskFlags, texts } from './ask.ts'
import { composeSpec, type ZonePlan } from './compose.ts'
import { copyOf, editedText, type ZoneCopy } from './copies.ts'
import { type Algorithm, makeKeys, type ZoneKeys } from './keys.ts'
import { type SignedWorld, type SignOptions, signWorld } from './sign.ts'
import { type SteppingClock, steppingClock } from './step-clock.ts'
import type { Behaviour, WorldSpec, ZoneSpec } from './types.ts'
import { createWorld, type World } from './world.ts'

export interface ScenarioZone {
  /** Zone-file text without SOA and apex NS; names without a final dot belong to the zone. */
  readonly text?: string
  /** How many servers (ns1.<zone>, ns2.<zone> ...), or their host names. Default 1. */
  readonly servers?: number | readonly string[]
  /** Seconds of the NS sets and of negative answers. Defaults 86400 and 300. */
  readonly nsTtl?: number
  readonly negativeTtl?: number
  /** Signed, from the root down if all zones above are signed, too. Valid for 30 days from the start of virtual time. */
  readonly signed?: boolean | Omit<SignOptions, 'keys'>
  /** RRsets that take the place of those made up, DS sets of children included; and RRsets that are not there. */
  readonly records?: string
  readonly without?: readonly string[]
  /** Other versions on some servers, by server name. */
  readonly copies?: Readonly<Record<string, ZoneCopy>>
}

export interface ScenarioSpec {
  /** By origin; a text is short for `{ text }`. The root is there without being named. */
  readonly zones: Readonly<Record<string, string | ScenarioZone>>
  /** What servers do, by name: 'ns1.example.com', 'a.root'. See odd.ts. */
  readonly servers?: Readonly<Record<string, Behaviour>>
  /** Addresses of hosts by absolute name; others are made up: 127.54.<zone>.<n>. None: a name server without an address. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>
  /** Ms to every server and back, or by server name. Default 20. */
  readonly rttMs?: number | Readonly<Record<string, number>>
  /** Ms by which the resolver's wall clock is ahead at its start. */
  readonly clockAheadMs?: number
  readonly config?: StackOptions['config']
  /** Seed of the first resolver: which server it draws. Default 1. */
  readonly seed?: number
  readonly seedOfLoss?: number
}

export interface Scenario {
  readonly world: World
  /** The resolver's clock: `clock.step(ms)` sets its wall time. */
  readonly clock: VirtualClock & SteppingClock
  readonly stack: Stack
  /** DS line of the root; empty when nothing is signed. */
  readonly anchorText: string
  /** The reply as text: "NOERROR AD: A 192.0.2.1", "NXDOMAIN", "SERVFAIL". The query has AD set. */
  ask(name: string, type?: string, flags?: AskFlags): Promise<string>
  /** The reply itself. */
  reply(name: string, type?: string, flags?: AskFlags): Promise<Message>
  /** Asks each of so many fresh resolvers once: which server is asked first is drawn. Returns the different texts. */
  askFresh(count: number, name: string, type?: string, flags?: AskFlags): Promise<string[]>
  /** A resolver that knows nothing yet, in the same world. */
  fresh(
    seed: number,
    config?: StackOptions['config'],
    change?: Pick<StackOptions, 'cache' | 'exchange' | 'toldBy' | 'takeTold'>,
  ): Stack
  /** Lets so many seconds pass. */
  wait(seconds: number): Promise<void>
  /** Changes zones: the named settings, and `keys: 'new'` for a new key pair; then all is signed again and served. */
  change(zones: Readonly<Record<string, ScenarioZone & { readonly keys?: 'new' }>>): void
  /** Queries that the servers received since `world.clearLog()`: "ns1.com www.example.com. A". */
  asked(server?: string): string[]
}

export async function scenario(spec: ScenarioSpec): Promise<Scenario> {
  const plan = new Plan(spec)
  const clock = steppingClock(newClock(), spec.clockAheadMs ?? 0)
  const world = await createWorld(plan.build(), { sockets: false, clock })
  const rtt = spec.rttMs ?? 20
  const names = new Map([...world.servers.values()].flatMap(({ name, addresses }) => addresses.map((a) => [a, name])))
  world.network.setRtt(typeof rtt === 'number' ? rtt : (address) => rtt[names.get(address) ?? ''] ?? 20)
  const fresh: Scenario['fresh'] = (seed, config = {}, change = {}) =>
    makeStack({
      ...change,
      world,
      clock,
      seed,
      config: { ...spec.config, ...config },
      ...(plan.anchorText !== '' && { anchor: plan.anchorText }),
    })
  const stack = fresh(spec.seed ?? 1)
  const reply: Scenario['reply'] = (name, type = 'A', flags = {}) => stack.ask(name, type, { ad: true, ...flags })
  return {
    world,
    clock,
    stack,
    anchorText: plan.anchorText,
    reply,
    ask: async (name, type, flags) => told(await reply(name, type, flags)),
    async askFresh(count, name, type = 'A', flags = {}) {
      const seen = new Set<string>()
      for (let seed = 1; seed <= count; seed++)
        seen.add(told(await fresh(seed).ask(name, type, { ad: true, ...flags })))
      return [...seen]
    },
    fresh,
    wait: (seconds) => clock.advanceAsync(seconds * 1000),
    change(zones) {
      for (const zone of plan.change(zones).zones) world.setZone(zone)
    },
    asked: (server) =>
      world
        .queries((asked) => server === undefined || asked.server === server)
        .map((asked) => `${asked.server} ${asked.name.toLowerCase()} ${asked.type}`),
  }
}

export * as odd from './odd.ts'

/** "NOERROR AD: A 192.0.2.1, A 192.0.2.2": records in the order of the text. */
export function told({ rcode, ad, answers }: Message): string {
  const records = texts(answers).sort().join(', ')
  return `${rcodeToText(rcode)}${ad ? ' AD' : ''}${records === '' ? '' : `: ${records}`}`
}

/** The extended errors of a reply: [9]. */
export const edes = (message: Message): number[] => readEde(optionsOf(message)).map(({ code }) => code)

/** Unix seconds of the start of virtual time, and how signatures are made for it. */
export const START = START_MS / 1000
const VALID = { inception: START - 3_600, expiration: START + 30 * 86_400 }

/** The zones as they stand, and the keys that they keep while other things change. */
class Plan {
  readonly #spec: ScenarioSpec
  readonly #keys = new Map<string, ZoneKeys>()
  readonly #zones: Map<string, ScenarioZone>
  anchorText = ''

  constructor(spec: ScenarioSpec) {
    this.#spec = spec
    const all = Object.entries('.' in spec.zones ? spec.zones : { '.': '', ...spec.zones })
    const whole = all.map(([origin, zone]) => [origin, typeof zone === 'string' ? { text: zone } : zone] as const)
    this.#zones = new Map(whole)
    // The root is signed when anything is: nobody wants to say so each time.
    if (!('.' in spec.zones) && whole.some(([, { signed }]) => signed)) this.#zones.set('.', { signed: true })
  }

  change(zones: Parameters<Scenario['change']>[0]): WorldSpec {
    for (const [origin, { keys, ...change }] of Object.entries(zones)) {
      if (keys === 'new') this.#keys.delete(origin)
      this.#zones.set(origin, { ...this.#zones.get(origin), ...change })
    }
    return this.build()
  }

  build(): WorldSpec {
    const plain = composeSpec(this.#composed())
    const unsigned = plain.zones.map((zone) => {
      const { signed, ...own } = this.#zones.get(zone.origin)!
      return signed ? zone : { ...zone, text: edited(zone.origin, zone.text, own) }
    })
    const world = signWorld({ ...plain, zones: unsigned }, this.#signing())
    this.anchorText = world.anchorText
    return { ...world.spec, zones: world.spec.zones.map((zone) => this.#withCopies(zone, world)) }
  }

  #signing(): Record<string, SignOptions> {
    const signed = [...this.#zones].flatMap(([origin, zone]) => {
      if (!zone.signed) return []
      const how: SignOptions = zone.signed === true ? {} : zone.signed
      const keys = this.#keysOf(origin, how.algorithm ?? 13)
      const edit = (text: string) => edited(origin, text, zone)
      return [[origin, { ...VALID, ...how, keys, edit }] as const]
    })
    return Object.fromEntries(signed)
  }

  #keysOf(origin: string, algorithm: Algorithm): ZoneKeys {
    const keys = this.#keys.get(origin) ?? makeKeys(algorithm)
    this.#keys.set(origin, keys)
    return keys
  }

  #withCopies(zone: ZoneSpec, world: SignedWorld): ZoneSpec {
    const copies = Object.entries(this.#zones.get(zone.origin)?.copies ?? {})
    if (copies.length === 0) return zone
    for (const [server] of copies)
      if (!zone.servers.includes(server)) throw new Error(`${server} does not carry ${zone.origin}`)
    const own = copies.map(([server, copy]) => [server, copyOf(world, zone.origin, copy)] as const)
    return { ...zone, copies: Object.fromEntries(own) }
  }

  #composed() {
    const hosts: Record<string, readonly string[]> = {}
    const zones = [...this.#zones].map(([origin, zone], index): ZonePlan => {
      const { servers = 1, text = '', nsTtl, negativeTtl } = zone
      const nameServers =
        typeof servers === 'number'
          ? Array.from({ length: servers }, (_, i) =>
              origin === '.' ? `${'abcdefghijklm'[i]}.root.` : `ns${i + 1}.${origin}`,
            )
          : servers
      nameServers.forEach((host, i) => {
        hosts[host] ??= this.#spec.hosts?.[host] ?? [`127.54.${index}.${i + 1}`]
      })
      return { origin, nameServers, text, ...(nsTtl && { nsTtl }), ...(negativeTtl && { negativeTtl }) }
    })
    const behaviours = this.#spec.servers ?? {}
    const known = { ...this.#spec.hosts, ...hosts }
    const unknown = Object.keys(behaviours).filter((name) => !(`${name}.` in known))
    if (unknown.length > 0) throw new Error(`the scenario has no server ${unknown.join(', ')}`)
    return { hosts: known, zones, behaviours, seed: this.#spec.seedOfLoss ?? 1 }
  }
}

const edited = (origin: string, text: string, { records, without }: ScenarioZone): string =>
  records === undefined && without === undefined
    ? text
    : editedText(origin, text, { ...(records && { records }), ...(without && { without }) })
