/** Names of `local`: what of the replies is taken, and how seldom the network is asked. */
import { describe, expect, it } from 'vitest'
import {
  Class,
  decodeMessage,
  encodeMessage,
  type Message,
  nameToText,
  parseName,
  type ResourceRecord,
  recordToText,
  typeFromText,
} from '../../../src/dns/index.ts'
import { type AskNetwork, MdnsBridge } from '../../../src/peer/home/mdns.ts'
import { found } from '../../../src/resolver/local/answer.ts'
import { bridged } from '../../../src/resolver/local/bridge.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'

const question = (name: string, type = 'A') => ({ name: parseName(name), type: typeFromText(type)!, class: Class.IN })

function printer(name: string, change: Partial<ResourceRecord> = {}): ResourceRecord {
  // The bit of mDNS that says that the set is whole.
  return { name: parseName(name), type: 1, class: 0x8001, ttl: 120, rdata: Uint8Array.of(192, 168, 1, 9), ...change }
}

/** A network where each reply is what `replies` makes of the query. */
function bridgeOver(...replies: readonly ((query: Message) => Message | Uint8Array)[]) {
  const clock = testClock()
  const asked: string[] = []
  const accepted: boolean[] = []
  const askNetwork: AskNetwork = async (message, { onReply }) => {
    const query = decodeMessage(message)
    asked.push(nameToText(query.questions[0]!.name))
    await Promise.resolve()
    for (const make of replies) {
      const reply = make(query)
      accepted.push(onReply(reply instanceof Uint8Array ? reply : encodeMessage(reply)))
    }
  }
  const bridge = new MdnsBridge({ clock, random: seededRandom(3), askNetwork })
  const ask = async (name: string, type = 'A') =>
    (await bridge.ask(question(name, type))).map((one) => recordToText(one).replaceAll('\t', ' '))
  return { clock, asked, accepted, bridge, ask }
}

const good = (query: Message): Message => ({
  ...query,
  qr: true,
  aa: true,
  answers: [printer(nameToText(query.questions[0]!.name))],
})

describe('the bridge to mDNS', () => {
  it('is for addresses of names below local', () => {
    const { bridge } = bridgeOver()
    const covers = (name: string, type = 'A') => bridge.covers(question(name, type))
    expect([covers('printer.local'), covers('a.b.LOCAL', 'AAAA')]).toEqual([true, true])
    expect([covers('local'), covers('printer.lan'), covers('printer.local', 'SRV'), covers('xlocal')]).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it('takes the first reply that is one, with a short term and the class of the DNS', async () => {
    const { ask, accepted } = bridgeOver(
      () => Uint8Array.of(1, 2, 3),
      (query) => ({ ...good(query), id: query.id ^ 1 }),
      (query) => ({ ...good(query), qr: false }),
      (query) => ({ ...good(query), answers: [printer('other.local')] }),
      (query) => ({ ...good(query), answers: [printer('printer.local', { rdata: Uint8Array.of(1) })] }),
      (query) => ({ ...good(query), questions: [] }),
    )
    expect(await ask('printer.local')).toEqual(['printer.local. 10 IN A 192.168.1.9'])
    expect(accepted).toEqual([false, false, false, false, false, true])
  })

  it('asks the network once for questions at one time, and again when the term is over', async () => {
    const { ask, asked, clock } = bridgeOver(good)
    expect(await Promise.all([ask('printer.local'), ask('PRINTER.local')])).toEqual([
      ['printer.local. 10 IN A 192.168.1.9'],
      ['PRINTER.local. 10 IN A 192.168.1.9'],
    ])
    await ask('printer.local')
    expect(asked).toHaveLength(1)
    await clock.run(new Promise((resolve) => void clock.after(11_000, () => resolve(undefined))))
    await ask('printer.local')
    expect(asked).toHaveLength(2)
  })

  it('remembers that nobody answered, and asks for so many names at once', async () => {
    const { ask, asked } = bridgeOver()
    expect(await ask('nobody.local')).toEqual([])
    expect(await ask('nobody.local')).toEqual([])
    expect(asked).toHaveLength(1)
    await Promise.all(Array.from({ length: 100 }, (_, i) => ask(`n${i}.local`)))
    expect(asked.length).toBeLessThan(30)
  })
})

describe('an answer for a name of local', () => {
  it('is what this node has itself, or what the network says, or that there is nothing now', async () => {
    const { bridge } = bridgeOver(good)
    const silent = bridgeOver().bridge
    const asked = question('printer.local')
    const own = found([printer('printer.local', { class: 1, rdata: Uint8Array.of(10, 0, 0, 1) })], 'own')
    expect(await bridged(bridge, asked, own)).toBe(own)
    expect(await bridged(undefined, asked, undefined)).toBeUndefined()
    expect(await bridged(bridge, question('printer.lan'), undefined)).toBeUndefined()
    expect(await bridged(bridge, asked, undefined)).toMatchObject({ rcode: 0, detail: 'mDNS', answers: [{ ttl: 10 }] })
    expect(await bridged(silent, asked, undefined)).toMatchObject({ rcode: 0, answers: [], authorities: [{ ttl: 10 }] })
  })
})
