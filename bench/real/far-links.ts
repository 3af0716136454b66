/**
 * Links as long as those of the Internet under real libp2p connections on one machine: whoever dials holds back each piece of data for
 * half a round trip, in both directions. Places go by the ports that members listen on, which both sides know.
 */
import { asPeerId, type PeerId, type Transport } from '../../src/base/index.ts'
import { latencySpace, seededRandom } from '../../src/sim/index.ts'

export type RoundTrip = (port: string, other: string) => number

export function farRoundTrips(seed: number): RoundTrip {
  const space = latencySpace(seededRandom(`far ${seed}`))
  return (port, other) => space.roundTrip(asPeerId(port), asPeerId(other))
}

export function portOf(address: string): string {
  const port = /\/tcp\/(\d+)/.exec(address)?.[1]
  if (port === undefined) throw new Error(`no port in ${address}`)
  return port
}

/** What libp2p has beside its interface, of a connection that is not encrypted yet. */
interface RawConnection {
  readonly remoteAddr: { toString(): string }
  sendData(data: Iterable<Uint8Array> & { readonly byteLength: number }): { sentBytes: number; canSendMore: boolean }
  onData(data: Uint8Array): void
}

interface Components {
  readonly upgrader: { upgradeOutbound(connection: RawConnection, options: unknown): Promise<unknown> }
}

/** A service of a libp2p node that does nothing but make its links long. */
export function farLinks(roundTrip: RoundTrip, ownPort: () => string) {
  return (components: unknown): object => {
    const { upgrader } = components as Components
    const upgrade = upgrader.upgradeOutbound.bind(upgrader)
    upgrader.upgradeOutbound = (connection, options) => {
      hold(connection, roundTrip(ownPort(), portOf(connection.remoteAddr.toString())) / 2)
      return upgrade(connection, options)
    }
    return {}
  }
}

/** Timers of one length run in the order in which they were set, so that nothing overtakes. */
function hold(connection: RawConnection, ms: number): void {
  const send = connection.sendData.bind(connection)
  const hear = connection.onData.bind(connection)
  connection.sendData = (data) => {
    const pieces = [...data].map((piece) => piece.slice())
    const whole = Object.assign(pieces, { byteLength: data.byteLength })
    setTimeout(() => send(whole), ms)
    return { sentBytes: data.byteLength, canSendMore: true }
  }
  connection.onData = (data) => {
    setTimeout(() => hear(data), ms)
  }
}

/** First byte of a request that is answered with nothing. */
export const NO_ROOM = 0xff
const BARE_TIMEOUT_MS = 5_000

/** How long such a request takes to a peer and back, once the two are connected. Ms. */
export async function bare(transport: Pick<Transport, 'request'>, peer: PeerId): Promise<number> {
  let ms = 0
  for (let i = 0; i < 2; i++) {
    const began = performance.now()
    await transport.request(peer, Uint8Array.of(NO_ROOM), { timeoutMs: BARE_TIMEOUT_MS })
    ms = performance.now() - began
  }
  return ms
}
