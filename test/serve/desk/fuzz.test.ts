import { createSocket } from 'node:dgram'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { decodeMessage, encodeMessage } from '../../../src/dns/index.ts'
import { classify } from '../../../src/serve/desk/etiquette.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { ask, queryFor } from '../../world/ask.ts'
import { start, until } from '../support.ts'

const PACKETS = 10_000
const SEED = 20_240_501

const SEEDLINGS: readonly Uint8Array[] = [
  encodeMessage(queryFor({ name: 'www.example.com' }, { do: true })),
  encodeMessage(queryFor({ name: 'a.very.long.name.with.many.labels.example.org', type: 'HTTPS' }, { edns: false })),
  encodeMessage(queryFor({ name: '.', type: 'NS' })),
  encodeMessage(
    queryFor(
      { name: 'cookie.example', type: 'TXT' },
      {
        options: [
          { code: 10, data: new Uint8Array(24) },
          { code: 12, data: new Uint8Array(100) },
        ],
      },
    ),
  ),
]

function mutated(below: (bound: number) => number): Uint8Array {
  let packet: Uint8Array = SEEDLINGS[below(SEEDLINGS.length)]!.slice()
  for (let i = 1 + below(6); i > 0; i--) {
    const at = below(packet.length + 1)
    switch (below(7)) {
      case 0:
        packet = packet.slice(0, at)
        break
      case 1:
        packet = concatBytes(packet.slice(0, at), packet.slice(below(packet.length + 1)))
        break
      case 2:
        packet = concatBytes(
          packet,
          Uint8Array.from({ length: below(40) }, () => below(256)),
        )
        break
      case 3:
        packet = packet.length < 600 ? concatBytes(packet, packet) : packet
        break
      case 4:
        if (at + 1 < packet.length) packet.set([0xc0 | below(64), below(256)], at)
        break
      case 5:
        // The counts and flags of the header: where parsers believe too much.
        if (packet.length >= 12) packet[2 + below(10)] = below(256)
        break
      default:
        if (at < packet.length) packet[at] = below(256)
    }
  }
  return packet
}

describe('10,000 mutated packets', () => {
  it('never crash the door, and a control question is answered throughout', async () => {
    const { frontEnd, udp, tcp, log } = await start()
    const { below } = seededRandom(SEED)
    const socket = createSocket('udp4')
    let replies = 0
    const bad: string[] = []
    socket.on('message', (reply) => {
      replies++
      // Whatever comes back is a well-formed answer.
      if (!decodeMessage(new Uint8Array(reply)).qr) bad.push(reply.toString('hex'))
    })
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()))
    for (let sent = 0; sent < PACKETS; sent++) {
      socket.send(mutated(below), udp.port, udp.address)
      if (sent % 100 === 99) {
        await until(() => frontEnd.stats().queries >= sent)
        const control = await ask(sent % 1_000 === 999 ? tcp : udp, { name: 'control.example.com' })
        expect(control.answers).toHaveLength(1)
      }
    }
    const { dropped, malformed, refused, answered, servfail, queries } = frontEnd.stats()
    expect(dropped + malformed + refused + answered + servfail).toBe(queries)
    expect([bad, log.errors]).toEqual([[], []])
    expect(replies).toBeGreaterThan(PACKETS / 4)
    socket.close()
    await frontEnd.close(0)
  })

  it('all have a verdict, and replies are hardly larger than what was asked', () => {
    const { below } = seededRandom(SEED + 1)
    for (let i = 0; i < PACKETS; i++) {
      const packet = mutated(below)
      const verdict = classify(packet, { allowed: below(2) === 0, protocol: 'udp', port: 4_000 })
      if (verdict.kind !== 'reply') continue
      expect(encodeMessage(verdict.reply).length).toBeLessThanOrEqual(packet.length + 12)
    }
  })
})
