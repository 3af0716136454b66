import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../src/chain/index.ts'
import { ACCOUNTS, accountOf, accounts, transferPayload } from '../../../src/ledger/index.ts'
import { people } from '../../chain/one.ts'
import { chainWorld } from '../chain-world.ts'

const { signers } = people(6)
const [alice, bob] = [signers[4]!, signers[5]!]

function world(options: Parameters<typeof chainWorld>[0] = {}) {
  return chainWorld({ modules: [accounts], genesis: new Map([[ACCOUNTS, [[alice.publicKey, 100]]]]), ...options })
}

describe('accounts on a chain of four validators', () => {
  it('move value, and all validators end with the same state', () => {
    const chain = world()
    expect(chain.run(alice, transferPayload(bob.publicKey, 30), { fee: 1 })).toBe(ResultCode.DONE)
    expect(chain.run(bob, transferPayload(alice.publicKey, 5))).toBe(ResultCode.DONE)
    expect(accountOf(chain.state(), alice.publicKey)).toMatchObject({ nonce: 1, balance: 74 })
    expect(accountOf(chain.state(), bob.publicKey)).toMatchObject({ nonce: 1, balance: 25 })
    const roots = new Set(chain.chains.map((one) => Buffer.from(one.status().stateRoot).toString('hex')))
    expect(roots.size).toBe(1)
  })

  it('mark what they cannot pay: it costs fee and nonce, and moves nothing', () => {
    const chain = world()
    expect(chain.run(alice, transferPayload(bob.publicKey, 100), { fee: 1 })).toBe(ResultCode.FUNDS)
    expect(accountOf(chain.state(), alice.publicKey)).toMatchObject({ nonce: 1, balance: 99 })
    expect(accountOf(chain.state(), bob.publicKey).balance).toBe(0)
  })

  it('mark a kind that no module has, and fields that do not fit', () => {
    const chain = world()
    expect(chain.run(alice, [999])).toBe(ResultCode.NOT_ALLOWED)
    expect(chain.run(alice, [32, 'x'])).toBe(ResultCode.MALFORMED)
  })

  it('take no more transactions of an account in a day than its quota', () => {
    const chain = world({ quotaADay: 2, heartbeatMs: 3_600_000 })
    for (let i = 0; i < 2; i++) expect(chain.run(alice, transferPayload(bob.publicKey, 1))).toBe(ResultCode.DONE)
    expect(chain.run(alice, transferPayload(bob.publicKey, 1))).toBeUndefined()
    chain.settle(24 * 3_600_000)
    expect(accountOf(chain.state(), bob.publicKey).balance).toBe(2)
    expect(chain.run(alice, transferPayload(bob.publicKey, 1), { nonce: 2 })).toBe(ResultCode.DONE)
  })

  it('are of those only who may carry', () => {
    const chain = world({ mayCarry: (_, account) => account === alice.publicKey })
    expect(chain.run(bob, transferPayload(alice.publicKey, 1))).toBeUndefined()
  })
})
