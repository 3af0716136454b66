/** A virtual clock, a network of promises over it, and rings built on both: what the driver needs, and no more. */
import { setImmediate } from 'node:timers/promises'
import {
  type Cancel,
  ChordnsError,
  type Clock,
  type Log,
  type PeerId,
  type Random,
  type Transport,
} from '../../src/base/index.ts'
import { peerIdFromPublicKey } from '../../src/crypto/index.ts'
import { createRing, type RingParts, type RunningRing } from '../../src/ring/index.ts'
import { keyOf, OPTIONS, scheme } from './world.ts'

export class FakeClock implements Clock {
  #now = 1_700_000_000_000
  #sequence = 0
  readonly #timers = new Map<number, { at: number; callback: () => void }>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): Cancel {
    const key = this.#sequence++
    this.#timers.set(key, { at: this.#now + delayMs, callback })
    return () => this.#timers.delete(key)
  }

  get pending(): number {
    return this.#timers.size
  }

  /** Runs the timers of the next `ms`; promises settle between them. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await setImmediate()
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])
      const first = due[0]
      if (first === undefined) break
      this.#timers.delete(first[0])
      this.#now = first[1].at
      first[1].callback()
      await setImmediate()
    }
    this.#now = end
  }
}

export interface Box {
  readonly name: string
  readonly address: string
  readonly transport: Transport
  readonly ring: RunningRing
  readonly logged: { level: string; message: string }[]
  readonly persisted: { largest: number; incarnation: number }[]
  /** Bodies of requests that reached it. */
  readonly received: Uint8Array[]
  up: boolean
  /** Closes the connections the way a process that dies does. */
  kill(): void
}

/** Each message takes 5 ms; a box that is not up does not answer. */
export class Hub {
  readonly clock = new FakeClock()
  readonly boxes = new Map<string, Box>()
  #random = 1

  readonly random: Random = {
    bytes: (length) => Uint8Array.from({ length }, () => this.random.below(256)),
    below: (bound) => {
      this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((this.#random / 4_294_967_296) * bound)
    },
  }

  box(name: string, bootstrap: readonly string[], overrides: Partial<RingParts> = {}): Box {
    const { clock } = this
    const key = keyOf(name)
    const peer = peerIdFromPublicKey(key)
    const address = `/memory/${name}`
    const gone = new Set<(peer: PeerId) => void>()
    const logged: Box['logged'] = []
    const persisted: Box['persisted'] = []
    const received: Box['received'] = []
    const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
    const byPeer = (id: PeerId) => [...this.boxes.values()].find((box) => box.transport.self === id)
    const write = (level: string) => (_: object, message: string) => void logged.push({ level, message })
    const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }

    const transport: Transport = {
      self: peer,
      addresses: () => [`${address}/p2p/${peer}`],
      connect: async ([target]) => {
        await pause(5)
        const other = this.boxes.get(target!.split('/')[2]!)
        if (other?.up !== true) throw new ChordnsError('PEER_UNREACHABLE', 'nobody there', {})
        return other.transport.self
      },
      request: async (target, body, { timeoutMs }) => {
        await pause(5)
        if (!box.up) throw new ChordnsError('PEER_GONE', 'this box is down', {})
        const other = byPeer(target)
        if (other?.up !== true) {
          await pause(timeoutMs)
          throw new ChordnsError('PEER_TIMEOUT', 'no answer', {})
        }
        other.received.push(body)
        let reply: Uint8Array
        try {
          reply = await other.ring.handle(peer, body)
        } catch {
          throw new ChordnsError('PEER_FAILED', 'the far handler threw', {})
        }
        await pause(5)
        return reply
      },
      learn: () => {},
      onRequest: () => {},
      bulk: () => {
        throw new ChordnsError('PEER_UNREACHABLE', 'no bulk in this world', {})
      },
      onBulk: () => {},
      onPeerGone: (listener) => {
        gone.add(listener)
        return () => gone.delete(listener)
      },
      connectedPeers: () => [],
      close: async () => {},
    }
    const ring = createRing({
      transport,
      clock,
      random: this.random,
      signer: scheme.signer(key),
      scheme,
      options: { ...OPTIONS, bootstrap },
      log,
      addresses: () => [address],
      persist: (state) => void persisted.push(state),
      send: (to, body, options) => transport.request(to, body, options),
      ...overrides,
    })
    const box: Box = {
      name,
      address,
      transport,
      ring,
      logged,
      persisted,
      received,
      up: true,
      kill: () => {
        box.up = false
        for (const other of this.boxes.values()) if (other !== box) other.ring.report(box.ring.self.id, 'failed')
      },
    }
    this.boxes.set(name, box)
    return box
  }
}
