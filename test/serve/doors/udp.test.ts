import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeMessage, nameToText, Rcode } from '../../../src/dns/index.ts'
import { createFrontEnd } from '../../../src/serve/index.ts'
import { testClock } from '../../setup/clock.ts'
import { ask, askRaw, queryFor, texts } from '../../world/ask.ts'
import { FakeResolver, held, OPTIONS, quietLog, resolution, type Started, start, text, until } from '../support.ts'

const running: Started[] = []
const started = async (...args: Parameters<typeof start>) => {
  const one = await start(...args)
  running.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ frontEnd }) => frontEnd.close(0)))
})

describe('over UDP', () => {
  it('a question is answered', async () => {
    const { udp, resolver, frontEnd } = await started()
    const reply = await ask(udp, { name: 'wWw.ExAmple.com' }, { do: true, cd: true })
    expect(texts(reply.answers)).toEqual(['A 192.0.2.1'])
    expect(nameToText(reply.questions[0]!.name)).toBe('wWw.ExAmple.com.')
    expect(resolver.asked[0]).toMatchObject({
      recursionDesired: true,
      checkingDisabled: true,
      dnssecOk: true,
      authenticData: false,
      client: '127.0.0.1',
    })
    expect(frontEnd.stats()).toMatchObject({ queries: 1, answered: 1, inFlight: 0 })
  })

  it('a large answer comes cut, and whole over TCP', async () => {
    const { udp, tcp, resolver } = await started()
    resolver.answer = () => resolution({ answers: [text('big.example.com', 4_000)] })
    const cut = await ask(udp, { name: 'big.example.com', type: 'TXT' })
    expect(cut).toMatchObject({ tc: true, answers: [] })
    const whole = await ask(tcp, { name: 'big.example.com', type: 'TXT' })
    expect(whole.answers[0]!.rdata.length).toBeGreaterThan(4_000)
  })

  it('quick answers overtake slow ones', async () => {
    const { udp, resolver } = await started()
    const slow = held()
    resolver.answer = (request) => (nameToText(request.question.name) === 'slow.' ? slow.answer(request) : resolution())
    const late = ask(udp, { name: 'slow' })
    await until(() => slow.waiting.length === 1)
    expect((await ask(udp, { name: 'quick' })).rcode).toBe(Rcode.NOERROR)
    slow.waiting[0]!.release()
    expect((await late).answers).toHaveLength(1)
  })

  it('the reply leaves the socket that was asked', async () => {
    const options = { ...OPTIONS, listen: { udp: ['127.0.0.1:0', '127.0.0.77:0', '[::1]:0'], tcp: [] } }
    const { frontEnd } = await started({ options })
    for (const { address: host, port } of frontEnd.addresses) {
      // A connected socket only hears the address and port that it asked.
      expect((await ask({ address: host, port }, { name: 'example.com' })).answers).toHaveLength(1)
    }
  })

  it('who is not on the list is refused, without a look-up', async () => {
    const { udp, resolver, frontEnd } = await started({ options: { ...OPTIONS, access: { allow: ['127.0.0.1/32'] } } })
    const reply = await ask({ ...udp, from: '127.0.0.9' }, { name: 'example.com' })
    expect(reply).toMatchObject({ rcode: Rcode.REFUSED, answers: [], ra: true })
    expect(resolver.asked).toEqual([])
    expect((await ask({ ...udp, from: '127.0.0.1' }, { name: 'example.com' })).rcode).toBe(Rcode.NOERROR)
    expect(frontEnd.stats()).toMatchObject({ refused: 1, answered: 1 })
  })

  it('answers and short packets get silence', async () => {
    const { udp, frontEnd } = await started()
    const answer = encodeMessage({ ...queryFor({ name: 'example.com' }), qr: true })
    const socket = createSocket('udp4')
    const heard: Buffer[] = []
    socket.on('message', (message) => heard.push(message))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()))
    for (const packet of [answer, answer.slice(0, 11), new Uint8Array()]) socket.send(packet, udp.port, udp.address)
    socket.send(encodeMessage(queryFor({ name: 'example.com' })), udp.port, udp.address)
    await until(() => heard.length > 0)
    await until(() => frontEnd.stats().queries === 4)
    expect(heard).toHaveLength(1)
    expect(frontEnd.stats()).toMatchObject({ dropped: 3, answered: 1 })
    socket.close()
    await once(socket, 'close')
  })

  it('garbage behind a readable header is FORMERR', async () => {
    const { udp } = await started()
    const packet = encodeMessage(queryFor({ name: 'example.com' }, { id: 77 })).slice(0, 15)
    const reply = await askRaw(udp, packet)
    expect([...reply]).toEqual([0, 77, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('a front end', () => {
  it('has one port for UDP and TCP when port 0 is asked for', async () => {
    const { frontEnd } = await started()
    const [udp, tcp] = frontEnd.addresses
    expect([udp!.protocol, tcp!.protocol]).toEqual(['udp', 'tcp'])
    expect(udp!.port).toBe(tcp!.port)
  })

  it('answers what is in work before it closes, and takes no more', async () => {
    const { frontEnd, udp, resolver } = await started()
    const slow = held()
    resolver.answer = slow.answer
    const late = ask(udp, { name: 'slow' })
    await until(() => slow.waiting.length === 1)
    const closed = frontEnd.close(5_000)
    await expect(ask(udp, { name: 'new' }, { timeoutMs: 200 })).rejects.toThrow()
    slow.waiting[0]!.release()
    expect((await late).answers).toHaveLength(1)
    await closed
    await expect(ask(udp, { name: 'gone' }, { timeoutMs: 200 })).rejects.toThrow()
    await frontEnd.close(0)
  })

  it('says which address is taken, and by whom perhaps', async () => {
    const { udp } = await started()
    const listen = { udp: [`127.0.0.1:${udp.port}`], tcp: [] }
    const parts = {
      resolver: new FakeResolver(),
      options: { ...OPTIONS, listen },
      clock: testClock(),
      log: quietLog(),
    }
    await expect(createFrontEnd(parts)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      detail: { address: `127.0.0.1:${udp.port}`, reason: 'EADDRINUSE', protocol: 'udp' },
    })
  })

  it('does not open to the network without a list of who may ask', async () => {
    const parts = { resolver: new FakeResolver(), clock: testClock(), log: quietLog() }
    const listen = { udp: ['0.0.0.0:0'], tcp: [] }
    await expect(createFrontEnd({ ...parts, options: { ...OPTIONS, listen } })).rejects.toMatchObject({
      code: 'CONFIG_ACCESS_MISSING',
      detail: { address: '0.0.0.0' },
    })
  })

  it('reports each question once', async () => {
    const events: object[] = []
    const { udp, tcp } = await started({}, { onQuery: (event) => events.push(event) })
    await ask(udp, { name: 'a.example.com' })
    await ask(tcp, { name: 'b.example.com', type: 'AXFR' })
    expect(events).toMatchObject([
      { protocol: 'udp', client: '127.0.0.1', rcode: 0, security: 'indeterminate', provenance: 'solo' },
      { protocol: 'tcp', client: '127.0.0.1', rcode: 5, security: undefined },
    ])
  })
})
