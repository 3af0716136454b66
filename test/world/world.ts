/** The embedded Internet: authoritative servers of a few zones, in this process, on loopback addresses. */
import type { Clock, Exchange } from '../../src/base/index.ts'
import { addressText, nameToText, nsName, parseZone, ROOT, sameName, Type, typeToText } from '../../src/dns/index.ts'
import { systemClock } from './clock.ts'
import { worldExchange } from './exchange.ts'
import { Network } from './network.ts'
import { WorldServer } from './server.ts'
import { Listening } from './sockets.ts'
import type { Asked, WorldSpec, ZoneSpec } from './types.ts'

export interface WorldOptions {
  readonly clock?: Clock
  /** False: no sockets are opened; ask through `exchange()`. Default true. */
  readonly sockets?: boolean
}

/** Ports below the range that the system gives to outgoing sockets. */
const FIRST_PORT = 20_000
const PORTS = 12_000
const TRIES = 20

export class World {
  readonly port: number
  readonly servers: ReadonlyMap<string, WorldServer>
  /** What lies between the resolver and the servers; works on `exchange()` only. */
  readonly network: Network
  readonly #spec: WorldSpec
  readonly #clock: Clock
  readonly #listening: Map<string, Listening>
  readonly #sockets: boolean
  readonly #running: Set<string>

  constructor(
    spec: WorldSpec,
    port: number,
    servers: Map<string, WorldServer>,
    open: Map<string, Listening>,
    clock: Clock,
  ) {
    this.#spec = spec
    this.port = port
    this.servers = servers
    this.network = new Network(seeded((spec.seed ?? 1) ^ 0x5eed))
    this.#listening = open
    this.#clock = clock
    this.#sockets = open.size > 0
    this.#running = new Set(servers.keys())
  }

  /** The server of that name; throws when the spec has none. */
  server(name: string): WorldServer {
    const server = this.servers.get(name)
    if (server === undefined) throw new Error(`the world has no server ${name}`)
    return server
  }

  /** Zone-file lines for `iterator.rootHints`: the NS set of the root and its addresses. */
  hintsText(): string {
    const root = this.#spec.zones.find(({ origin }) => origin === '.')
    if (root === undefined) throw new Error('the world has no root zone')
    const records = parseZone(root.text, { origin: ROOT, defaultTtl: 3600 })
    const apex = records.filter(({ name, type }) => name.labels === 0 && type === Type.NS)
    const lines = apex.flatMap(({ rdata }) => {
      const host = nsName(rdata)
      const own = records.filter(({ name, type }) => sameName(name, host) && (type === Type.A || type === Type.AAAA))
      const addresses = own.map(({ type, rdata: address }) => `${typeToText(type)} ${addressText(address)}`)
      const owner = nameToText(host)
      return [`. 3600000 IN NS ${owner}`, ...addresses.map((address) => `${owner} 3600000 IN ${address}`)]
    })
    return `${lines.join('\n')}\n`
  }

  /** Every question of every server, by time. */
  queries(filter?: (asked: Asked) => boolean): Asked[] {
    const all = [...this.servers.values()].flatMap((server) => server.log).sort((a, b) => a.at - b.at)
    return filter === undefined ? all : all.filter(filter)
  }

  /** How many questions the servers received since the logs were cleared. */
  count(filter?: (asked: Asked) => boolean): number {
    return this.queries(filter).length
  }

  clearLog(): void {
    for (const server of this.servers.values()) server.clearLog()
  }

  /** Puts a new version of a zone, or a new zone, on its servers. */
  setZone(spec: ZoneSpec): void {
    for (const name of spec.servers) this.server(name).setZone(spec)
  }

  isRunning(name: string): boolean {
    return this.#running.has(name)
  }

  /** Closes the server's sockets: askers get "port unreachable". Calling it twice is harmless. */
  async stop(name: string): Promise<void> {
    this.server(name)
    this.#running.delete(name)
    const open = this.#listening.get(name)
    this.#listening.delete(name)
    await open?.close()
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.servers.keys()].map((name) => this.stop(name)))
  }

  async restart(name: string): Promise<void> {
    await this.stop(name)
    if (this.#sockets) this.#listening.set(name, await Listening.open(this.server(name), this.port, this.#clock))
    this.#running.add(name)
  }

  async restartAll(): Promise<void> {
    await Promise.all([...this.servers.keys()].map((name) => this.restart(name)))
  }

  /** The upstream port of a resolver, straight to the servers without sockets; time is the world's clock. */
  exchange(from = '127.0.0.1'): Exchange {
    return worldExchange(this, this.#clock, from)
  }
}

/** Starts every server of the spec. Rejects when a fixed port is taken, and leaves nothing open. */
export async function createWorld(spec: WorldSpec, options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? systemClock
  const chance = seeded(spec.seed ?? 1)
  const servers = new Map(
    Object.entries(spec.servers).map(([name, server]) => [name, new WorldServer(name, server, clock, chance)]),
  )
  for (const zone of spec.zones) {
    for (const name of zone.servers) {
      const server = servers.get(name)
      if (server === undefined) throw new Error(`zone ${zone.origin} names an unknown server: ${name}`)
      server.setZone(zone)
    }
  }
  if (options.sockets === false) return new World(spec, spec.port ?? 53, servers, new Map(), clock)
  const { port, open } = await openAll(servers, spec.port, clock)
  return new World(spec, port, servers, open, clock)
}

async function openAll(
  servers: ReadonlyMap<string, WorldServer>,
  fixed: number | undefined,
  clock: Clock,
): Promise<{ port: number; open: Map<string, Listening> }> {
  for (let attempt = 1; ; attempt++) {
    const port = fixed ?? FIRST_PORT + Math.floor(Math.random() * PORTS)
    const names = [...servers.keys()]
    const opened = await Promise.allSettled([...servers.values()].map((server) => Listening.open(server, port, clock)))
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed === undefined) {
      const open = new Map(names.map((name, i) => [name, (opened[i] as PromiseFulfilledResult<Listening>).value]))
      return { port, open }
    }
    await Promise.all(opened.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)))
    if (fixed !== undefined || attempt === TRIES) throw failed.reason
  }
}

/** mulberry32: small, seeded, good enough to lose packets by. Values in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
