import { describe, expect, it } from 'vitest'
import { decodeMessage, Ede, encodeMessage, type Message, Rcode, readEde } from '../../../src/dns/index.ts'
import { clientBook } from '../../../src/serve/access/access.ts'
import { type Asker, Desk } from '../../../src/serve/desk/desk.ts'
import { limits as defaults, type ServeLimits } from '../../../src/serve/limits.ts'
import type { QueryEvent, WireEvent } from '../../../src/serve/types.ts'
import { testClock } from '../../setup/clock.ts'
import { queryFor } from '../../world/ask.ts'
import { FakeResolver, held, OPTIONS, quietLog, resolution } from '../support.ts'

function desk(limits: Partial<ServeLimits> = {}) {
  const resolver = new FakeResolver()
  const slow = held()
  resolver.answer = slow.answer
  const clock = testClock()
  const log = quietLog()
  const events: QueryEvent[] = []
  const wire: WireEvent[] = []
  const made = new Desk(
    {
      resolver,
      options: OPTIONS,
      clientOf: clientBook(() => true, 100),
      clock,
      log,
      limits: { ...defaults, ...limits },
    },
    { onQuery: (event) => events.push(event), onWire: (event) => wire.push(event) },
  )
  const sent: { readonly to: string; readonly message: Message }[] = []
  const settled: string[] = []
  let asked = 0
  const ask = (from = '192.0.2.1', protocol: 'udp' | 'tcp' = 'udp') => {
    const asker: Asker = {
      address: from,
      port: 4_000,
      protocol,
      send: (bytes) => sent.push({ to: from, message: decodeMessage(bytes) }),
      settled: () => settled.push(from),
    }
    return made.receive(encodeMessage(queryFor({ name: `q${asked++}.example.com` })), asker)
  }
  const quiet = () => new Promise((resolve) => setImmediate(resolve))
  return { desk: made, resolver, slow, clock, log, events, wire, sent, settled, ask, quiet }
}

describe('a question', () => {
  it('is answered once and leaves nothing behind', async () => {
    const { desk: it_, slow, clock, sent, settled, ask, quiet, events } = desk()
    ask()
    slow.waiting[0]!.release()
    await quiet()
    expect(sent.map(({ message }) => message.rcode)).toEqual([Rcode.NOERROR])
    expect(settled).toHaveLength(1)
    expect(clock.pending).toBe(0)
    expect(it_.stats()).toMatchObject({ queries: 1, answered: 1, inFlight: 0 })
    expect(events).toMatchObject([{ protocol: 'udp', client: '192.0.2.1', rcode: 0, provenance: 'solo' }])
  })

  it('is told as it came and as its answer went, with the time between; what was never sent is not', async () => {
    const { desk: it_, slow, clock, ask, quiet, wire } = desk()
    ask()
    clock.advance(20)
    slow.waiting[0]!.release()
    await quiet()
    expect(wire.map(({ kind, client, port, elapsedMs }) => [kind, client, port, elapsedMs])).toEqual([
      ['query', '192.0.2.1', 4_000, 0],
      ['response', '192.0.2.1', 4_000, 20],
    ])
    expect(wire.map(({ bytes }) => decodeMessage(bytes)).map(({ qr, id }) => [qr, id])).toEqual([
      [false, decodeMessage(wire[0]!.bytes).id],
      [true, decodeMessage(wire[0]!.bytes).id],
    ])
    it_.abandon(ask()!)
    expect(wire.map(({ kind }) => kind)).toEqual(['query', 'response', 'query'])
  })

  it('that a list blocks is told with the name of the list', async () => {
    const { slow, ask, quiet, events } = desk()
    ask()
    slow.waiting[0]!.release(resolution({ blockedBy: 'ads' }))
    await quiet()
    expect(events).toMatchObject([{ rcode: 0, blockedBy: 'ads' }])
  })

  it('that the resolver never answers ends with SERVFAIL, and the late answer goes nowhere', async () => {
    const { desk: it_, slow, clock, sent, ask, quiet } = desk()
    ask()
    clock.advance(12_000)
    expect(sent).toHaveLength(1)
    expect(sent[0]!.message.rcode).toBe(Rcode.SERVFAIL)
    expect(readEde(sent[0]!.message.edns!.options)[0]!.code).toBe(Ede.NO_REACHABLE_AUTHORITY)
    expect(slow.waiting[0]!.request.signal.aborted).toBe(true)
    slow.waiting[0]!.release()
    await quiet()
    expect(sent).toHaveLength(1)
    expect(it_.stats()).toMatchObject({ servfail: 1, inFlight: 0 })
  })

  it('that breaks the resolver is SERVFAIL for the client and an error in the log', async () => {
    const { resolver, log, sent, ask, quiet } = desk()
    resolver.answer = () => {
      throw new TypeError('a bug')
    }
    ask()
    await quiet()
    expect(sent[0]!.message.rcode).toBe(Rcode.SERVFAIL)
    expect(log.errors).toEqual([{ error: 'a bug' }])
  })

  it('whose resolution cannot be encoded is SERVFAIL too', async () => {
    const { slow, log, sent, ask, quiet } = desk()
    ask()
    const name = { wire: new Uint8Array(70_000), key: 'x', labels: 1 }
    const monster = Array.from({ length: 3 }, () => ({
      name,
      type: 1,
      class: 1,
      ttl: 1,
      rdata: new Uint8Array(70_000),
    }))
    slow.waiting[0]!.release(resolution({ answers: monster }))
    await quiet()
    expect(sent).toHaveLength(1)
    expect(sent[0]!.message.answers).toEqual([])
    expect([log.errors.length > 0, sent[0]!.message.tc]).not.toEqual([false, false])
  })
})

