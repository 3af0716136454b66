import { describe, expect, it } from 'vitest'
import {
  type ChainLink,
  decodeGenesis,
  decodeLink,
  encodeGenesis,
  encodeHeaderFork,
  encodeLink,
  encodeNoteFork,
  setRoot,
} from '../../../src/chain/index.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  decodePayload,
  forkOf,
  LINKS,
  ledgerModules,
  linkChainPayload,
  linkedOf,
  linkStates,
  type Payload,
  renewLinkPayload,
} from '../../../src/ledger/index.ts'
import { DAY, TestLedger } from '../../chain/light/ledger.ts'
import { scheme } from '../../chain/one.ts'
import { DONE, MALFORMED, NOT_ALLOWED, signerOf, TAKEN } from './admission-world.ts'
import { nodeBlocks } from './node-blocks.ts'

const FOUR = [0, 1, 2, 3]
const payloadOf = (bytes: Uint8Array): Payload => {
  const { kind, fields } = decodePayload(bytes)
  return [kind, ...fields]
}

function linkOf(ledger: TestLedger, oldSize: number, size: number): Payload {
  const lastSet = oldSize === 0 ? ledger.genesis.validators : ledger.setAt(oldSize + 1)
  const own = ledger.setAt(size)
  const link: ChainLink = {
    origin: ledger.origin,
    oldSize,
    proof: ledger.consistency(oldSize, size),
    note: ledger.noteBytes(size),
    header: ledger.at(size).header,
    path: ledger.leafPath(size),
    lastSet,
    ownSet: Buffer.compare(setRoot(lastSet), setRoot(own)) === 0 ? undefined : own,
  }
  return payloadOf(encodeLink(link))
}

/** The Root chain, with nothing linked; and a TLD chain of ten blocks. */
function world() {
  const chain = nodeBlocks(ledgerModules, [ACCOUNTS, ADMISSION, AUTHORITY, LINKS])
  const ledger = new TestLedger(FOUR, { name: 'p2p', makeKey: scheme.signer })
  ledger.grow(10)
  // The other chain lives at about the same time.
  const late = Math.ceil((ledger.head.header.time - chain.now()) / 60_000)
  for (let i = 0; i < Math.min(1, late); i++) chain.block([], { afterMs: ledger.head.header.time - chain.now() })
  return { ...chain, ledger }
}

function begun() {
  const chain = world()
  const genesis = linkChainPayload(encodeGenesis(chain.ledger.genesis))
  for (const one of chain.members.slice(0, 3)) expect(chain.codes([one, genesis])).toEqual([DONE])
  return chain
}

