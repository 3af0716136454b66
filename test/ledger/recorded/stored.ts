/** A chain of four validators with a real engine, as the rows of its file: headers, certificates, blocks and hashes, as a release wrote them. */
import { toHex } from '../../../src/base/index.ts'
import { createChain, ledgerChainOptions, type Validator } from '../../../src/chain/index.ts'
import {
  createLedgerApplication,
  encodeApplicationGenesis,
  ledgerModules,
  transferPayload,
} from '../../../src/ledger/index.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { chainId, people, scheme } from '../../chain/one.ts'
import { chainWorld } from '../chain-world.ts'

export interface StoredChain {
  readonly genesisTime: number
  readonly validators: readonly Validator[]
  readonly modules: readonly number[]
  readonly height: number
  readonly root: string
  readonly headId: string
  readonly rows: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
}

/** As this release stores it. */
export function storedChain(): StoredChain {
  const world = chainWorld()
  const [sender] = world.signers
  for (let turn = 0; turn < 5; turn++) {
    world.run(sender!, transferPayload(world.validators[1]!.publicKey, turn))
    world.settle(60_000)
  }
  const { height, stateRoot, headId } = world.chains[0]!.status()
  return {
    genesisTime: world.genesisTime,
    validators: world.validators,
    modules: ledgerModules.map(({ id }) => id),
    height,
    root: toHex(stateRoot),
    headId: toHex(headId),
    rows: world.rows(),
  }
}

/** What this release makes of those rows: where its chain is. */
export function reopened({ genesisTime, validators, modules, rows }: StoredChain) {
  const store = createMemoryDisk({ random: seededRandom(1) }).open()
  store.batch(
    rows.map(([key, value]) => ({ kind: 'put', key, value })),
    { durable: true },
  )
  const own = ledgerModules.filter(({ id }) => modules.includes(id))
  const chain = createChain(
    {
      chainId,
      validators,
      signer: people(4).signers[0]!,
      scheme,
      application: createLedgerApplication({
        chainId,
        chainName: 'root',
        genesisTime,
        validators,
        genesis: encodeApplicationGenesis({ modules: new Map(own.map(({ id }) => [id, null])), quotaADay: 1_000 }),
        modules: own,
        scheme,
        mayCarry: () => true,
      }),
      stores: { blocks: store },
      clock: virtualClock({ settle: async () => {} }),
      log: { debug() {}, info() {}, warn() {}, error() {} },
    },
    { send() {} },
    { ...ledgerChainOptions, genesisTime, snapshotEvery: 0 },
  )
  return chain
}
