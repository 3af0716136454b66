import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { encodePieceRequest, ResultCode, signTransaction, transactionId } from '../../../src/chain/index.ts'
import { encodePayload, type Payload, transferPayload } from '../../../src/ledger/index.ts'
import { limits } from '../../../src/ledger/limits.ts'
import {
  decodeLedgerRequest,
  decodeOutcomeReply,
  encodeLedgerRequest,
  encodeOutcomeReply,
  LedgerRequestKind,
} from '../../../src/ledger/node/messages.ts'
import { cutPiece, joinedPiece } from '../../../src/ledger/node/pieces.ts'
import { people } from '../../chain/one.ts'
import { NodeWorld, type NodeWorldOptions } from './node-world.ts'

const { signers } = people(8)
const [alice, bob] = [signers[6]!, signers[7]!]

async function open(options: NodeWorldOptions = {}) {
  const world = await NodeWorld.open({ balances: [[alice.publicKey, 100]], ...options })
  const sign = (payload: Payload, nonce = 0) => {
    const terms = { nonce, fee: 0, expires: world.clock.now() + 600_000 }
    return signTransaction(alice, world.chainId, { ...terms, payload: encodePayload(payload) })
  }
  return { world, sign }
}

describe('the ledgers of a node', () => {
  it('decide a transaction that a node hands in which runs no chain, and it hears what became of it', async () => {
    const { world, sign } = await open({ light: 1 })
    await world.run(2_000)
    const bytes = sign(transferPayload(bob.publicKey, 30))
    const light = world.nodes[4]!
    const submitted = light.submit(world.chainId, bytes)
    await world.run(100)
    await submitted
    const outcome = light.outcome(world.chainId, transactionId(bytes), 20_000)
    await world.run(10_000)
    expect(await outcome).toMatchObject({ height: expect.any(Number), result: { code: ResultCode.DONE } })
    expect(world.broken).toEqual([])
  })

  it('go to another member where the first ones answer nothing', async () => {
    const { world, sign } = await open({ light: 1 })
    await world.run(2_000)
    world.deaf.add(0)
    const submitted = world.nodes[4]!.submit(world.chainId, sign(transferPayload(bob.publicKey, 1)))
    await world.run(100)
    await expect(submitted).resolves.toBeUndefined()
  })

  it('say at once why a transaction could never get into a block', async () => {
    const { world, sign } = await open({ light: 1 })
    await world.run(2_000)
    const wrong = sign(transferPayload(bob.publicKey, 1)).slice()
    wrong[wrong.length - 1]! ^= 1
    const refused = expect(world.nodes[4]!.submit(world.chainId, wrong)).rejects.toMatchObject({
      code: 'LEDGER_VOID',
      detail: { code: ResultCode.SIGNATURE },
    })
    await world.run(100)
    await refused
    await expect(world.nodes[0]!.submit(world.chainId, wrong)).rejects.toMatchObject({ code: 'LEDGER_VOID' })
  })

  it.each([
    ['runs the chain', 0],
    ['runs no chain', 4],
  ])(
    'number the transactions of an account that several send from a node that %s, so that none overtakes another',
    async (_, index) => {
      const { world, sign } = await open({ light: 1 })
      await world.run(2_000)
      const node = world.nodes[index]!
      const next = () => node.nextNonce(world.chainId, alice.publicKey, 0)
      const submit = async (bytes: Uint8Array) => {
        const done = node.submit(world.chainId, bytes).then(
          () => 'taken',
          (error) => error.detail.code,
        )
        await world.run(100)
        return done
      }
      const [first, second] = [1, 2].map((amount) => sign(transferPayload(bob.publicKey, amount)))
      expect(await submit(first!)).toBe('taken')
      // One who read the number before that, and then one who reads it after.
      expect(await submit(second!)).toBe(ResultCode.NONCE)
      const third = sign(transferPayload(bob.publicKey, 3), next())
      expect(await submit(third)).toBe('taken')
      expect(next()).toBe(2)
      const outcome = node.outcome(world.chainId, transactionId(third), 30_000)
      await world.run(20_000)
      expect(await outcome).toMatchObject({ result: { code: ResultCode.DONE } })
    },
  )

  it('give out again the number of a transaction that is in no block after a minute', async () => {
    const { world, sign } = await open()
    await world.run(2_000)
    // Its number is too high: it waits in vain.
    await world.nodes[0]!.submit(world.chainId, sign(transferPayload(bob.publicKey, 1), 1))
    expect(world.nodes[0]!.nextNonce(world.chainId, alice.publicKey, 1)).toBe(2)
    await world.run(61_000)
    expect(world.nodes[0]!.nextNonce(world.chainId, alice.publicKey, 1)).toBe(1)
  })

  it('say so when nobody who runs the chain can be reached', async () => {
    const { world, sign } = await open({ light: 1 })
    for (let index = 0; index < 4; index++) world.deaf.add(index)
    const submitted = expect(
      world.nodes[4]!.submit(world.chainId, sign(transferPayload(bob.publicKey, 1))),
    ).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    await world.run(1_000)
    await submitted
  })

  it('answer nobody who is no member, and no member without end', async () => {
    const { world } = await open()
    const node = world.nodes[0]!
    const body = encodeLedgerRequest({
      kind: LedgerRequestKind.OUTCOME,
      chainId: world.chainId,
      body: new Uint8Array(32),
    })
    await expect(node.handle(asPeerId('a stranger'), body)).rejects.toMatchObject({ code: 'LEDGER_REFUSED' })
    let answered = 0
    for (let i = 0; i < 5_000; i++)
      await node.handle(world.peers[1]!, body).then(
        () => answered++,
        () => {},
      )
    expect(answered).toBeLessThanOrEqual(2_001)
    expect(() => node.supply(asPeerId('a stranger'), body)).toThrow(expect.objectContaining({ code: 'LEDGER_REFUSED' }))
  })

  it('refuse what is no request, with a code, whatever it is', async () => {
    const { world } = await open()
    const node = world.nodes[0]!
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        await node.handle(world.peers[1]!, bytes).catch((error) => expect(error).toHaveProperty('code'))
      }),
    )
  })
})

