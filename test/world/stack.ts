/** A whole resolver in process over a world without sockets: cache, recursion with validation, resolver, reply. */
import { randomBytes, randomInt } from 'node:crypto'
import { type Clock, errorText } from '../../src/base/index.ts'
import { type Cache, createCache } from '../../src/cache/index.ts'
import type { Chunks } from '../../src/chunks/index.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/index.ts'
import { parseTrustAnchors, supportedAlgorithms, supportedDigests } from '../../src/dnssec/index.ts'
import { parseHints } from '../../src/iterator/index.ts'
import {
  createRecursor,
  type DelegationSource,
  type Recursor,
  type RecursorOptions,
  type ValidationOptions,
} from '../../src/recurse/index.ts'
import { createResolver, type LocalNames, type Resolver, type ResolverOptions } from '../../src/resolver/index.ts'
import { classify } from '../../src/serve/desk/etiquette.ts'
import { replyMessage } from '../../src/serve/desk/reply.ts'
import { type AskFlags, type AskQuestion, queryFor } from './ask.ts'
import { systemClock } from './clock.ts'
import type { World } from './world.ts'

export interface StackOptions {
  /** DS lines; without them nothing is validated. */
  readonly anchors?: string
  readonly clock?: Clock
  readonly chunks?: Chunks
  readonly resolver?: Partial<ResolverOptions>
  readonly recursor?: Partial<RecursorOptions>
  /** What a ring has agreed on of zones. */
  readonly delegations?: DelegationSource
  /** Names that are answered here; without it, special-use names only. */
  readonly local?: LocalNames
  /** The address that the authorities see it ask from. */
  readonly from?: string
  /** Instead of the usual ones. */
  readonly validation?: Partial<ValidationOptions>
  readonly negativeAnchors?: RecursorOptions['stubs'][number]['zone'][]
}

export interface Stack {
  readonly cache: Cache
  readonly recursor: Recursor
  readonly resolver: Resolver
  /** As a stub sees it, without sockets. */
  ask(question: AskQuestion, flags?: AskFlags): Promise<Message>
}

export function createStack(world: World, options: StackOptions = {}): Stack {
  const clock = options.clock ?? systemClock
  const random = {
    bytes: (length: number) => new Uint8Array(randomBytes(length)),
    below: (bound: number) => randomInt(bound),
  }
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (detail: object, text: string) => console.error(text, errorText(detail)),
  }
  const cache = createCache({
    maxBytes: 8 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 0,
    seed: random.bytes(8),
    clock,
  })
  const { anchors } = options
  const recursor = createRecursor({
    exchange: world.exchange(options.from),
    cache,
    clock,
    random,
    log,
    delegations: options.delegations,
    options: {
      rootHints: parseHints(world.hintsText()),
      port: world.port,
      ipv4: true,
      ipv6: false,
      queryLoopback: true,
      qnameMinimisation: 'relaxed',
      caseRandomisation: true,
      stubs: [],
      forwards: [],
      ...options.recursor,
    },
    ...(anchors !== undefined && {
      validation: {
        anchors: () => parseTrustAnchors(anchors),
        negativeAnchors: options.negativeAnchors ?? [],
        algorithms: supportedAlgorithms({ sha1: 'validate' }),
        digests: supportedDigests({ sha1: 'validate' }),
        now: () => Math.floor(clock.now() / 1000),
        ...options.validation,
      },
    }),
  })
  const resolver = createResolver(
    {
      cache,
      recursor,
      chunks: options.chunks,
      clock,
      log,
      contextOf: (question) => recursor.contextOf(question),
      ...(options.local !== undefined && { local: options.local }),
    },
    { order: 'race', hedgeMs: 'auto', strict: false, serveStale: false, prefetch: false, ...options.resolver },
  )
  return {
    cache,
    recursor,
    resolver,
    async ask(question, flags) {
      const packet = encodeMessage(queryFor(question, flags))
      const verdict = classify(packet, { allowed: true, protocol: 'tcp', port: 4_000 })
      if (verdict.kind !== 'ask') throw new Error(`the front end would not ask the resolver: ${verdict.kind}`)
      const { query } = verdict
      const resolution = await resolver.resolve({
        question: query.question,
        recursionDesired: query.message.rd,
        checkingDisabled: query.message.cd,
        dnssecOk: query.message.edns?.do === true,
        authenticData: query.message.ad,
        client: 'test',
        signal: new AbortController().signal,
      })
      const reply = replyMessage(query, resolution, { explain: false, minimalResponses: true, protocol: 'tcp' })
      return decodeMessage(encodeMessage(reply))
    },
  }
}
