/** A Root chain with a link of another chain whose term is over, and what its nodes have of both. */
import { expect } from 'vitest'
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
import { nodeBlocks } from '../modules/node-blocks.ts'

export const payloadOf = (bytes: Uint8Array): Payload => {
  const { kind, fields } = decodePayload(bytes)
  return [kind, ...fields]
}

/** The Root chain links another one up to height 100, and then nobody does for fifteen days. */
export function relinkingScene() {
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
    /** What a light client that has the other chain's headers says of it. */
    followerOf(trusted = other): LinkingDeps['follower'] & { look(): Promise<void> } {
      const { time, height } = trusted.head.header
      const head = { chainId, height, time, state: 'fresh', fresh: true, certified: trusted.head }
      return {
        look: async () => {},
        head: () => ({ ...head, name: 'p2p', validators: trusted.setAt(height + 1) }) as LedgerHead,
        conflict: () => undefined,
        setOf: () => undefined,
        links: async (_, linked, size) => {
          const at = (ledger: TestLedger) => ledger.noteBytes(size || ledger.height - (ledger.height % 100))
          return world.shown.flatMap((ledger) => linkFrom(source(ledger), at(ledger), linked) ?? [])
        },
        holds: async (_, one) => Buffer.compare(blockIdOf(trusted.at(one.height).header), blockIdOf(one)) === 0,
      }
    },
    /** The Root chain as it runs on a node. */
    running: {
      id: 'root',
      genesis: { genesis: { ...genesis, name: 'root' }, chainId: new Uint8Array(32) },
      application: { ask: async (_: string, given: never) => linkStates(root.state(), given) },
      status: () => ({ validators: root.validators() }),
    } as unknown as RunningChain,
    all: [{ genesis, chainId }],
    duty(member: number, trusted = other): { due(): Promise<Payload | undefined> } {
      const linking = new Linking({
        clock: { now: root.now, monotonic: root.now } as never,
        scheme,
        all: world.all,
        account: root.members[member]!.publicKey,
        memberId: root.validators()[member]!.id,
        follower: world.followerOf(trusted),
        runningOf: () => undefined,
      })
      return {
        async due() {
          const due = await linking.due(world.running)
          return due && payloadOf(due.payload)
        },
      }
    },
  }
  return world
}
