import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { limits } from '../../../src/io/limits.ts'
import { PeerStream } from '../../../src/io/streams/peer-stream.ts'
import { virtualClock } from '../../../src/sim/index.ts'

/** A stream of ours, admitted at once, to a peer whose end of the pipe is full from the start. */
async function toSlowPeer() {
  const clock = virtualClock({ settle: setImmediate })
  const closed: Error[] = []
  let takes = false
  const stream = new PeerStream(
    {
      pipe: { send: () => takes, pause: () => {}, resume: () => {}, abort: () => {} },
      remote: asPeerId('slow'),
      role: 'dialer',
      hello: { opening: () => Uint8Array.of(1), receive: () => ({ admitted: true }) },
      clock,
      load: { inWork: 0 },
    },
    {
      handler: () => undefined,
      onAdmitted: () => {},
      onClosed: (_, reason) => void closed.push(reason),
    },
  )
  stream.receive(Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 0, 4))
  await stream.admitted
  await setImmediate()
  const drain = (then: boolean) => {
    takes = then
    stream.drained()
  }
  return { stream, clock, closed, drain }
}

describe('a peer that takes nothing while something waits for it', () => {
  it('is given up after the limit, and not before', async () => {
    const { stream, clock, closed } = await toSlowPeer()
    const work = stream.request(new Uint8Array(1), { timeoutMs: 1_000_000 })
    work.catch(() => {})
    await clock.advanceAsync(limits.SLOW_MS - 1)
    expect(closed).toEqual([])
    await clock.advanceAsync(1)
    expect(closed).toMatchObject([{ code: 'PEER_SLOW' }])
    await expect(work).rejects.toMatchObject({ code: 'PEER_GONE' })
    expect(clock.pending).toBe(0)
  })

  it('starts anew with whatever it takes', async () => {
    const { stream, clock, closed, drain } = await toSlowPeer()
    stream.request(new Uint8Array(1), { timeoutMs: 1_000_000 }).catch(() => {})
    for (let i = 0; i < 5; i++) {
      await clock.advanceAsync(limits.SLOW_MS - 1)
      drain(false)
      stream.request(new Uint8Array(1), { timeoutMs: 1_000_000 }).catch(() => {})
    }
    expect(closed).toEqual([])
    await clock.advanceAsync(limits.SLOW_MS)
    expect(closed).toMatchObject([{ code: 'PEER_SLOW' }])
  })

  it('may be idle for as long as it likes once it has taken all', async () => {
    const { stream, clock, closed, drain } = await toSlowPeer()
    drain(true)
    stream.request(new Uint8Array(1), { timeoutMs: 10 }).catch(() => {})
    await clock.advanceAsync(100 * limits.SLOW_MS)
    expect(closed).toEqual([])
    expect(clock.pending).toBe(0)
  })
})
