import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeMessage, nameToText, Opcode, Rcode, Type } from '../../../src/dns/index.ts'
import { systemClock } from '../../../src/io/index.ts'
import { compose } from '../../../src/resolver/compose.ts'
import type { Resolution, ResolveRequest } from '../../../src/resolver/index.ts'
import { clientBook, compileAccess } from '../../../src/serve/access/access.ts'
import { ServerCookies } from '../../../src/serve/desk/cookies.ts'
import { Desk } from '../../../src/serve/desk/desk.ts'
import { loadLibc } from '../../../src/serve/fast/system/libc.ts'
import { createFrontEnd, type FrontEnd, serveLimits } from '../../../src/serve/index.ts'
import { queryFor } from '../../world/ask.ts'
import { FakeResolver, OPTIONS, quietLog, until } from '../support.ts'
import { addresses, alias, found, localAnswer, rrset, signature, soaOf } from './support.ts'

/** Longer than any TTL below, so that what is left does not depend on the millisecond. */
const HOUR = 3_600_000
const clock = systemClock()
const secret = new Uint8Array(32).fill(5)
const OWN = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

/** One world of answers: an address, an alias, an absence, a long text, a signed set, and what the operator blocks. */
function answerOf(request: ResolveRequest): Resolution {
  const { question } = request
  const now = clock.now()
  const change = { expires: now + HOUR }
  const text = nameToText(question.name).toLowerCase()
  const link = (finding: ReturnType<typeof found>) => ({ finding, synthesised: undefined, isTooLong: false, ede: [] })
  const own = (finding: ReturnType<typeof found>) => link({ ...finding, question })
  if (text.includes('ads')) return localAnswer('ads.example', ['192.0.2.9'], 'blocked here by blocklist.txt:12')
  if (text.includes('alias')) {
    const first = own(found('alias.example', question.type, alias('alias.example', 'www.example'), change))
    return compose(
      [first, link(found('www.example', question.type, addresses('www.example', 2), change))],
      request,
      now,
    )
  }
  if (text.includes('long')) {
    const set = rrset(
      'long.example',
      Type.TXT,
      Array.from({ length: 9 }, () => new Uint8Array(90).fill(65)),
    )
    return compose([own(found('long.example', question.type, set, change))], request, now)
  }
  if (text.includes('signed')) {
    const set = addresses('signed.example', 3, { signatures: [signature(Type.A, 'example')] })
    const evidence = { security: 'secure', provenance: 'solo', observers: [] } as const
    return compose([own(found('signed.example', question.type, set, { ...change, evidence }))], request, now)
  }
  if (text.includes('www') && question.type === Type.A)
    return compose([own(found('www.example', Type.A, addresses('www.example', 3), change))], request, now)
  return compose([own(found('no.example', question.type, soaOf('example'), change))], request, now)
}

const cookieOption = fc.constantFrom('own', 'young', 'forged', 'odd').map((kind) => {
  if (kind === 'own') return { code: 10, data: OWN }
  if (kind === 'odd') return { code: 10, data: new Uint8Array(19) }
  const from = kind === 'young' ? secret : new Uint8Array(32)
  const query = queryFor({ name: 'a' }, { options: [{ code: 10, data: OWN }] })
  return new ServerCookies(from).answer(query, '127.0.0.1', Math.floor(clock.now() / 1000) - 60)!
})
const anyOption = fc.oneof(
  { weight: 3, arbitrary: cookieOption },
  fc.record({ code: fc.constantFrom(3, 8, 12, 15, 65_001), data: fc.uint8Array({ maxLength: 24 }) }),
)

/** Queries of all kinds: most of them plain ones, the others odd in one thing or another, or broken. */
const queries = fc
  .record({
    name: fc.constantFrom(
      'www.example',
      'alias.example',
      'no.example',
      'long.example',
      'signed.example',
      'ads.example',
    ),
    upper: fc.boolean(),
    type: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.constantFrom(16, 28, 255, 252, 128, 0, 41, 65_280)),
    klass: fc.oneof({ weight: 12, arbitrary: fc.constant(1) }, fc.constantFrom(3, 255)),
    flags: fc.record({ do: fc.boolean(), cd: fc.boolean(), ad: fc.boolean() }),
    rd: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
    edns: fc.oneof(fc.constant(false as const), fc.constantFrom(0, 512, 700, 1_232, 4_096), fc.nat(65_535)),
    options: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(anyOption, { maxLength: 3 })),
    bytes: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 2 }),
    ),
    longer: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: -12, max: 12 })),
  })
  .map(({ name, upper, type, klass, flags, rd, edns, options, bytes, longer }) => {
    const text = upper ? name.toUpperCase() : name
    const query = queryFor({ name: text, type, class: klass }, { ...flags, rd, edns, options })
    const whole = encodeMessage(query)
    const packet = new Uint8Array(Math.max(0, whole.length + longer))
    packet.set(whole.subarray(0, packet.length))
    for (const [at, octet] of bytes) if (at < packet.length) packet[at] = octet
    return packet
  })

