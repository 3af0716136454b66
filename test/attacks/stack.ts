/** The whole resolver from the packet of a stub to the upstream port, as `peer.ts` puts it together, in virtual time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Exchange, Log, UpstreamQuery } from '../../src/base/index.ts'
import { createCache } from '../../src/cache/index.ts'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { decodeMessage, encodeMessage, type Message, type Name } from '../../src/dns/index.ts'
import { Core, type CoreHooks } from '../../src/peer/core/core.ts'
import type { Recursor } from '../../src/recurse/index.ts'
import type { Resolver } from '../../src/resolver/index.ts'
import { clientBook } from '../../src/serve/access/access.ts'
import { type Asker, Desk } from '../../src/serve/desk/desk.ts'
import { AnswerKeeper } from '../../src/serve/fast/keeper.ts'
import { StreamAnswers } from '../../src/serve/fast/stream-answers.ts'
import { AnswerTable } from '../../src/serve/fast/table/table.ts'
import { compileAccess, type ServeLimits, serveLimits } from '../../src/serve/index.ts'
import { seededRandom, type VirtualClock } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'
import { type AskFlags, type AskQuestion, queryFor, type World } from '../world/index.ts'

/** Real time will do, too: `run` then only waits. */
export type StackClock = Clock & Pick<VirtualClock, 'run'>

export interface StackOptions<C extends StackClock = StackClock> {
  readonly world: World
  readonly clock: C
  readonly seed?: number
  /** DS line of the root; without it nothing is validated. */
  readonly anchor?: string
  /** Dotted configuration keys, e.g. `cache.maxBytes`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Other bounds of the door. */
  readonly serve?: Partial<ServeLimits>
  /** A cache that has something in it already: read from disk. */
  readonly cache?: ReturnType<typeof createCache>
  /** Around the world's own. */
  readonly exchange?: (inner: Exchange) => Exchange
  /** Whose word an answer in the cache is. */
  readonly toldBy?: CoreHooks['toldBy']
  /** Takes what the household has told. */
  readonly takeTold?: CoreHooks['takeTold']
}

export interface Upstream {
  /** Queries sent, and bytes of replies that were accepted. */
  readonly queries: number
  readonly tcp: number
  readonly bytes: number
}

export interface Stack<C extends StackClock = VirtualClock> {
  readonly world: World
  readonly clock: C
  readonly cache: ReturnType<typeof createCache>
  readonly recursor: Recursor
  readonly resolver: Resolver
  readonly desk: Desk
  /** Complaints of the program about itself: there must be none. */
  readonly faults: readonly string[]
  upstream(): Upstream
  /** Asks and lets time pass until the answer is there. Rejects when none was sent. */
  ask(name: string, type?: AskQuestion['type'], flags?: AskFlags & { readonly from?: string }): Promise<Message>
  /** Hands a packet to the door; `reply` gets what is sent back. False: it is dealt with, `settled` will not be called. */
  take(packet: Uint8Array, reply: (bytes: Uint8Array) => void, from?: Partial<Asker>): boolean
}

/** 2026-03-01 12:00:00 UTC. Signatures of a world are made for the time of its clock. */
export const START_MS = Date.UTC(2026, 2, 1, 12)

export const newClock = (): VirtualClock => testClock(START_MS)

export function defaultConfig(overrides: Readonly<Record<string, unknown>> = {}): Config {
  return loadConfig({ env: {}, overrides, readFile: () => undefined }).config
}

