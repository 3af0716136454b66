/** Waiting for a state of sockets, threads and processes, which comes when it comes: the machine may be slow, and busy otherwise. */
import { setImmediate, setTimeout } from 'node:timers/promises'

/** Of whatever must come: less than a test may take, so that this says what did not. */
const PATIENCE_MS = 100_000
/** At first only what is ready now has its turn; what takes longer is not waited for by a core that spins. */
const TURNS = 50

/** Lets sockets, timers and promises run until `isSo` holds. */
export async function until(isSo: () => boolean, what = String(isSo), timeoutMs = PATIENCE_MS): Promise<void> {
  const end = performance.now() + timeoutMs
  for (let turn = 0; !isSo(); turn++) {
    if (performance.now() > end) throw new Error(`it did not come to this: ${what}`)
    await (turn < TURNS ? setImmediate() : setTimeout(1))
  }
}
