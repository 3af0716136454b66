/** Nodes that vote where a link begins anew whose term is over, each by its own light client, as their duties say. */
import { describe, expect, it } from 'vitest'
import { blockIdOf } from '../../../src/chain/blocks/blocks.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import { linkFrom } from '../../../src/chain/follow/linking.ts'
import { encodeGenesis, encodeLink, type LedgerHead } from '../../../src/chain/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  decodePayload,
  LINKS,
  Linking,
  type LinkingDeps,
  ledgerModules,
  linkChainPayload,
  linkedOf,
  linkStates,
  type Payload,
  type RunningChain,
} from '../../../src/ledger/index.ts'
import { DAY, MINUTE, TestLedger } from '../../chain/light/ledger.ts'
import { scheme } from '../../chain/one.ts'
import { DONE } from '../modules/admission-world.ts'
import { nodeBlocks } from '../modules/node-blocks.ts'

const payloadOf = (bytes: Uint8Array): Payload => {
  const { kind, fields } = decodePayload(bytes)
  return [kind, ...fields]
}

/** The Root chain links another one up to height 100, and then nobody does for fifteen days. */
function scene() {
  const root = nodeBlocks(ledgerModules, [ACCOUNTS, ADMISSION, AUTHORITY, LINKS])
  const other = new TestLedger([0, 1, 2, 3], { name: 'p2p', makeKey: scheme.signer })
  const { chainId, genesis, origin } = other
  other.grow(120)
  const late = other.head.header.time - root.now()
  root.block([], { afterMs: Math.max(MINUTE, late) })
  const begin = linkChainPayload(encodeGenesis(genesis))
  for (const one of root.members) root.codes([one, begin])
  const source = (ledger: TestLedger) => ({
    chainId,
    height: () => ledger.height,
    certified: (height: number) => ledger.at(height),
    hashes: ledger.log.hashes,
    set: (wanted: Uint8Array) =>
      [1, ledger.height].map((at) => ledger.setAt(at)).find((set) => Buffer.compare(setRoot(set), wanted) === 0),
  })
  const first = { origin, oldSize: 0, proof: [], note: other.noteBytes(100), lastSet: genesis.validators }
  const header = other.at(100).header
  root.codes([
    root.members[0],
    payloadOf(encodeLink({ ...first, header, path: other.leafPath(100), ownSet: undefined })),
  ])
  expect(linkedOf(root.state(), origin)).toMatchObject({ size: 100 })
  other.block({ time: other.head.header.time + 15 * DAY })
  other.grow(240)
  root.block([], { afterMs: other.head.header.time - root.now() })

  const world = {
    root,
    other,
    /** What members show of checkpoints. */
    shown: [other] as TestLedger[],
    linked: () => linkedOf(root.state(), origin)!,
    duty(member: number, trusted = other): { due(): Promise<Payload | undefined> } {
      const { time, height } = trusted.head.header
      const head: LedgerHead = {
        chainId,
        name: 'p2p',
        height,
        time,
        state: 'fresh',
        fresh: true,
        validators: trusted.setAt(height + 1),
        certified: trusted.head,
      } as never
      const follower: LinkingDeps['follower'] = {
        head: () => head,
        conflict: () => undefined,
        setOf: () => undefined,
        links: async (_, linked, size) => {
          const at = (ledger: TestLedger) => ledger.noteBytes(size || ledger.height - (ledger.height % 100))
          return world.shown.flatMap((ledger) => linkFrom(source(ledger), at(ledger), linked) ?? [])
        },
        holds: async (_, one) => Buffer.compare(blockIdOf(trusted.at(one.height).header), blockIdOf(one)) === 0,
      }
      const account = root.members[member]!.publicKey
      const linking = new Linking({
        clock: { now: root.now, monotonic: root.now } as never,
        scheme,
        all: [{ genesis, chainId }],
        account,
        memberId: root.validators()[member]!.id,
        follower,
        runningOf: () => undefined,
      })
      const chain = {
        id: 'root',
        genesis: { genesis: { ...genesis, name: 'root' }, chainId: new Uint8Array(32) },
        application: { ask: async (_: string, given: never) => linkStates(root.state(), given) },
        status: () => ({ validators: root.validators() }),
      }
      return {
        async due() {
          const due = await linking.due(chain as unknown as RunningChain)
          return due && payloadOf(due.payload)
        },
      }
    },
  }
  return world
}

describe('a link whose term is over', () => {
  it('is begun anew by nodes whose light clients still trust the chain, at one place, and goes on from there', async () => {
    const { root, linked, duty } = scene()
    const duties = [0, 1, 2].map((member) => duty(member))
    for (const [member, one] of duties.entries()) {
      const vote = await one.due()
      expect(vote?.[0]).toBe(7)
      expect(root.codes([root.members[member]!, vote!])).toEqual([DONE])
      // Once is enough.
      if (member < 2) expect(await one.due()).toBeUndefined()
    }
    expect(linked()).toMatchObject({ size: 300, isForked: false })
    expect(await duties[0]!.due()).toBeUndefined()
  })

  it('is voted for by nobody at a place that is not in the history that it trusts', async () => {
    const { other, duty } = scene()
    const fork = other.fork(200).grow(other.height - 200, { stateRoot: new Uint8Array(32).fill(6) })
    expect(await duty(0, fork).due()).toBeUndefined()
    expect((await duty(0).due())?.[0]).toBe(7)
  })
})
