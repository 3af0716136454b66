/** Loss, duplicates, overtaking and bandwidth: faults of all links at once, each drawn from a stream of its own. */
import type { SeededRandom } from './random.ts'
import type { Weather } from './types.ts'

/** A message that is overtaken is at most this late, ms. */
const LATEST_MS = 300

/** Fair weather; whoever holds it changes the rates. */
export function createWeather(random: SeededRandom): Weather {
  const streams = {
    loss: random.split('loss'),
    duplicates: random.split('duplicates'),
    reorder: random.split('reorder'),
    late: random.split('late'),
  }
  const happens = (stream: SeededRandom, rate: number) => rate > 0 && stream.below(2 ** 32) < rate * 2 ** 32
  return {
    loss: 0,
    duplicates: 0,
    reorder: 0,
    bytesPerSecond: undefined,
    fate() {
      return {
        lost: happens(streams.loss, this.loss),
        duplicated: happens(streams.duplicates, this.duplicates),
        lateMs: happens(streams.reorder, this.reorder) ? 1 + streams.late.below(LATEST_MS) : 0,
      }
    },
  }
}
