import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { limits } from '../../../src/io/limits.ts'
import { encodePeerFrame, PeerFrameKind } from '../../../src/io/streams/peer-frames.ts'
import { PeerStream } from '../../../src/io/streams/peer-stream.ts'
import { virtualClock } from '../../../src/sim/index.ts'

/** A stream of ours, admitted at once, to a peer of which nothing comes unless `say` is called. */
async function toSilentPeer() {
  const clock = virtualClock({ settle: setImmediate })
  const deaf: number[] = []
  const stream = new PeerStream(
    {
      pipe: { send: () => true, pause: () => {}, resume: () => {}, abort: () => {} },
      remote: asPeerId('silent'),
      role: 'dialer',
      hello: { opening: () => Uint8Array.of(1), receive: () => ({ admitted: true }) },
      clock,
      load: { inWork: 0 },
    },
    { handler: () => undefined, onAdmitted: () => {}, onClosed: () => {}, onDeaf: (_, since) => void deaf.push(since) },
  )
  stream.receive(Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 0, 4))
  await stream.admitted
  const ask = async (timeoutMs = 2_000) => {
    const asked = stream.request(new Uint8Array(1), { timeoutMs }).catch((error) => error.code)
    await clock.advanceAsync(timeoutMs)
    return asked
  }
  const say = () => stream.receive(encodePeerFrame({ id: 999, kind: PeerFrameKind.REPLY, payload: new Uint8Array(1) }))
  return { stream, clock, deaf, ask, say }
}

describe('a peer of which nothing comes any more', () => {
  it('is said to be deaf when requests time out for so long', async () => {
    const { ask, deaf, clock } = await toSilentPeer()
    const began = clock.monotonic()
    while (clock.monotonic() - began < limits.DEAF_MS - 2_000) {
      expect(await ask()).toBe('PEER_TIMEOUT')
      expect(deaf).toEqual([])
    }
    await ask()
    expect(deaf).toEqual([began])
  })

  it('is not while it says anything at all, however late', async () => {
    const { ask, deaf, say } = await toSilentPeer()
    for (let i = 0; i < 20; i++) {
      await ask()
      say()
    }
    expect(deaf).toEqual([])
  })

  it('may be silent for as long as nobody asks it', async () => {
    const { ask, deaf, clock } = await toSilentPeer()
    await clock.advanceAsync(100 * limits.DEAF_MS)
    await ask()
    expect(deaf).toEqual([])
  })

  it('is judged anew after each word of it', async () => {
    const { ask, deaf, say } = await toSilentPeer()
    await ask(limits.DEAF_MS - 1)
    say()
    await ask(limits.DEAF_MS - 1)
    expect(deaf).toEqual([])
    await ask(1)
    expect(deaf).toHaveLength(1)
  })
})