describe('pieces of a state', () => {
  const pieceOf = (world: NodeWorld) =>
    encodeLedgerRequest({
      kind: LedgerRequestKind.PIECE,
      chainId: world.chainId,
      body: encodePieceRequest({ height: 1, from: new Uint8Array(32), to: undefined }),
    })
  /** How many of so many requests are answered. */
  const takes = (world: NodeWorld, from: number, times: number) => {
    let taken = 0
    for (let i = 0; i < times; i++)
      try {
        world.nodes[0]!.supply(world.peers[from]!, pieceOf(world))
        taken++
      } catch (error) {
        expect(error).toMatchObject({ code: 'LEDGER_REFUSED' })
      }
    return taken
  }

  it('are charged to each who is served, and to all followers together, who take nothing from validators', async () => {
    const world = await open({ light: 8 }).then((one) => one.world)
    await world.run(2_000)
    expect(takes(world, 4, 100)).toBe(limits.PIECES_BURST)
    await world.run(1_000)
    expect(takes(world, 4, 100)).toBe(limits.PIECES_PER_SECOND)
    const others = [5, 6, 7, 8, 9, 10, 11].map((from) => takes(world, from, 100))
    const all = limits.FOLLOWERS_PIECES_BURST
    const sum = others.reduce((total, one) => total + one, limits.PIECES_BURST + limits.PIECES_PER_SECOND)
    expect(sum).toBeGreaterThanOrEqual(all)
    expect(sum).toBeLessThanOrEqual(all + limits.FOLLOWERS_PIECES_PER_SECOND)
    // A validator is served still.
    expect(takes(world, 1, 100)).toBe(limits.PIECES_BURST)
  })
})

describe('requests about ledgers', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(LedgerRequestKind)),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 100 }),
        (kind, chainId, body) => {
          expect(decodeLedgerRequest(encodeLedgerRequest({ kind, chainId, body }))).toEqual({ kind, chainId, body })
        },
      ),
    )
    const outcome = { height: 7, result: { code: 4, fee: 2, detail: new Uint8Array([1, 2]) } }
    expect(decodeOutcomeReply(encodeOutcomeReply(outcome))).toEqual(outcome)
    expect(decodeOutcomeReply(encodeOutcomeReply(undefined))).toBeUndefined()
  })

  it('bring a piece in frames, and no more than a piece', async () => {
    const piece = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)
    async function* frames(bytes: Uint8Array) {
      yield* cutPiece(bytes)
    }
    expect(await joinedPiece(frames(piece))).toEqual(piece)
    await expect(joinedPiece(frames(new Uint8Array(300_000)))).rejects.toMatchObject({ code: 'LEDGER_MALFORMED' })
  })
})
