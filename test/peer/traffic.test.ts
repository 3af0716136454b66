import { describe, expect, it } from 'vitest'
import { asPeerId, ChordnsError } from '../../src/base/index.ts'
import { RequestRoom } from '../../src/peer/rooms.ts'
import { countedTransport } from '../../src/peer/traffic.ts'

const peer = asPeerId('peer')
const options = { timeoutMs: 1_000 }
let now = 0
const clock = { monotonic: () => now }

describe('what goes to peers', () => {
  it('is sent with the byte of its room, and counted by room with its reply', async () => {
    const sent: Uint8Array[] = []
    const traffic = countedTransport(
      {
        request: async (_peer, body) => {
          sent.push(body)
          return new Uint8Array(5)
        },
        bulk: async function* (_peer, body) {
          sent.push(body)
          yield new Uint8Array(100)
          yield new Uint8Array(50)
        },
      },
      clock,
    )
    await traffic.request(RequestRoom.RING, peer, Uint8Array.of(9), options)
    await traffic.request(RequestRoom.CHUNKS, peer, Uint8Array.of(8, 7), options)
    for await (const _ of traffic.bulk(RequestRoom.HOUSEHOLD, peer, new Uint8Array(), options));
    expect(sent).toEqual([Uint8Array.of(1, 9), Uint8Array.of(2, 8, 7), Uint8Array.of(4)])
    expect(traffic.stats()).toEqual({
      ringRequests: 1,
      chunkRequests: 1,
      chainRequests: 0,
      householdRequests: 0,
      settingsRequests: 0,
      bulks: 1,
      sentBytes: 2 + 3 + 1,
      heardBytes: 5 + 5 + 150,
    })
  })

  it('counts a request that nobody answers', async () => {
    const traffic = countedTransport(
      {
        request: async () => {
          throw new ChordnsError('PEER_TIMEOUT', 'no answer', {})
        },
        bulk: async function* () {},
      },
      clock,
    )
    await expect(traffic.request(RequestRoom.CHAINS, peer, new Uint8Array(9), options)).rejects.toThrow('no answer')
    expect(traffic.stats()).toMatchObject({ chainRequests: 1, sentBytes: 10, heardBytes: 0 })
  })

  it('says how long a peer takes to reply to its neighbours, and nothing of who was not asked', async () => {
    const traffic = countedTransport(
      {
        request: async () => {
          now += 40
          return new Uint8Array(1)
        },
        bulk: async function* () {},
      },
      clock,
    )
    await traffic.request(RequestRoom.CHUNKS, peer, new Uint8Array(1), options)
    expect(traffic.replyMs(peer)).toBeUndefined()
    await traffic.request(RequestRoom.RING, peer, new Uint8Array(1), options)
    expect(traffic.replyMs(peer)).toBe(40)
  })
})