describe('a packet that breaks the door itself', () => {
  it('is dropped and logged, and the door stays open', async () => {
    const { desk: it_, log, sent, slow, ask, quiet } = desk()
    const bytes = encodeMessage(queryFor({ name: 'x.example.com' }))
    const asker = { address: '192.0.2.1', port: 1, protocol: 'udp' as const, send: () => {} }
    const packet = new Proxy(bytes, {
      get() {
        throw new TypeError('a bug')
      },
    })
    expect(it_.receive(packet, asker)).toBeUndefined()
    expect(log.errors).toEqual([{ error: 'a bug' }])
    ask()
    slow.waiting[0]!.release()
    await quiet()
    expect(sent).toHaveLength(1)
    expect(it_.stats()).toMatchObject({ queries: 2, dropped: 1, answered: 1 })
  })
})

describe('what one client may have in work', () => {
  it('is bounded: its next question is dropped, those of others are not', async () => {
    const { desk: it_, slow, sent, ask, quiet } = desk({ MAX_IN_WORK_PER_CLIENT: 3 })
    for (let i = 0; i < 5; i++) ask('192.0.2.1')
    ask('192.0.2.2')
    expect(it_.stats()).toMatchObject({ inFlight: 4, dropped: 2 })
    for (const { release } of slow.waiting) release()
    await quiet()
    expect(sent.filter(({ to }) => to === '192.0.2.1')).toHaveLength(3)
    expect(sent.filter(({ to }) => to === '192.0.2.2')).toHaveLength(1)
    ask('192.0.2.1')
    expect(it_.stats().inFlight).toBe(1)
  })

  it('is counted by /64 for IPv6', () => {
    const { desk: it_, ask } = desk({ MAX_IN_WORK_PER_CLIENT: 2 })
    for (let i = 0; i < 5; i++) ask(`2001:db8::${i}`)
    expect(it_.stats()).toMatchObject({ inFlight: 2, dropped: 3 })
  })

  it('is said to TCP clients, who would wait in vain', () => {
    const { sent, ask } = desk({ MAX_IN_WORK_PER_CLIENT: 1 })
    ask('192.0.2.1', 'tcp')
    ask('192.0.2.1', 'tcp')
    expect(sent.map(({ message }) => message.rcode)).toEqual([Rcode.SERVFAIL])
  })

  it('is more for loopback, where a forwarder speaks for many', () => {
    const { desk: it_, ask } = desk({ MAX_IN_WORK_PER_CLIENT: 1 })
    for (let i = 0; i < 50; i++) ask('127.0.0.1')
    expect(it_.stats().inFlight).toBe(50)
  })
})

describe('when all is full', () => {
  it('the oldest question gives way once it is old enough', () => {
    const { desk: it_, slow, clock, ask, settled } = desk({ MAX_IN_WORK: 2 })
    ask('192.0.2.1')
    clock.advance(100)
    ask('192.0.2.2')
    ask('192.0.2.3')
    expect(it_.stats()).toMatchObject({ inFlight: 2, dropped: 1 })
    clock.advance(101)
    ask('192.0.2.4')
    expect(it_.stats()).toMatchObject({ inFlight: 2, dropped: 2 })
    expect(slow.waiting.map(({ request }) => request.signal.aborted)).toEqual([true, false, false])
    expect(settled).toEqual(['192.0.2.1'])
  })
})

describe('late answers (DNSBomb)', () => {
  const burst = async (from: string, protocol: 'udp' | 'tcp', waiting: number, afterMs: number) => {
    const { slow, clock, sent, ask, quiet } = desk()
    for (let i = 0; i < waiting; i++) ask(from, protocol)
    clock.advance(afterMs)
    for (const { release } of slow.waiting) release()
    await quiet()
    return sent.length
  }
  it('are not let go in a burst towards one client', async () => {
    expect(await burst('192.0.2.1', 'udp', 900, 3_000)).toBe(100)
  })
  it('of a few slow questions arrive', async () => {
    expect(await burst('192.0.2.1', 'udp', 100, 6_000)).toBe(100)
  })
  it('that are not late arrive, however many', async () => {
    expect(await burst('192.0.2.1', 'udp', 900, 1_800)).toBe(900)
  })
  it('arrive over TCP and on loopback, which are not spoofed', async () => {
    expect(await burst('192.0.2.1', 'tcp', 900, 3_000)).toBe(900)
    expect(await burst('127.0.0.1', 'udp', 900, 3_000)).toBe(900)
  })
})

describe('draining', () => {
  it('waits for what is in work', async () => {
    const { desk: it_, slow, sent, ask } = desk()
    ask()
    const drained = it_.drain(5_000)
    slow.waiting[0]!.release()
    await drained
    expect(sent).toHaveLength(1)
  })
  it('gives up what is not answered in time', async () => {
    const { desk: it_, slow, clock, sent, ask } = desk()
    ask()
    const drained = it_.drain(5_000)
    clock.advance(5_000)
    await drained
    expect(sent).toHaveLength(0)
    expect(slow.waiting[0]!.request.signal.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })
  it('is done at once when nothing is in work', async () => {
    await desk().desk.drain(5_000)
  })
})