/** What the main thread says to a packet; undefined: nothing. */
async function slowly(desk: Desk, packet: Uint8Array): Promise<Uint8Array | undefined> {
  let reply: Uint8Array | undefined
  const send = (bytes: Uint8Array) => {
    reply = bytes.slice()
  }
  const asker = { address: '127.0.0.1', port: 9, protocol: 'udp' as const, send }
  await new Promise<void>((resolve) => {
    const work = desk.receive(packet.slice(), { ...asker, settled: () => resolve() })
    if (work === undefined) resolve()
  })
  return reply
}

class Client {
  readonly socket: Socket = createSocket('udp4')
  readonly replies: Uint8Array[] = []

  async connect(port: number): Promise<void> {
    this.socket.on('message', (reply) => this.replies.push(new Uint8Array(reply)))
    this.socket.connect(port, '127.0.0.1')
    await once(this.socket, 'connect')
  }

  async ask(packet: Uint8Array): Promise<Uint8Array> {
    const had = this.replies.length
    this.socket.send(packet)
    await until(() => this.replies.length > had)
    return this.replies[had]!
  }
}

describe.runIf(loadLibc().libc !== undefined)('the fast path beside the slow one', () => {
  const resolver = new FakeResolver()
  const slow = new FakeResolver()
  const log = quietLog()
  const client = new Client()
  let frontEnd: FrontEnd
  let desk: Desk

  beforeAll(async () => {
    resolver.answer = answerOf
    slow.answer = answerOf
    const listen = { udp: ['127.0.0.1:0'], tcp: [] }
    const fast = { fast: true, workers: 1, tableBytes: 2 ** 20 }
    const seed = new Uint8Array(8).fill(9)
    frontEnd = await createFrontEnd({
      resolver,
      options: { ...OPTIONS, listen },
      clock,
      log,
      cookieSecret: secret,
      fast,
      seed,
    })
    const clientOf = clientBook(compileAccess(OPTIONS.access), 10)
    const cookies = new ServerCookies(secret)
    desk = new Desk(
      { resolver: slow, options: OPTIONS, clientOf, clock, log, limits: serveLimits, cookies },
      { onQuery() {} },
    )
    await client.connect(frontEnd.addresses[0]!.port)
  })
  afterAll(async () => {
    client.socket.close()
    await frontEnd.close(0)
  })

  it('sends the same bytes to whatever comes, asked once and once more', async () => {
    let asked = 0
    await fc.assert(
      fc.asyncProperty(queries, async (packet) => {
        for (let times = 0; times < 2; times++) {
          const expected = await slowly(desk, packet)
          if (expected === undefined) return
          asked++
          const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
          let [quick, plain] = ['', hex(expected)]
          // A new cookie has the second that it was made in, which may have changed between the two; and the clocks of two threads differ by
          // some ten milliseconds, the grain of the system's uptime.
          for (let tries = 0; tries < 4 && quick !== plain; tries++) {
            quick = hex(await client.ask(packet))
            if (quick === plain) continue
            await new Promise((resolve) => setTimeout(resolve, 30))
            plain = hex((await slowly(desk, packet))!)
          }
          expect(quick).toBe(plain)
        }
      }),
      { numRuns: 600 },
    )
    const { answered, cut } = frontEnd.stats().fast!
    expect(answered).toBeGreaterThan(asked / 4)
    expect(cut).toBeGreaterThan(0)
    expect(client.replies.length).toBeGreaterThanOrEqual(asked)
    expect(log.errors).toEqual([])
  })

  it('does so for each kind of plain question, each of which it answers from the table', async () => {
    const names = ['www.example', 'alias.example', 'no.example', 'long.example', 'signed.example', 'ads.example']
    const { cut: cutBefore, answered: answeredBefore } = frontEnd.stats().fast!
    let kinds = 0
    for (const name of names)
      for (const given of [
        { edns: false },
        { do: true },
        { cd: true },
        { ad: true },
        { edns: 512 },
        { options: [{ code: 10, data: OWN }] },
      ] as const) {
        const packet = encodeMessage(queryFor({ name, type: name.startsWith('long') ? 'TXT' : 'A' }, given))
        await client.ask(packet)
        // Whatever this thread answers asks the resolver. The numbers of the workers come a moment after their replies.
        const asked = resolver.asked.length
        await client.ask(packet)
        expect(resolver.asked.length).toBe(asked)
        kinds++
      }
    await until(() => frontEnd.stats().fast!.answered >= answeredBefore + kinds)
    expect(frontEnd.stats().fast!.cut).toBeGreaterThan(cutBefore)
  })

  it('leaves questions of other kinds to the main thread', async () => {
    const before = frontEnd.stats().fast!.answered
    const others = [
      { ...queryFor({ name: 'www.example' }), opcode: Opcode.NOTIFY },
      queryFor({ name: 'www.example' }, { rd: false }),
      queryFor({ name: 'www.example', type: 'ANY' }),
      queryFor({ name: 'version.bind', type: 'TXT', class: 3 }),
      queryFor({ name: 'www.example' }, { options: [{ code: 3, data: new Uint8Array() }] }),
    ]
    for (const query of others) expect((await client.ask(encodeMessage(query)))[3]! & 15).not.toBe(Rcode.SERVFAIL)
    expect(frontEnd.stats().fast!.answered).toBe(before)
  })
})
