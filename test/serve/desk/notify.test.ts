/** NOTIFY (RFC 1996): heard where somebody listens, from whoever sends it, and answered by who that is. */
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, type Message, nameToText, Opcode, Rcode, Type } from '../../../src/dns/index.ts'
import { clientBook } from '../../../src/serve/access/access.ts'
import { Desk } from '../../../src/serve/desk/desk.ts'
import { limits } from '../../../src/serve/limits.ts'
import type { OnNotify } from '../../../src/serve/types.ts'
import { testClock } from '../../setup/clock.ts'
import { queryFor } from '../../world/ask.ts'
import { FakeResolver, OPTIONS, quietLog } from '../support.ts'

const notify = (zone = 'example.com', type = 'SOA'): Message => ({
  ...queryFor({ name: zone, type }),
  opcode: Opcode.NOTIFY,
  aa: true,
  rd: false,
})

/** What is replied to `packet` from an address that may ask, or may not. */
function replyTo(message: Message, onNotify: OnNotify | undefined, allowed = false): Message {
  const resolver = new FakeResolver()
  const desk = new Desk(
    {
      resolver,
      options: OPTIONS,
      clientOf: clientBook(() => allowed, 100),
      clock: testClock(),
      log: quietLog(),
      limits,
    },
    { onQuery() {}, onNotify },
  )
  const sent: Message[] = []
  const send = (bytes: Uint8Array) => sent.push(decodeMessage(bytes))
  desk.receive(encodeMessage(message), { address: '192.0.2.53', port: 53, protocol: 'udp', send })
  expect(sent).toHaveLength(1)
  return sent[0]!
}

describe('NOTIFY', () => {
  it('is handed on with its zone and its source, and answered as it was asked when it counts', () => {
    const heard: string[] = []
    const message = notify()
    const reply = replyTo(message, (zone, from) => {
      heard.push(`${nameToText(zone)} ${from}`)
      return 'taken'
    })
    expect(heard).toEqual(['example.com. 192.0.2.53'])
    expect(reply).toMatchObject({ qr: true, opcode: Opcode.NOTIFY, rcode: Rcode.NOERROR, aa: true, answers: [] })
    expect(reply.id).toBe(message.id)
    expect(reply.questions).toHaveLength(1)
  })

  it('from somebody who is no server of the zone is refused, client or not', () => {
    for (const allowed of [true, false])
      expect(replyTo(notify(), () => 'refused', allowed)).toMatchObject({
        opcode: Opcode.NOTIFY,
        rcode: Rcode.REFUSED,
      })
  })

  it('is not implemented for clients where nobody listens, and tells others no more than any packet does', () => {
    expect(replyTo(notify(), undefined, true).rcode).toBe(Rcode.NOTIMP)
    expect(replyTo(notify(), undefined, false).rcode).toBe(Rcode.REFUSED)
    expect(replyTo(notify(), () => undefined, true).rcode).toBe(Rcode.NOTIMP)
    expect(replyTo(notify(), () => undefined, false).rcode).toBe(Rcode.REFUSED)
  })

  it('of a CDS set is handed on as such (RFC 9859)', () => {
    const heard: number[] = []
    const listen: OnNotify = (_, __, type) => {
      heard.push(type)
      return 'taken'
    }
    expect(replyTo(notify('example.com', 'CDS'), listen).rcode).toBe(Rcode.NOERROR)
    expect(replyTo(notify(), listen).rcode).toBe(Rcode.NOERROR)
    expect(heard).toEqual([Type.CDS, Type.SOA])
  })

  it('of anything but an SOA or a CDS set, or of two zones, is not handed on', () => {
    const never: OnNotify = () => {
      throw new Error('handed on')
    }
    const two = { ...notify(), questions: [...notify().questions, ...notify('example.org').questions] }
    expect(replyTo(notify('example.com', 'A'), never, true).rcode).toBe(Rcode.NOTIMP)
    expect(replyTo(two, never, true).rcode).toBe(Rcode.NOTIMP)
  })

  it('is answered with no more bytes than it has', () => {
    const packet = encodeMessage(notify())
    expect(encodeMessage(replyTo(notify(), () => 'taken')).length).toBeLessThanOrEqual(packet.length)
  })
})
