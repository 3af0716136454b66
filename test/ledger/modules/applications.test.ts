import { describe, expect, it } from 'vitest'
import {
  ACCOUNTS,
  ADMISSION,
  APPLICATIONS,
  AUTHORITY,
  activatePayload,
  DIRECTORY,
  directoryEntryOf,
  type LedgerModule,
  ledgerModules,
  MODULE_FAULT,
  putEntryPayload,
} from '../../../src/ledger/index.ts'
import { chainId } from '../../chain/one.ts'
import { DONE, NOT_ALLOWED, SIGNATURE, signerOf, TAKEN } from './admission-world.ts'
import { nodeBlocks } from './node-blocks.ts'

const RUNNING = [ACCOUNTS, ADMISSION, AUTHORITY, APPLICATIONS]
const owner = signerOf('owner of a key')
const label = new TextEncoder().encode('mail')
const bytes = (...values: number[]) => Uint8Array.from(values)
const put = (value: Uint8Array, sequence: number, by = owner) =>
  putEntryPayload(chainId, by, label, { value, sequence })

function activated(modules: readonly LedgerModule[] = ledgerModules, module = DIRECTORY) {
  const chain = nodeBlocks(modules, RUNNING)
  const height = chain.height() + 70
  for (const one of chain.members.slice(0, 3)) chain.codes([one, activatePayload({ module, height })])
  chain.pass(height - chain.height() - 1)
  return chain
}

describe('a module of a third party', () => {
  it('runs from the height on for which more than half of the nodes voted, and the headers say so ahead (D72)', () => {
    const chain = nodeBlocks(ledgerModules, RUNNING)
    const [a, b, c] = chain.members
    const vote = activatePayload({ module: DIRECTORY, height: 100 })
    expect(chain.codes([a, activatePayload({ module: DIRECTORY, height: 10 })])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a, vote], [b, vote])).toEqual([DONE, DONE])
    expect(chain.nextRules()).toBeUndefined()
    expect(chain.codes([c, vote])).toEqual([DONE])
    const next = chain.nextRules()!
    expect(next.height).toBe(100)
    expect(chain.codes([a, vote])).toEqual([TAKEN])
    expect(chain.codes([a, activatePayload({ module: 200, height: 200 })])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a, put(bytes(1), 1)])).toEqual([NOT_ALLOWED])
    chain.pass(100 - chain.height() - 2)
    expect(chain.codes([a, put(bytes(1), 1)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a, put(bytes(1), 1)])).toEqual([DONE])
    expect(chain.height()).toBe(100)
    expect(chain.application.knowsRules(next.rules)).toBe(true)
    const older = nodeBlocks(
      ledgerModules.filter(({ id }) => id !== DIRECTORY),
      RUNNING,
    )
    expect(older.application.knowsRules(next.rules)).toBe(false)
    expect(older.application.knowsRules(1)).toBe(true)
  })

  it('that keeps a directory takes what its owner signed, in order, whoever carries it', () => {
    const chain = activated()
    const [a, b] = chain.members
    expect(chain.codes([a, put(bytes(1), 1)], [b, put(bytes(2), 2)])).toEqual([DONE, DONE])
    expect(directoryEntryOf(chain.state(), label)).toEqual({ owner: owner.publicKey, value: bytes(2), sequence: 2 })
    expect(chain.codes([a, put(bytes(1), 1)], [a, put(bytes(3), 3, signerOf('thief'))])).toEqual([3, TAKEN])
    const [kind, ...rest] = put(bytes(4), 3)
    expect(chain.codes([a, [kind, rest[0]!, rest[1]!, bytes(5), rest[3]!, rest[4]!]])).toEqual([SIGNATURE])
  })

  it('marks the transaction at which it throws, undoes what it did, and never stops the chain', () => {
    const bad: LedgerModule = {
      id: 129,
      name: 'bad',
      kinds: [2_000],
      execute({ own }) {
        own.set(bytes(1), bytes(1))
        throw new TypeError('a bug')
      },
      endBlock({ own }) {
        own.set(bytes(2), bytes(2))
        throw new RangeError('another bug')
      },
    }
    const chain = activated([...ledgerModules, bad], 129)
    expect(chain.codes([chain.members[0], [2_000]])).toEqual([MODULE_FAULT])
    expect(chain.state().get(bytes(129, 1))).toBeUndefined()
    expect(chain.state().get(bytes(129, 2))).toBeUndefined()
    expect(chain.codes([chain.members[0], [2_000]])).toEqual([MODULE_FAULT])
  })

  it('decides nothing about the set or the rules', () => {
    const greedy: LedgerModule = {
      id: 130,
      name: 'greedy',
      kinds: [2_001],
      execute() {},
      endBlock: ({ block }) => ({
        validators: block.validators.slice(0, 1),
        nextRules: { rules: 9, height: block.height + 2 },
      }),
    }
    const chain = activated([...ledgerModules, greedy], 130)
    chain.pass(3)
    expect(chain.decided()).toHaveLength(4)
    expect(chain.nextRules()).toBeUndefined()
  })
})

describe('a module of ours', () => {
  it('that throws is a fault: it stops the chain', () => {
    const broken: LedgerModule = {
      ...ledgerModules[0]!,
      execute: () => {
        throw new TypeError('a bug')
      },
    }
    const chain = nodeBlocks([broken, ...ledgerModules.slice(1)], RUNNING)
    expect(() => chain.codes([chain.members[0], [32, bytes(1), 1]])).toThrow(TypeError)
  })
})
