import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { controlFrame, DNSTAP_CONTENT } from '../../../src/observe/dnstap/frame-streams.ts'
import { SocketOutlet } from '../../../src/observe/dnstap/socket-outlet.ts'
import { DnstapWriter } from '../../../src/observe/dnstap/writer.ts'
import { limits } from '../../../src/observe/limits.ts'
import { testClock } from '../../setup/clock.ts'
import { framesOf } from './reading.ts'

let dir: string
let path: string
let server: Server | undefined
let sockets: Socket[]
let heard: Buffer

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-tap-'))
  path = join(dir, 'tap.sock')
  sockets = []
  heard = Buffer.alloc(0)
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  const closed = server && once(server, 'close')
  server?.close()
  await closed
  server = undefined
  rmSync(dir, { recursive: true, force: true })
})

/** `says`: what it replies to the first octets that come, and to those with STOP. */
async function reader(says: (control: readonly number[], socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk])
      says(framesOf(chunk).control, socket)
    })
  })
  server.listen(path)
  await once(server, 'listening')
}

const polite = (control: readonly number[], socket: Socket) => {
  if (control.includes(4)) socket.write(controlFrame('accept', DNSTAP_CONTENT))
  if (control.includes(3)) socket.end(controlFrame('finish'))
}

function writer(bounds: Partial<typeof limits> = {}) {
  const clock = testClock()
  const lines: string[] = []
  const line = (_detail: object, message: string) => void lines.push(message)
  const log = { debug: line, info: line, warn: line, error: line }
  const made = new DnstapWriter(new SocketOutlet({ path }, clock), { clock, log }, { ...limits, ...bounds })
  return { made, clock, lines }
}

/** What happens on sockets happens by itself; time does not. */
async function comes(what: () => boolean, meanwhile: () => void = () => {}): Promise<void> {
  while (!what()) {
    meanwhile()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const payload = (number: number) => Uint8Array.of(1, number >> 8, number & 255)

describe('the writer of dnstap', () => {
  it('says that it is ready, writes what comes, says that it was all, and waits until that was heard', async () => {
    await reader(polite)
    const { made, clock } = writer()
    for (let i = 0; i < 3; i++) made.offer(payload(i))
    await comes(() => made.stats().sent === 3)
    made.offer(payload(3))
    await comes(
      () => made.stats().sent === 4,
      () => clock.advance(50),
    )
    made.offer(payload(4))
    await made.close(1_000)
    expect(framesOf(heard)).toEqual({ control: [4, 2, 3], payloads: [0, 1, 2, 3, 4].map(payload), rest: 0 })
    expect(made.stats()).toMatchObject({ sent: 5, dropped: 0, connects: 1, waitingBytes: 0 })
  })

  it('drops what is more than may wait, and counts it, while nobody is there; then goes on', async () => {
    const { made, clock, lines } = writer({ MAX_DNSTAP_WAITING: 10 * (3 + 64) })
    for (let i = 0; i < 25; i++) made.offer(payload(i))
    expect(made.stats()).toMatchObject({ connected: 0, dropped: 15, sent: 0 })
    await comes(() => lines.length === 1)
    await reader(polite)
    await comes(
      () => made.stats().sent === 10,
      () => clock.advance(100),
    )
    expect(lines).toEqual([
      'dnstap messages are not read: they wait, and then are dropped',
      'dnstap messages are read again',
    ])
    await made.close(1_000)
    expect(framesOf(heard).payloads).toEqual(Array.from({ length: 10 }, (_, i) => payload(i)))
  })

  it('leaves a reader that hangs, holds no more than may wait meanwhile, and comes back', async () => {
    let isHanging = true
    await reader((control, socket) => {
      polite(control, socket)
      if (isHanging && control.includes(2)) socket.pause()
    })
    const { made, clock } = writer({ MAX_DNSTAP_WAITING: 1024 * 1024 })
    const large = new Uint8Array(60_000).fill(0xff)
    await comes(() => made.stats().connected === 1)
    // The system takes what fits its buffers; then nothing goes on but what is dropped.
    await comes(
      () => made.stats().dropped > 100,
      () => made.offer(large),
    )
    const { sent } = made.stats()
    expect(made.stats().waitingBytes).toBeLessThanOrEqual(1024 * 1024)
    isHanging = false
    await comes(
      () => made.stats().connects === 2,
      () => clock.advance(1_000),
    )
    await comes(
      () => made.stats().sent > sent,
      () => clock.advance(100),
    )
    const closed = made.close(1_000)
    clock.advance(1_000)
    await closed
  })

  it('counts what was on the way to a reader that died, and reconnects later each time', async () => {
    await reader((control, socket) => {
      polite(control, socket)
      if (control.includes(2)) socket.destroy()
    })
    const { made, clock, lines } = writer()
    let waited = 0
    const connects: number[] = []
    for (let i = 1; i <= 4; i++) {
      await comes(
        () => made.stats().connects === i && made.stats().connected === 0,
        () => {
          if (made.stats().connects >= i) return
          clock.advance(100)
          waited += 100
        },
      )
      connects.push(waited)
    }
    const gaps = connects.slice(1).map((at, i) => at - connects[i]!)
    expect(gaps[1]!).toBeGreaterThan(gaps[0]!)
    expect(gaps[2]!).toBeGreaterThan(gaps[1]!)
    expect(lines.length).toBeGreaterThan(0)
    await made.close(0)
  })

  it.each([
    ['says nothing', () => {}, 'the reader does not say accept'],
    ['wants something else', (socket: Socket) => socket.write(controlFrame('accept', 'text')), 'does not take'],
    ['talks out of turn', (socket: Socket) => socket.write(controlFrame('finish')), 'finish out of turn'],
    ['sends data', (socket: Socket) => socket.write('hello, world'), 'sends data'],
    ['goes', (socket: Socket) => socket.end(), 'has gone'],
  ])('is not held up by a reader that %s', async (_what, does, why) => {
    await reader((_control, socket) => void does(socket))
    const clock = testClock()
    const outlet = new SocketOutlet({ path }, clock)
    const opened = outlet.open(() => {})
    const failed = expect(opened).rejects.toThrow(why)
    await comes(() => heard.length > 0)
    if (why.includes('accept')) clock.advance(5_000)
    await failed
    outlet.destroy()
  })

  it('ends in time when the reader never says that it has heard', async () => {
    await reader((control, socket) => {
      if (control.includes(4)) polite(control, socket)
    })
    const { made, clock } = writer()
    await comes(() => made.stats().connected === 1)
    const closed = made.close(500)
    clock.advance(500)
    await closed
    made.offer(payload(1))
    expect(made.stats()).toMatchObject({ dropped: 1, waitingBytes: 0 })
  })
})
