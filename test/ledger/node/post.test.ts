import { setImmediate as settle } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asPeerId, type PeerId } from '../../../src/base/index.ts'
import { type ChainMessage, decodeMessage } from '../../../src/chain/index.ts'
import { limits } from '../../../src/ledger/limits.ts'
import { decodeLedgerRequest } from '../../../src/ledger/node/messages.ts'
import { EnginePost } from '../../../src/ledger/node/post.ts'
import { virtualClock } from '../../../src/sim/index.ts'

const chainId = new Uint8Array(32).fill(3)
const blockId = new Uint8Array(32).fill(4)
const peers = ['one', 'two', 'three'].map(asPeerId)

function part(from: number): ChainMessage {
  const transactions = [new Uint8Array(100).fill(from)]
  return { type: 'part', height: 5, blockId, part: { from, count: 60, transactions, path: [] } }
}

function world() {
  const clock = virtualClock({ settle })
  const sent: { readonly peer: PeerId; readonly message: ChainMessage; readonly body: Uint8Array }[] = []
  const end = new AbortController()
  const post = new EnginePost({
    chainId,
    clock,
    signal: end.signal,
    send: async (peer, body) => {
      sent.push({ peer, body, message: decodeMessage(chainId, decodeLedgerRequest(body).body) })
      return new Uint8Array()
    },
  })
  return { clock, sent, post, end }
}

describe('messages of the engine on their way', () => {
  it('leaves the parts of a large block a few at a time, in order, and everything else at once', async () => {
    const { clock, sent, post } = world()
    for (let from = 0; from < 30; from++) post.post(peers[from % 3]!, part(from))
    post.post(peers[0]!, { type: 'ask-blocks', from: 1 })
    expect(sent.length).toBe(limits.PARTS_A_TURN + 1)
    expect(sent.at(-1)!.message.type).toBe('ask-blocks')
    await clock.advanceAsync(limits.PARTS_PAUSE_MS)
    expect(sent.length).toBe(2 * limits.PARTS_A_TURN + 1)
    await clock.advanceAsync(100)
    const numbers = sent.flatMap(({ message }) => (message.type === 'part' ? [message.part.from] : []))
    expect(numbers).toEqual(Array.from({ length: 30 }, (_, from) => from))
    expect(post.dropped).toBe(0)
  })

  it('encodes what goes to many once', () => {
    const { sent, post } = world()
    const message: ChainMessage = { type: 'ask-blocks', from: 9 }
    for (const peer of peers) post.post(peer, message)
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1)
  })

  it('sends nothing more once it has ended', async () => {
    const { clock, sent, post, end } = world()
    for (let from = 0; from < 30; from++) post.post(peers[0]!, part(from))
    end.abort()
    await clock.advanceAsync(1_000)
    expect(sent.length).toBe(limits.PARTS_A_TURN)
  })
})
