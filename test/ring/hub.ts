import { ChordnsError, type Log, type PeerId, type Transport } from '../../src/base/index.ts'
import { peerIdFromPublicKey } from '../../src/crypto/index.ts'
import { createRing, type RingDeps, type RingHooks, type RunningRing } from '../../src/ring/index.ts'
import { seededRandom } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'
import { keyOf, OPTIONS, scheme } from './world.ts'

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
  readonly clock = testClock(1_700_000_000_000)
  readonly boxes = new Map<string, Box>()
  readonly random = seededRandom('hub')

  box(name: string, bootstrap: readonly string[], overrides: Partial<RingDeps & RingHooks> = {}): Box {
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
      places: Number.POSITIVE_INFINITY,
      keep: () => {},
      dismiss: () => {},
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
    const ring = createRing(
      {
        transport,
        clock,
        random: this.random,
        signer: scheme.signer(key),
        scheme,
        options: { ...OPTIONS, bootstrap },
        log,
        ...overrides,
      },
      {
        addresses: () => [address],
        persist: (state) => void persisted.push(state),
        send: (to, body, options) => transport.request(to, body, options),
        ...overrides,
      },
    )
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
