import { describe, expect, it } from 'vitest'
import { decodeTransaction, historyRoot, ResultCode, transactionId } from '../../../src/chain/index.ts'
import { type Due, Duties, decodePayload, FaultDuty, faultState, type RunningChain } from '../../../src/ledger/index.ts'
import { chainId, scheme } from '../../chain/one.ts'
import { testClock } from '../../setup/clock.ts'
import { signerOf } from '../modules/admission-world.ts'
import { accused } from '../modules/faults-world.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** A chain that says what the test says, and duties of which one is due as long as it is not done. */
function scene() {
  const clock = testClock()
  const account = signerOf('organisation')
  const world = {
    nonce: 0,
    /** Of those that were handed in by others. */
    next: undefined as number | undefined,
    sent: [] as { nonce: number; id: Uint8Array }[],
    code: undefined as number | undefined,
    due: { what: 'a vote', payload: Uint8Array.of(1) } as Due | undefined,
  }
  const chain = {
    id: 'chain',
    name: 'root',
    isValidator: true,
    genesis: { chainId: new Uint8Array(32) },
    application: { ask: async () => ({ mayCarry: true, nonce: world.nonce }) },
    nextNonce: (_: Uint8Array, known: number) => world.next ?? known,
    outcomeOf: (id: Uint8Array) =>
      world.code !== undefined && Buffer.compare(world.sent.at(-1)!.id, id) === 0
        ? { height: 1, result: { code: world.code, fee: 0, detail: new Uint8Array() } }
        : undefined,
    async submit(bytes: Uint8Array) {
      world.sent.push({ nonce: decodeTransaction(bytes).nonce, id: transactionId(bytes) })
      return 0
    },
  }
  const duties = new Duties({ clock, log: quiet, account, duties: [{ name: 'votes', due: async () => world.due }] })
  const decided = () => duties.decided(chain as unknown as RunningChain)
  return { ...world, world, clock, decided, numbers: () => world.sent.map(({ nonce }) => nonce) }
}

describe('the duties of a node', () => {
  it('are sent once, and again only after a while', async () => {
    const { world, clock, decided, numbers } = scene()
    await decided()
    await decided()
    world.nonce = 1
    world.code = ResultCode.NOT_ALLOWED
    await decided()
    expect(numbers()).toEqual([0])
    await clock.advanceAsync(61_000)
    await decided()
    expect(numbers()).toEqual([0, 1])
  })

  it('are sent behind what others of the account have handed in', async () => {
    const { world, decided, numbers } = scene()
    world.next = 2
    await decided()
    expect(numbers()).toEqual([2])
    world.nonce = 2
    await decided()
    expect(numbers()).toEqual([2])
  })

  it.each([
    ['never came into a block', undefined],
    ['is marked so in its block', ResultCode.NONCE],
  ])('are sent again at once when another transaction of the account was first, and theirs %s', async (_, code) => {
    const { world, decided, numbers } = scene()
    await decided()
    world.nonce = 1
    world.code = code
    await decided()
    expect(numbers()).toEqual([0, 1])
  })
})

describe('a validator that heard of a broken lock', () => {
  /** The duty of each validator, on a chain that has all headers of the test. */
  function heard() {
    const { chain, lock, liar } = accused()
    const { log, set, setAt } = chain
    const running = {
      id: 'chain',
      brokenLocks: [lock.accusation],
      cosigning: { forks: [] },
      genesis: { chainId },
      served: {
        headers: {
          height: () => log.edge.size,
          certified: (height: number) => ({ header: setAt(height).header }),
          hashes: log.hashes,
          set: () => set,
        },
      },
      historyRootOf: () => historyRoot(log.edge),
      application: { ask: async (_: string, given: never) => faultState(chain.state(), given) },
      status: () => ({ validators: set }),
    } as unknown as RunningChain
    const due = async () => {
      const clock = { now: chain.now, monotonic: () => 0 } as never
      const duties = set.map(({ id }) => new FaultDuty({ clock, scheme, memberId: id }))
      const all = await Promise.all(duties.map((duty) => duty.due(running)))
      return all.flatMap((one) => (one === undefined ? [] : [decodePayload(one.payload).kind]))
    }
    return { chain, liar, due }
  }

  it('shows it to the chain, one validator at first', async () => {
    expect(await heard().due()).toEqual([3])
  })

  it('shows nothing of one that is a node no more', async () => {
    const { chain, liar, due } = heard()
    chain.block([], { accused: [{ id: liar.id, height: 2 }] })
    expect(await due()).toEqual([])
  })
})
