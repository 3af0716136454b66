/** A ledger chain of some validators on a virtual clock, with the modules of production or others. */
import { type Store, toHex } from '../../src/base/index.ts'
import {
  type BlockContent,
  type CertifiedBlock,
  type Chain,
  createChain,
  decodeTransaction,
  ledgerChainOptions,
  signTransaction,
  type TransactionResult,
} from '../../src/chain/index.ts'
import type { CborValue, Signer } from '../../src/crypto/index.ts'
import {
  encodeApplicationGenesis,
  encodePayload,
  type LedgerModule,
  type LedgerState,
  ledgerModules,
  type Payload,
  type StateReader,
} from '../../src/ledger/index.ts'
import { virtualClock } from '../../src/sim/index.ts'
import { chainId, people, scheme } from '../chain/one.ts'
import { SimDisk } from '../sim/chain/disk.ts'
import { recordedApplication } from './recorded/recording.ts'

export interface ChainWorldOptions {
  readonly validators?: number
  readonly chainName?: string
  readonly modules?: readonly LedgerModule[]
  /** What each module begins with. Default: every module, with nothing. */
  readonly genesis?: ReadonlyMap<number, CborValue>
  readonly quotaADay?: number
  /** A block without transactions every so often. */
  readonly heartbeatMs?: number
  readonly mayCarry?: (state: StateReader, account: Uint8Array) => boolean
}

/** Messages take 5 ms. Everything said is decided when `settle` has returned. */
export function chainWorld({
  validators: n = 4,
  chainName = 'root',
  modules = ledgerModules,
  genesis = new Map(modules.map(({ id }) => [id, null])),
  quotaADay = 1_000,
  heartbeatMs = 60_000,
  mayCarry = () => true,
}: ChainWorldOptions = {}) {
  const { validators, signers } = people(n)
  const clock = virtualClock({ settle: async () => {} })
  const genesisTime = clock.now() - 60_000
  const names = validators.map(({ id }) => toHex(id))
  const chains: Chain<LedgerState>[] = []
  const stores: Store[] = []
  const results = new Map<string, TransactionResult>()
  const decided: CertifiedBlock[] = []
  const parts = recordedApplication({
    chainId,
    chainName,
    genesisTime,
    validators,
    genesis: encodeApplicationGenesis({ modules: genesis, quotaADay }),
    modules,
    scheme,
    mayCarry,
  })
  const tried = new Map<string, readonly TransactionResult[]>()
  const placeOf = ({ height, time, proposer }: Pick<BlockContent, 'height' | 'time' | 'proposer'>) =>
    `${height} ${time} ${toHex(proposer)}`
  const apply = parts.apply.bind(parts)
  const application = Object.assign(parts, {
    apply(state: LedgerState, content: BlockContent) {
      const applied = apply(state, content)
      tried.set(placeOf(content), applied?.results ?? [])
      return applied
    },
  })
  for (let index = 0; index < n; index++) {
    const store = new SimDisk().open({ touch() {} })
    stores.push(store)
    const chain = createChain<LedgerState>(
      {
        chainId,
        validators,
        signer: signers[index]!,
        scheme,
        application,
        stores: { blocks: store },
        clock,
        log: { debug() {}, info() {}, warn() {}, error() {} },
      },
      {
        send(to, message) {
          const at = names.indexOf(to)
          clock.after(5, () => chains[at]?.receive(names[index]!, message))
        },
        onDecided(one) {
          if (index !== 0) return
          decided.push(one)
          noteResults(one)
        },
      },
      { ...ledgerChainOptions, genesisTime, heartbeatMs, snapshotEvery: 0 },
    )
    chains.push(chain)
    chain.start()
  }
  const noteResults = ({ block: { header, transactions } }: CertifiedBlock) => {
    const marks = tried.get(placeOf(header))!
    for (const [index, bytes] of transactions.entries()) results.set(toHex(bytes), marks[index]!)
  }
  const nonces = new Map<string, number>()
  const world = {
    validators,
    signers,
    genesisTime,
    clock,
    chains,
    /** What the first validator has on its disk. */
    rows: () => [...stores[0]!.range(new Uint8Array())],
    decided,
    application,
    state: () => chains[0]!.state(),
    /** Signs, offers to one validator, and gives back the bytes. The next nonce of the account unless another is named. */
    submit(signer: Signer, payload: Payload, { fee = 0, nonce }: { fee?: number; nonce?: number } = {}): Uint8Array {
      const name = toHex(signer.publicKey)
      const next = nonce ?? nonces.get(name) ?? 0
      nonces.set(name, next + 1)
      const bytes = signTransaction(signer, chainId, {
        nonce: next,
        fee,
        expires: clock.now() + 3_600_000,
        payload: encodePayload(payload),
      })
      chains[next % n]!.submit(bytes)
      return bytes
    },
    /** Lets so much time pass that all that waits is in a block. */
    settle(ms = 5_000): void {
      clock.advance(ms)
    },
    /** What became of a transaction; undefined: it is in no block. */
    resultOf: (bytes: Uint8Array) => results.get(toHex(bytes)),
    /** The mark of a transaction that is submitted and decided: 0 when it was done. */
    run(signer: Signer, payload: Payload, options?: { fee?: number; nonce?: number }): number | undefined {
      const bytes = world.submit(signer, payload, options)
      world.settle()
      return results.get(toHex(bytes))?.code
    },
    transactions: () => decided.flatMap(({ block }) => block.transactions.map((one) => decodeTransaction(one))),
  }
  return world
}
