import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  asPeerId,
  baseLimits,
  type ChordnsError,
  type Doorkeeper,
  type HelloSession,
  type RequestHandler,
} from '../../../src/base/index.ts'
import { limits } from '../../../src/io/limits.ts'
import { encodePeerFrame, type PeerFrame, PeerFrameKind, PeerFrameReader } from '../../../src/io/streams/peer-frames.ts'
import { PeerStream } from '../../../src/io/streams/peer-stream.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { seededRandom, virtualClock } from '../../../src/sim/index.ts'

const A = asPeerId('A')
const B = asPeerId('B')
const OPTIONS = { timeoutMs: 1_000 }
const bytes = (...values: number[]) => Uint8Array.from(values)
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: ChordnsError) => error.code,
  )

const door: Doorkeeper = openDoorkeeper({ ringId: 'test', random: seededRandom('hello') })

/** One end of a stream whose other end is the test. */
function end(role: 'dialer' | 'listener', handler: RequestHandler = (_, body) => body, hello?: HelloSession) {
  const clock = virtualClock({ settle: setImmediate })
  const sent: Uint8Array[] = []
  const reader = new PeerFrameReader(baseLimits.MAX_FRAME_BYTES)
  const state = { takes: true, isPaused: false, pauses: 0, aborted: [] as Error[], closed: [] as Error[] }
  const load = { inWork: 0 }
  const stream: PeerStream = new PeerStream(
    {
      pipe: {
        send(chunk) {
          sent.push(chunk)
          return state.takes
        },
        pause() {
          state.isPaused = true
          state.pauses++
        },
        resume() {
          state.isPaused = false
        },
        abort: (error) => void state.aborted.push(error),
      },
      remote: role === 'dialer' ? B : A,
      role,
      hello: hello ?? (role === 'dialer' ? door.hello(A, B, role) : door.hello(B, A, role)),
      clock,
      load,
    },
    {
      handler: () => handler,
      onAdmitted: () => {},
      onClosed: (_, reason) => void state.closed.push(reason),
    },
  )
  return {
    stream,
    clock,
    state,
    load,
    /** Sends that were made, whole. */
    sent,
    /** Frames in what was sent since the last call. */
    async frames(): Promise<PeerFrame[]> {
      await setImmediate()
      return sent.splice(0).flatMap((chunk) => [...reader.feed(chunk)])
    },
    feed: (...frames: PeerFrame[]) => stream.receive(Buffer.concat(frames.map(encodePeerFrame))),
  }
}

const request = (id: number, payload = bytes()): PeerFrame => ({ id, kind: PeerFrameKind.REQUEST, payload })
const hello = (payload: Uint8Array): PeerFrame => ({ id: 0, kind: PeerFrameKind.HELLO, payload })

/** A listening end that has admitted its peer. */
async function admitted(handler?: RequestHandler) {
  const peer = door.hello(A, B, 'dialer')
  const listener = end('listener', handler)
  listener.feed(hello(peer.opening()!))
  const [second] = await listener.frames()
  listener.feed(hello(peer.receive(second!.payload).send!))
  await listener.stream.admitted
  return listener
}

/** Our own stream, to a peer that has admitted us. */
async function opened() {
  const peer = door.hello(B, A, 'listener')
  const dialer = end('dialer')
  const [first] = await dialer.frames()
  dialer.feed(hello(peer.receive(first!.payload).send!))
  await dialer.stream.admitted
  await dialer.frames()
  return dialer
}