describe('links', () => {
  it('begin where more than half of the nodes say that a chain begins', () => {
    const chain = world()
    const { origin, genesis } = chain.ledger
    expect(decodeGenesis(encodeGenesis(genesis)).name).toBe('p2p')
    const [a, b, c, d] = chain.members
    const vote = linkChainPayload(encodeGenesis(genesis))
    expect(chain.codes([a, linkChainPayload(Uint8Array.of(1))])).toEqual([MALFORMED])
    expect(chain.codes([a, linkOf(chain.ledger, 0, 5)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a, vote], [a, vote], [b, vote])).toEqual([DONE, DONE, DONE])
    expect(linkedOf(chain.state(), origin)).toBeUndefined()
    expect(chain.codes([c, vote])).toEqual([DONE])
    expect(linkedOf(chain.state(), origin)).toMatchObject({ size: 0, isForked: false })
    expect(chain.codes([d, vote])).toEqual([TAKEN])
  })

  it('follow a chain by its checkpoints, each consistent with the last', () => {
    const chain = begun()
    const [a] = chain.members
    const { ledger } = chain
    expect(chain.codes([a, linkOf(ledger, 0, 4)])).toEqual([DONE])
    expect(chain.codes([a, linkOf(ledger, 0, 6)])).not.toEqual([DONE])
    expect(chain.codes([a, linkOf(ledger, 4, 10)])).toEqual([DONE])
    expect(linkedOf(chain.state(), ledger.origin)).toMatchObject({ size: 10 })
    const [kind, fields] = linkOf(ledger, 4, 9) as unknown as [number, Map<number, unknown>]
    fields.delete(8)
    expect(chain.codes([a, [kind, fields] as unknown as Payload])).toEqual([MALFORMED])
  })

  it('end with two notes that cannot both be true, and keep who signed both', () => {
    const chain = begun()
    const { ledger, members } = chain
    const other = new TestLedger(FOUR, { name: 'p2p', makeKey: scheme.signer })
    other.grow(9)
    other.block({ stateRoot: new Uint8Array(32).fill(9) })
    const fork = encodeNoteFork({
      origin: ledger.origin,
      first: ledger.noteBytes(10),
      second: other.noteBytes(10),
      split: undefined,
      validators: ledger.genesis.validators,
    })
    expect(chain.codes([members[0], payloadOf(fork)])).toEqual([DONE])
    expect(linkedOf(chain.state(), ledger.origin)).toMatchObject({ isForked: true })
    expect(forkOf(chain.state(), ledger.origin)!.signers).toHaveLength(3)
    expect(chain.codes([members[1], payloadOf(fork)])).toEqual([TAKEN])
    expect(chain.codes([members[1], linkOf(ledger, 0, 10)])).toEqual([NOT_ALLOWED])
  })

  it('begin anew by the votes of more than half of the nodes where nobody has linked a chain for too long', () => {
    const chain = begun()
    const { ledger, members } = chain
    const [a, b, c, d] = members
    expect(chain.codes([a, linkOf(ledger, 0, 5)])).toEqual([DONE])
    const renewal = (size: number) => {
      const link = decodeLink(encodeCanonical(linkOf(ledger, 5, size) as never))
      return renewLinkPayload(encodeLink({ ...link, lastSet: link.ownSet ?? link.lastSet, ownSet: undefined }))
    }
    expect(chain.codes([a, renewal(10)])).toEqual([NOT_ALLOWED])
    const weeks = ledger.head.header.time + 15 * DAY
    ledger.block({ time: weeks })
    ledger.grow(3)
    chain.block([], { afterMs: ledger.head.header.time - chain.now() })
    expect(chain.codes([a, linkOf(ledger, 5, 12)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a, renewal(10)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([signerOf('stranger'), renewal(12)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a, [7, 1, true]], [a, [7, new Map(), true]])).toEqual([MALFORMED, MALFORMED])
    // Who votes for another place does not count here, nor who takes his voice back.
    expect(chain.codes([a, renewal(12)], [b, renewal(13)], [d, renewal(12)])).toEqual([DONE, DONE, DONE])
    const [kind, link] = renewal(12)
    expect(chain.codes([d, [kind, link!, false]], [c, renewal(12)])).toEqual([DONE, DONE])
    expect(linkedOf(chain.state(), ledger.origin)).toMatchObject({ size: 5 })
    const question = { origin: ledger.origin, subject: [] }
    const asked = { account: a.publicKey, time: chain.now(), chains: [question] }
    expect(linkStates(chain.state(), asked)).toMatchObject([{ isOver: true, owesVote: true }])
    expect(chain.codes([b, renewal(12)])).toEqual([DONE])
    expect(linkedOf(chain.state(), ledger.origin)).toMatchObject({ size: 12, isForked: false })
    expect(linkStates(chain.state(), asked)).toMatchObject([{ isOver: false, owesVote: false }])
    expect(chain.codes([d, renewal(12)], [a, linkOf(ledger, 12, 14)])).toEqual([TAKEN, DONE])
  })

  it('end with two headers that cannot both be true, and keep who signed both', () => {
    const chain = begun()
    const { ledger, members } = chain
    const other = new TestLedger(FOUR, { name: 'p2p', makeKey: scheme.signer })
    other.grow(9)
    other.block({ stateRoot: new Uint8Array(32).fill(9) })
    const set = ledger.genesis.validators
    const conflict = { first: ledger.at(10), second: other.at(10), firstSet: set, secondSet: set, older: undefined }
    const fork = payloadOf(encodeHeaderFork({ origin: ledger.origin, conflict, lastSet: set }))
    expect(chain.codes([members[0], [8, new Map()]])).toEqual([MALFORMED])
    expect(chain.codes([members[0], fork])).toEqual([DONE])
    expect(linkedOf(chain.state(), ledger.origin)).toMatchObject({ isForked: true })
    expect(forkOf(chain.state(), ledger.origin)!.signers).toHaveLength(3)
    expect(chain.codes([members[1], fork], [members[1], linkOf(ledger, 0, 10)])).toEqual([TAKEN, NOT_ALLOWED])
  })
})
