/**
 * What goes out by dnstap: messages of clients and to servers, as far as the level of privacy that is in force allows, without names that are kept nowhere. Whoever brings a
 * message here goes on at once, whatever becomes of it.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock, Log } from '../../base/index.ts'
import type { Config, DnstapConfig } from '../../config/index.ts'
import { addressRdata, nameToText, readName } from '../../dns/index.ts'
import {
  type DnstapStats,
  DnstapWriter,
  encodePayload,
  FileOutlet,
  type Outlet,
  SocketOutlet,
  type TapMessage,
} from '../../observe/dnstap/index.ts'
import { ignoresOf, PRIVACY_LEVELS, type PrivacyLevel } from '../../observe/index.ts'
import type { WireEvent } from '../../serve/index.ts'
import { limits } from '../limits.ts'
import type { UpstreamEvent } from './tapped-exchange.ts'
import { unmarkedQuery, unmarkedReply } from './unmarked.ts'

export interface QueryTapDeps {
  readonly clock: Clock
  readonly log: Log
  /** Of this software. */
  readonly version: string
  /** The level that is in force now. */
  readonly level: () => PrivacyLevel
  /** What one client can be told from another by. */
  readonly markOf: (client: string) => string
  /** Default: a socket or file of this machine. */
  readonly outletOf?: (to: DnstapConfig['to']) => Outlet
}

/** A configuration at work. */
interface Tapping {
  readonly config: DnstapConfig
  readonly privacy: PrivacyLevel
  readonly ignores: (name: string) => boolean
  readonly writer: DnstapWriter
}

export class QueryTap {
  readonly #deps: QueryTapDeps
  #tapping: Tapping | undefined
  /** Of readers that are configured no more. */
  readonly #closing = new Set<Promise<void>>()

  constructor(deps: QueryTapDeps) {
    this.#deps = deps
  }

  /** A reader that stays is not left. */
  configure({ dnstap: config, privacy, ignore }: Config['queries']): void {
    const { clock, log } = this.#deps
    const old = this.#tapping
    const isSame = old !== undefined && config !== undefined && isDeepStrictEqual(old.config.to, config.to)
    if (!isSame && old !== undefined) this.#close(old.writer, limits.DNSTAP_CLOSE_MS)
    if (config === undefined) {
      this.#tapping = undefined
      return
    }
    const writer = isSame ? old.writer : new DnstapWriter(this.#outletOf(config.to), { clock, log })
    this.#tapping = { config, privacy, ignores: ignoresOf(ignore), writer }
  }

  /** Undefined: it is off. */
  stats(): DnstapStats | undefined {
    return this.#tapping?.writer.stats()
  }

  /** Whether it has to hear of messages to servers. */
  get wantsUpstream(): boolean {
    const { messages } = this.#tapping?.config ?? { messages: [] }
    return this.#level() !== 'off' && messages.some((type) => !type.startsWith('client-'))
  }

  /** A message of a client, or to one. Never throws. */
  client(event: WireEvent): void {
    this.#offer(`client-${event.kind}`, (tapping) => {
      const level = this.#level()
      if (tapping.ignores(nameToText(event.question.name))) return undefined
      const unmarked = event.kind === 'query' ? unmarkedQuery : unmarkedReply
      const message = level === 'full' ? event.bytes : unmarked(event.bytes)
      // Nobody can say what else is in it.
      if (message === undefined) return undefined
      const address = addressOf(event.client)
      const at = this.#deps.clock.now()
      return {
        message: {
          type: `client-${event.kind}`,
          family: address.length === 4 ? 4 : 6,
          protocol: event.protocol,
          asker: level === 'full' ? { address, port: event.port } : undefined,
          queryAt: at - event.elapsedMs,
          responseAt: event.kind === 'response' ? at : undefined,
          message,
        },
        extra: level === 'clients' ? this.#deps.markOf(event.client) : undefined,
      }
    })
  }

  /** A message to a server, or of one. Never throws. */
  upstream({ kind, about, server, protocol, bytes, elapsedMs }: UpstreamEvent): void {
    const type = about.isForward ? (`forwarder-${kind}` as const) : (`resolver-${kind}` as const)
    this.#offer(type, (tapping) => {
      if (tapping.ignores(nameToText(readName(about.name, 0).name))) return undefined
      const address = addressOf(server.address)
      const at = this.#deps.clock.now()
      return {
        message: {
          type,
          family: address.length === 4 ? 4 : 6,
          protocol,
          server: { address, port: server.port },
          queryAt: at - elapsedMs,
          responseAt: kind === 'response' ? at : undefined,
          message: bytes,
          zone: about.zone,
        },
      }
    })
  }

  /** Ms for what waits still, all readers together. */
  async close(drainMs: number): Promise<void> {
    if (this.#tapping !== undefined) this.#close(this.#tapping.writer, drainMs)
    this.#tapping = undefined
    await Promise.all(this.#closing)
  }

  #close(writer: DnstapWriter, drainMs: number): void {
    const closed = writer.close(drainMs).finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
  }

  #offer(
    type: TapMessage['type'],
    make: (tapping: Tapping) => { readonly message: TapMessage; readonly extra?: string | undefined } | undefined,
  ): void {
    const tapping = this.#tapping
    if (tapping === undefined || !tapping.config.messages.includes(type) || this.#level() === 'off') return
    try {
      const made = make(tapping)
      if (made === undefined) return
      const { identity, sendsVersion } = tapping.config
      const sender = { identity, version: sendsVersion ? `chordns ${this.#deps.version}` : undefined }
      tapping.writer.offer(encodePayload(made.message, sender, made.extra))
    } catch {
      tapping.writer.countDropped()
    }
  }

  /** Somebody may have chosen a stricter one for a while; a laxer one shows more to who chose it, and not to the reader. */
  #level(): PrivacyLevel {
    const { privacy } = this.#tapping ?? { privacy: 'off' as const }
    const now = this.#deps.level()
    return PRIVACY_LEVELS.indexOf(now) < PRIVACY_LEVELS.indexOf(privacy) ? now : privacy
  }

  #outletOf(to: DnstapConfig['to']): Outlet {
    const { outletOf, clock } = this.#deps
    if (outletOf !== undefined) return outletOf(to)
    switch (to.kind) {
      case 'file':
        return new FileOutlet(to.path)
      case 'unix':
        return new SocketOutlet({ path: to.path }, clock)
      case 'tcp':
        return new SocketOutlet({ host: to.endpoint.address, port: to.endpoint.port }, clock)
    }
  }
}

/** Without the interface that an address of a link may have. 4 or 16 octets. */
function addressOf(text: string): Uint8Array {
  return addressRdata(text.replace(/%.*$/, '')).rdata
}