describe('a stream before hello is over', () => {
  it.each([
    ['a request', [request(1)]],
    ['a reply', [{ id: 1, kind: PeerFrameKind.REPLY, payload: bytes() }]],
    ['an oversized hello', [hello(new Uint8Array(baseLimits.MAX_HELLO_BYTES + 1))]],
    ['what is no hello', [hello(bytes(1, 2, 3))]],
  ])('ends at %s, and no handler is called', async (_, frames) => {
    let calls = 0
    const { stream, state, feed } = end('listener', () => bytes(++calls))
    feed(...frames)
    await expect(stream.admitted).rejects.toMatchObject({ name: 'ChordnsError' })
    expect([state.aborted.length, state.closed.length, calls]).toEqual([1, 1, 0])
  })

  it('holds no more than one hello of it', () => {
    const { stream, state } = end('listener')
    const head = encodePeerFrame(hello(new Uint8Array(60_000))).subarray(0, 10)
    stream.receive(head)
    expect(state.aborted).toHaveLength(1)
  })

  it('serves nothing that came with the last hello message but after a wrong one', async () => {
    let calls = 0
    const { feed, frames, state } = end('listener', () => bytes(++calls))
    feed(hello(door.hello(A, B, 'dialer').opening()!))
    await frames()
    feed(hello(bytes(0)), request(1))
    expect([state.aborted.length, calls]).toEqual([1, 0])
  })

  it('serves a request that came right behind the last hello message', async () => {
    const peer = door.hello(A, B, 'dialer')
    const { feed, frames } = end('listener')
    feed(hello(peer.opening()!))
    const [second] = await frames()
    feed(hello(peer.receive(second!.payload).send!), request(5, bytes(1)))
    expect(await frames()).toEqual([{ id: 5, kind: PeerFrameKind.REPLY, payload: bytes(1) }])
  })

  it('is given up in time, and nothing is left running', async () => {
    const { stream, clock, state } = end('listener')
    await clock.advanceAsync(baseLimits.HELLO_TIMEOUT_MS)
    await expect(stream.admitted).rejects.toMatchObject({ code: 'PEER_TIMEOUT' })
    expect([state.aborted.length, clock.pending]).toEqual([1, 0])
  })
})

describe('a stream that requests come in on', () => {
  it('answers each by its number, many in one send', async () => {
    const { feed, sent, frames } = await admitted()
    feed(...Array.from({ length: 50 }, (_, i) => request(i + 1, bytes(i))))
    await setImmediate()
    expect(sent).toHaveLength(1)
    expect((await frames()).map(({ id, payload }) => [id, ...payload])).toEqual(
      Array.from({ length: 50 }, (_, i) => [i + 1, i]),
    )
  })

  it('lets replies to what came in one piece leave in one, unless one of them takes long', async () => {
    const slow = new Map<number, () => void>()
    const { feed, sent, clock, frames } = await admitted(async (_, body) => {
      if (body[0]! > 0) await new Promise<void>((resolve) => slow.set(body[0]!, resolve))
      return body
    })
    feed(request(1, bytes(0)), request(2, bytes(1)))
    await setImmediate()
    expect(sent).toHaveLength(0)
    slow.get(1)!()
    await setImmediate()
    expect(sent).toHaveLength(1)
    expect((await frames()).map(({ id }) => id)).toEqual([1, 2])

    feed(request(3, bytes(0)), request(4, bytes(2)))
    await setImmediate()
    await clock.advance(limits.REPLIES_TOGETHER_MS)
    expect((await frames()).map(({ id }) => id)).toEqual([3])
    slow.get(2)!()
    expect((await frames()).map(({ id }) => id)).toEqual([4])
  })

  it('counts the requests in work over all streams of the peer', async () => {
    const { feed, frames, load } = await admitted(() => new Promise(() => {}))
    load.inWork = baseLimits.MAX_INBOUND_REQUESTS_PER_PEER - 1
    feed(request(1), request(2))
    const [busy] = await frames()
    expect([busy!.id, busy!.kind, new TextDecoder().decode(busy!.payload)]).toEqual([
      2,
      PeerFrameKind.ERROR,
      'PEER_BUSY',
    ])
  })

  it('counts down when a handler fails', async () => {
    const { feed, frames, load } = await admitted(() => {
      throw new Error('no')
    })
    feed(request(1))
    await frames()
    expect(load.inWork).toBe(0)
  })

  it('stops reading a peer that does not read its replies, and goes on when it does', async () => {
    const large = new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    const { feed, state, stream, sent } = await admitted(() => large)
    state.takes = false
    const most = Math.ceil(limits.MAX_QUEUED_REPLY_BYTES / large.length) + 2
    for (let id = 1; id <= most; id++) {
      feed(request(id))
      await setImmediate()
    }
    expect(state.isPaused).toBe(true)
    // One send had filled the pipe: nothing more was pressed into it.
    expect(sent).toHaveLength(1)
    state.takes = true
    stream.drained()
    expect(state.isPaused).toBe(false)
    expect(sent).toHaveLength(2)
  })

  it('does not throttle a peer that reads', async () => {
    const large = new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    const { feed, state, sent } = await admitted(() => large)
    for (let id = 1; id <= 100; id++) {
      feed(request(id))
      await setImmediate()
      sent.splice(0)
    }
    expect(state.pauses).toBe(0)
  })

  it.each([
    ['a second hello', hello(bytes(1))],
    ['a frame that is too long', undefined],
  ])('ends at %s', async (_, frame) => {
    const { feed, stream, state } = await admitted()
    if (frame === undefined) stream.receive(bytes(255, 255, 255, 255))
    else feed(frame)
    expect(state.closed).toMatchObject([{ code: 'PEER_MALFORMED' }])
  })

  it('sends no reply after its end', async () => {
    let answer = () => {}
    const { feed, frames, stream } = await admitted(
      () =>
        new Promise((resolve) => {
          answer = () => resolve(bytes(1))
        }),
    )
    feed(request(1))
    stream.close(new Error('over'))
    answer()
    expect(await frames()).toEqual([])
  })
})

