/**
 * The ring of a node that nobody told of one, as long as nobody else is in it: of no use to answers, and half of what a node would load and keep in memory
 * (docs/decisions/0184). It begins when a command or a page asks for it, or when somebody comes to its port: a member to be has the secret from this node, by an invitation,
 * which begins it, or by a copy of the file.
 */
import { createServer, type Server } from 'node:net'
import { errorText, type Log } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import { knowsOthers } from '../ring/run/stored.ts'
import { hasSettings } from '../settings/stored.ts'
import type { DataFile } from './disk.ts'

/** False where others may know of the ring, or what is kept of it holds for answers. Throws STORE_*. */
export function mayWait({ ring, ledger }: Config, kept: Pick<DataFile, 'ring' | 'settings'>): boolean {
  const { byDefault, admission, mdns, rendezvous } = ring
  const isFound = admission !== 'psk' || mdns || rendezvous.length > 0 || ledger.genesis !== undefined
  return byDefault && !isFound && !knowsOthers(kept.ring) && !hasSettings(kept.settings)
}

export interface WaitingRingDeps {
  /** Multiaddrs. */
  readonly listen: readonly string[]
  readonly log: Log
}

export interface WaitingRingHooks {
  /** Called once at most, when the ports are free. What it rejects with is logged. */
  readonly begin: () => Promise<void>
}

export class WaitingRing {
  readonly #deps: WaitingRingDeps
  readonly #hooks: WaitingRingHooks
  #doors: readonly Server[] = []
  #beginning: Promise<void> | undefined

  constructor(deps: WaitingRingDeps, hooks: WaitingRingHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /** Whoever connects begins the ring, is sent away, and finds it when it comes again. */
  async watch(): Promise<void> {
    const opened = await Promise.all(this.#deps.listen.map((address) => doorAt(address, () => this.#visited())))
    this.#doors = opened.filter((door) => door !== undefined)
  }

  /** Resolves when the ring has begun, or cannot begin. */
  awake(): Promise<void> {
    this.#beginning ??= this.#begin()
    return this.#beginning
  }

  /** What has begun has ended beginning when it resolves; nothing begins any more. */
  async stop(): Promise<void> {
    this.#beginning ??= Promise.resolve()
    await this.#beginning
    await this.#close()
  }

  #visited(): void {
    if (this.#beginning === undefined)
      this.#deps.log.info({}, 'somebody has come to the port for peers: the ring begins')
    void this.awake()
  }

  async #begin(): Promise<void> {
    try {
      await this.#close()
      await this.#hooks.begin()
    } catch (error) {
      this.#deps.log.error({ error: errorText(error) }, 'the ring did not begin')
    }
  }

  async #close(): Promise<void> {
    const doors = this.#doors
    this.#doors = []
    await Promise.all(doors.map((door) => new Promise((resolve) => door.close(resolve))))
  }
}

/** Undefined where the port is chosen later or cannot be had: then nobody knows where to come. */
function doorAt(address: string, onVisit: () => void): Promise<Server | undefined> {
  const [, kind, host, port] = /^\/(ip[46])\/([^/]+)\/tcp\/(\d+)$/.exec(address) ?? []
  if (host === undefined || Number(port) === 0) return Promise.resolve(undefined)
  const door = createServer((socket) => {
    socket.destroy()
    onVisit()
  })
  return new Promise((resolve) => {
    door.once('error', () => resolve(undefined))
    door.listen({ host, port: Number(port), ipv6Only: kind === 'ip6' }, () => {
      door.on('error', () => {})
      resolve(door)
    })
  })
}