export function makeStack<C extends StackClock>(options: StackOptions<C>): Stack<C> {
  const { world, clock, anchor } = options
  const config = defaultConfig({
    'cache.maxBytes': '4MiB',
    'cache.prefetch': false,
    'iterator.rootHints': fileWith(world.hintsText()),
    'iterator.port': world.port,
    'iterator.queryLoopback': true,
    'iterator.ipv6': false,
    'dnssec.validate': anchor !== undefined,
    ...(anchor !== undefined && { 'dnssec.trustAnchors': fileWith(anchor) }),
    ...options.config,
  })
  const random = seededRandom(options.seed ?? 1)
  const faults: string[] = []
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (detail, message) => void faults.push(`${message}: ${JSON.stringify(detail)}`),
  }
  const limits = { ...serveLimits, ...options.serve }
  const fast = process.env['CHORDNS_TEST_FAST'] === '1' ? new TableInFront(clock, limits) : undefined
  const onChange = (name: Name | undefined) => fast?.changed(name)
  const cache = options.cache ?? createCache({ ...config.cache, seed: random.bytes(8), clock }, { onChange })
  const counts = { queries: 0, tcp: 0, bytes: 0 }
  const exchange = counting((options.exchange ?? ((inner) => inner))(world.exchange()), counts)
  const core = new Core(
    { cache, exchange, clock, random, log },
    {
      ownListeners: () => [],
      chunks: () => undefined,
      ...(options.toldBy !== undefined && { toldBy: options.toldBy }),
      ...(options.takeTold !== undefined && { takeTold: options.takeTold }),
    },
    config,
  )
  const { resolver, recursor } = core
  const desk = new Desk(
    {
      resolver,
      options: { listen: 'auto', access: config.access, explain: false, minimalResponses: true },
      clientOf: clientBook(compileAccess({ allow: ['0.0.0.0/0'] }), 10_000),
      clock,
      log,
      limits,
      // A cache from elsewhere tells nobody of its changes.
      memory: options.cache === undefined ? fast?.keeper : undefined,
    },
    { onQuery: () => {}, onNotify: (zone, from) => core.notified(zone, from) },
  )
  const take: Stack['take'] = (packet, reply, from = {}) => {
    const asker: Asker = { address: '127.0.0.1', port: 4_000, protocol: 'tcp', send: reply, ...from }
    return fast?.answer(packet, asker) !== true && desk.receive(packet, asker) !== undefined
  }
  return {
    world,
    clock,
    cache,
    recursor,
    resolver,
    desk,
    faults,
    upstream: () => ({ ...counts }),
    ask: (name, type = 'A', flags = {}) => clock.run(askOnce(take, name, type, flags)),
    take,
  }
}

/** With CHORDNS_TEST_FAST=1: the table of answers before the desk, as connections ask it. */
class TableInFront {
  readonly keeper: AnswerKeeper
  readonly #table = new AnswerTable({ bytes: 2 ** 20, seed: new Uint8Array(8).fill(5) })
  readonly #answers: StreamAnswers

  constructor(clock: Clock, limits: ServeLimits) {
    this.keeper = new AnswerKeeper(this.#table, { clock, limits, tellsAll: false, mayRemember: () => true })
    this.#answers = new StreamAnswers(
      { table: this.#table.shared, clock, limits, cookieSecret: undefined },
      { onHint: () => {} },
    )
  }

  changed(name: Name | undefined): void {
    if (name === undefined) this.#table.drop()
    else this.#table.changed(name.wire)
  }

  /** False: the desk is asked. */
  answer(packet: Uint8Array, { address, port, protocol, send }: Asker): boolean {
    if (protocol !== 'tcp') return false
    const { replies } = this.#answers.answer([packet], this.#answers.senderOf({ address, port }), false)
    if (replies === undefined) return false
    send(replies.subarray(2))
    return true
  }
}

let dir: string | undefined
const files = new Map<string, string>()

/** A file with this text, the same one for the same text; gone when the process ends. */
function fileWith(text: string): string {
  if (dir === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'chordns-stack-'))
    dir = made
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  const file = files.get(text) ?? join(dir, `${files.size}.txt`)
  if (!files.has(text)) writeFileSync(file, text)
  files.set(text, file)
  return file
}

/** Over TCP, so that what was too long for a datagram is not the test's concern. */
function askOnce(
  take: Stack['take'],
  name: string,
  type: AskQuestion['type'],
  flags: AskFlags & { readonly from?: string },
): Promise<Message> {
  const { from, ...rest } = flags
  return new Promise((resolve, reject) => {
    let sent = false
    const inWork = take(
      encodeMessage(queryFor({ name, ...(type === undefined ? {} : { type }) }, rest)),
      (bytes) => {
        sent = true
        resolve(decodeMessage(bytes))
      },
      {
        ...(from === undefined ? {} : { address: from }),
        settled: () => {
          if (!sent) reject(new Error(`no answer for ${name}`))
        },
      },
    )
    if (!inWork && !sent) reject(new Error(`no answer for ${name}`))
  })
}

function counting(inner: Exchange, counts: { queries: number; tcp: number; bytes: number }): Exchange {
  return {
    families: () => inner.families(),
    async exchange(query: UpstreamQuery) {
      counts.queries++
      if (query.protocol === 'tcp') counts.tcp++
      const reply = await inner.exchange(query)
      counts.bytes += reply.length
      return reply
    },
  }
}
