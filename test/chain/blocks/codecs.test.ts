import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../../src/base/index.ts'
import {
  type ChainMessage,
  decodeMessage,
  encodeEquivocation,
  encodeMessage,
  equivocationFromValue,
} from '../../../src/chain/index.ts'
import { decodeCanonical } from '../../../src/crypto/index.ts'
import { chainId, One } from '../one.ts'

const one = new One(4, 0)
const block = one.block(1)
const certificate = one.certificate('precommit', [0, 2, 3], block.id)
const header = block.header
const MESSAGES: readonly ChainMessage[] = [
  { type: 'proposal', proposal: one.proposal(block) },
  { type: 'proposal', proposal: one.proposal(block, 3, 1, one.certificate('prevote', [0, 1, 2], block.id, 1)) },
  { type: 'votes', votes: [one.vote(1, 'prevote', block.id), one.vote(2, 'precommit', undefined, 7)] },
  { type: 'commit', certificate },
  { type: 'blocks', blocks: [{ block, certificate }] },
  { type: 'status', height: 4, round: 2, hasProposal: true, prevotes: Uint8Array.of(5), precommits: new Uint8Array() },
  { type: 'ask-blocks', from: 9 },
  {
    type: 'snapshot',
    head: {
      header,
      certificate,
      validators: one.validators,
      nextValidators: one.validators,
      afterValidators: one.validators,
      size: 77,
    },
  },
  { type: 'ask-piece', height: 3, index: 1 },
  { type: 'piece', height: 3, index: 1, bytes: Uint8Array.of(1, 2) },
  { type: 'transactions', transactions: [Uint8Array.of(1), new Uint8Array()] },
]

describe('messages', () => {
  it.each(MESSAGES.map((message) => [message.type, message] as const))('%s comes back as it was', (_, message) => {
    expect(decodeMessage(chainId, encodeMessage(chainId, message))).toEqual(message)
  })

  it('of another chain are refused', () => {
    const bytes = encodeMessage(new Uint8Array(32), MESSAGES[0]!)
    expect(() => decodeMessage(chainId, bytes)).toThrow(/another chain/)
  })

  it('that are damaged are refused with one code, or mean something else', () => {
    fc.assert(
      fc.property(fc.nat(MESSAGES.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, flip) => {
        const bytes = encodeMessage(chainId, MESSAGES[which]!)
        bytes[at % bytes.length]! ^= flip
        try {
          expect(decodeMessage(chainId, bytes)).not.toEqual(MESSAGES[which])
        } catch (error) {
          if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
        }
      }),
      { numRuns: 500 },
    )
  })

  it('that are noise are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeMessage(chainId, bytes)).toThrow(expect.objectContaining({ code: 'CHAIN_MALFORMED' }))
      }),
    )
  })

  it('cannot bring a block whose transactions are not those of its header', () => {
    const other = { ...block, transactions: [Uint8Array.of(9)] }
    const bytes = encodeMessage(chainId, { type: 'blocks', blocks: [{ block: other, certificate }] })
    expect(() => decodeMessage(chainId, bytes)).toThrow(/belong together/)
  })
})

describe('evidence', () => {
  it('comes back as it was', () => {
    const [first, second] = [one.vote(1, 'prevote', block.id), one.vote(1, 'prevote', undefined)]
    const evidence = { kind: 'votes', chainId, first, second } as const
    expect(equivocationFromValue(decodeCanonical(encodeEquivocation(evidence), { maxBytes: 1_000 }))).toEqual(evidence)
  })
})
