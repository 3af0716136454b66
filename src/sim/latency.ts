/**
 * Delays as between hosts of the Internet: places in a plane and a height for the access line (Dabek et al., Vivaldi 2004),
 * around a few continents. The round trips have the long tail of the King data set (Gummadi et al. 2002: median about 80 ms,
 * a tenth above 200 ms).
 */
import type { PeerId } from '../base/index.ts'
import type { SeededRandom } from './random.ts'

export interface LatencySpace {
  /** One-way delay of one message now, ms: half of the round trip, and jitter. */
  delay(from: PeerId, to: PeerId): number
  /** Round trip without jitter, ms. */
  roundTrip(from: PeerId, to: PeerId): number
  /** Which of the continents a peer is on, from 0. */
  region(peer: PeerId): number
  /** All delays are this many times as long. */
  factor: number
}

/** Centres in ms of round trip, and the share of hosts there. */
const CONTINENTS = [
  { x: 0, y: 0, share: 45 },
  { x: 75, y: 10, share: 35 },
  { x: 140, y: 90, share: 20 },
] as const
const SPREAD_MS = 18
/** Mean of the exponential delay of an access line. */
const HEIGHT_MS = 9
const JITTER_MS = 3
const LONGEST_ROUND_TRIP_MS = 420

interface Place {
  readonly x: number
  readonly y: number
  readonly height: number
  readonly region: number
}

/** A place depends on the seed and the peer only, jitter on the messages before. */
export function latencySpace(random: SeededRandom): LatencySpace {
  const places = new Map<PeerId, Place>()
  const jitter = random.split('jitter')
  const uniform = (stream: SeededRandom) => (stream.below(2 ** 32) + 0.5) / 2 ** 32
  const exponential = (stream: SeededRandom, mean: number) => -mean * Math.log(uniform(stream))

  function placeOf(peer: PeerId): Place {
    const known = places.get(peer)
    if (known !== undefined) return known
    const stream = random.split(`place ${peer}`)
    let dice = stream.below(100)
    let region = 0
    while (dice >= CONTINENTS[region]!.share) dice -= CONTINENTS[region++]!.share
    const { x, y } = CONTINENTS[region]!
    const turn = 2 * Math.PI * uniform(stream)
    const far = exponential(stream, SPREAD_MS)
    // One line in ten is bad: dial-up, satellite, a full queue.
    const height = exponential(stream, HEIGHT_MS) * (stream.below(10) === 0 ? 8 : 1)
    const place = { x: x + far * Math.cos(turn), y: y + far * Math.sin(turn), height, region }
    places.set(peer, place)
    return place
  }

  function roundTrip(from: PeerId, to: PeerId): number {
    const a = placeOf(from)
    const b = placeOf(to)
    return Math.min(LONGEST_ROUND_TRIP_MS, Math.hypot(a.x - b.x, a.y - b.y) + a.height + b.height)
  }

  return {
    factor: 1,
    delay(from, to) {
      return this.factor * (roundTrip(from, to) / 2 + exponential(jitter, JITTER_MS))
    },
    roundTrip,
    region: (peer) => placeOf(peer).region,
  }
}
