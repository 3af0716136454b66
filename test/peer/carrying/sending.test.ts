import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { decodeTransaction, ResultCode } from '../../../src/chain/index.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import { limits } from '../../../src/peer/carrying/limits.ts'
import { type SendingDeps, sendPayload } from '../../../src/peer/carrying/sending.ts'
import { chainId } from '../../chain/one.ts'
import { signerOf } from '../../ledger/modules/admission-world.ts'
import { testClock } from '../../setup/clock.ts'

/** A ledger that expects `next` of the account; `known` is what this node has proof of. */
function scene({ known, next, marks = [] }: { known: number[]; next: number; marks?: number[] }) {
  const clock = testClock()
  const handed: number[] = []
  const deps = {
    account: signerOf('organisation'),
    clock,
    follower: {
      look: async () => {},
      prove: async () => {
        const nonce = known.length > 1 ? known.shift()! : known[0]!
        return { kind: 'proven', values: [encodeCanonical([nonce, 0, 0, 0])] } as never
      },
    },
    ledgers: {
      nextNonce: (_chain, _account, nonce) => nonce,
      async submit(_chain, bytes) {
        const { nonce } = decodeTransaction(bytes)
        handed.push(nonce)
        if (nonce < next) throw new ChordnsError('LEDGER_VOID', 'void', { code: ResultCode.NONCE })
      },
      outcome: async () => ({ height: 9, result: { code: marks.shift() ?? 0, fee: 0, detail: new Uint8Array() } }),
    },
  } satisfies SendingDeps
  const sent = sendPayload(deps, chainId, [1]).catch((error: ChordnsError) => error.code)
  return { handed, sent, pass: () => clock.advanceAsync(10 * limits.OVERTAKEN_WAIT_MS) }
}

describe('a payload that a node sends with an account that others use, too', () => {
  it('is sent again with the next number when another transaction was first, once this node knows of it', async () => {
    const { handed, sent, pass } = scene({ known: [5, 5, 6], next: 6 })
    await pass()
    expect(await sent).toMatchObject({ outcome: { code: ResultCode.DONE } })
    expect(handed).toEqual([5, 5, 6])
  })

  it('is sent again when its block says that another was first', async () => {
    const { handed, sent, pass } = scene({ known: [5, 6], next: 5, marks: [ResultCode.NONCE] })
    await pass()
    expect(await sent).toMatchObject({ outcome: { code: ResultCode.DONE } })
    expect(handed).toEqual([5, 6])
  })

  it('is given up after a few times', async () => {
    const { handed, sent, pass } = scene({ known: [5], next: 99 })
    await pass()
    expect(await sent).toBe('LEDGER_VOID')
    expect(handed).toHaveLength(limits.OVERTAKEN_TRIES)
  })
})