describe('a stream that our requests go out on', () => {
  it('takes no requests', async () => {
    const { feed, state } = await opened()
    feed(request(1))
    expect(state.closed).toMatchObject([{ code: 'PEER_MALFORMED' }])
  })

  it('passes over replies that nobody waits for, and second ones', async () => {
    const { feed, stream, frames, state } = await opened()
    feed({ id: 77, kind: PeerFrameKind.REPLY, payload: bytes() })
    const work = stream.request(bytes(1), OPTIONS)
    const [sent] = await frames()
    feed(
      { id: sent!.id, kind: PeerFrameKind.REPLY, payload: bytes(2) },
      { id: sent!.id, kind: PeerFrameKind.REPLY, payload: bytes(3) },
    )
    expect(await work).toEqual(bytes(2))
    expect(state.closed).toEqual([])
  })

  it('takes only codes for errors, and not much of them', async () => {
    const { feed, stream, frames } = await opened()
    const work = stream.request(bytes(1), OPTIONS).catch((error: ChordnsError) => error)
    const [sent] = await frames()
    const text = new TextEncoder().encode(`<b>\u001b[31m${'X'.repeat(500)}`)
    feed({ id: sent!.id, kind: PeerFrameKind.ERROR, payload: text })
    const { detail } = (await work) as ChordnsError<string, { remoteCode: string }>
    expect(detail.remoteCode).toMatch(/^[?A-Z0-9_]{1,64}$/)
  })

  it('fails new requests when too much waits for a peer that does not read', async () => {
    const { stream, state, frames } = await opened()
    state.takes = false
    const large = new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    const work = Array.from({ length: 300 }, () => outcome(stream.request(large, OPTIONS)))
    await setImmediate()
    const more = Array.from({ length: 300 }, () => outcome(stream.request(large, OPTIONS)))
    const first = await Promise.race(more)
    expect(first).toBe('PEER_SLOW')
    expect(await frames()).not.toEqual([])
    stream.close(new Error('over'))
    const codes = new Set(await Promise.all([...work, ...more]))
    expect([...codes].sort()).toEqual(['PEER_GONE', 'PEER_SLOW'])
  })

  it('fails everything at its end, once', async () => {
    const { stream, state, clock } = await opened()
    const work = [1, 2, 3].map((i) => outcome(stream.request(bytes(i), OPTIONS)))
    await setImmediate()
    stream.close(new Error('reset'))
    stream.close(new Error('again'))
    expect(await Promise.all(work)).toEqual(['PEER_GONE', 'PEER_GONE', 'PEER_GONE'])
    expect(await outcome(stream.request(bytes(1), OPTIONS))).toBe('PEER_GONE')
    expect([state.aborted.length, state.closed.length, clock.pending]).toEqual([1, 1, 0])
  })

  it('ends when the pipe throws', async () => {
    const dialer = await opened()
    dialer.sent.push = () => {
      throw new Error('Cannot write to a stream that is closed')
    }
    expect(await outcome(dialer.stream.request(bytes(1), OPTIONS))).toBe('PEER_GONE')
    expect(dialer.state.closed).toHaveLength(1)
  })

  it('gives each request a number of its own, never that of hello', async () => {
    const { stream, frames, feed } = await opened()
    const ids: number[] = []
    for (let i = 0; i < 3; i++) {
      const work = stream.request(bytes(i), OPTIONS)
      const [sent] = await frames()
      ids.push(sent!.id)
      feed({ id: sent!.id, kind: PeerFrameKind.REPLY, payload: bytes(i) })
      await work
    }
    expect(new Set(ids).size).toBe(3)
    expect(ids.every((id) => id > 0)).toBe(true)
  })
})
