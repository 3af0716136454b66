import { describe, expect, it } from 'vitest'
import { encodingOf } from '../../../src/chain/blocks/transaction-lists.ts'
import { limits } from '../../../src/chain/limits.ts'
import { packedCalls } from '../../../src/chain/run/crossing.ts'

/** Calls as they leave, and turns of the loop as the test gives them. */
function crossing() {
  const left: string[] = []
  const turns: (() => void)[] = []
  const call = packedCalls(
    (name) => {
      left.push(name)
      return name === 'fails' ? Promise.reject(new Error('no')) : Promise.resolve(name)
    },
    () => new Promise((resolve) => turns.push(resolve)),
  )
  const turn = async () => {
    turns.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { call, left, turns, turn }
}

const transactions = (count: number) => Array.from({ length: count }, (_, i) => Uint8Array.of(i & 255, i >> 8))
const block = (count: number) => ({ height: 1, time: 1, transactions: transactions(count) })

describe('calls to the thread of an application', () => {
  it('encode a long list in as many turns as it takes, a bounded part in each', async () => {
    const { call, left, turns, turn } = crossing()
    const whole = block(4 * limits.PACKED_AT_ONCE - 1)
    void call('decide', [whole, new Uint8Array(), new Uint8Array(), false])
    for (let done = 1; done < 4; done++) {
      expect([left, turns.length]).toEqual([[], 1])
      await turn()
    }
    expect([left, turns.length]).toEqual([['decide'], 0])
    // Encoded once: for the file and the votes, too.
    void call('hashes', [whole.transactions])
    expect(left).toEqual(['decide', 'hashes'])
    expect(encodingOf(whole.transactions)).toBe(encodingOf(whole.transactions))
  })

  it('go out at once where there is little to encode', () => {
    const { call, left } = crossing()
    void call('hashes', [transactions(limits.PACKED_AT_ONCE)])
    void call('ask', ['a question', 1])
    void call('admit', [transactions(3)])
    expect(left).toEqual(['hashes', 'ask', 'admit'])
  })

  it('go out in the order in which they were made, whatever has to be encoded for them', async () => {
    const { call, left, turn } = crossing()
    const long = () => block(2 * limits.PACKED_AT_ONCE)
    const made = [
      call('decide', [long(), new Uint8Array(), new Uint8Array(), false]),
      call('ask', []),
      call('hashes', [long().transactions]),
      call('fails', []),
      call('admit', [transactions(1)]),
    ]
    const outcomes = Promise.allSettled(made)
    expect(left).toEqual([])
    await turn()
    expect(left).toEqual(['decide', 'ask'])
    void call('open', [])
    await turn()
    expect(left).toEqual(['decide', 'ask', 'hashes', 'fails', 'admit', 'open'])
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
  })
})
