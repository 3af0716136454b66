/** Blocks without an engine: the test says what is in each, and who signed it; the sets follow from what the application decides. */
import { toHex } from '../../../src/base/index.ts'
import type { CborValue, Signer } from '../../../src/crypto/index.ts'
import {
  encodeApplicationGenesis,
  encodePayload,
  type HeldBlocks,
  type LedgerModule,
  type LedgerState,
  mayCarry,
  type Payload,
} from '../../../src/ledger/index.ts'
import { chainId, people, scheme } from '../../chain/one.ts'
import { recordedApplication } from '../recorded/recording.ts'
import {
  type Applied,
  type ConsensusView,
  changesOf,
  signTransaction,
  type TransactionResult,
  type Validator,
} from './chain-parts.ts'

export const START = 1_800_000_000_000

export interface BlocksOptions {
  readonly modules: readonly LedgerModule[]
  readonly genesis: ReadonlyMap<number, CborValue>
  readonly validators?: readonly Validator[]
  readonly chainName?: string
}

type Said = readonly [Signer, Payload]

export function ledgerBlocks({
  modules,
  genesis,
  validators = people(4).validators,
  chainName = 'root',
}: BlocksOptions) {
  const application = recordedApplication({
    chainId,
    chainName,
    genesisTime: START,
    validators,
    genesis: encodeApplicationGenesis({ modules: genesis, quotaADay: 100_000 }),
    modules,
    scheme,
    mayCarry,
  })
  let state: LedgerState = application.initial()
  let height = 0
  let time = START
  // Of this height, of the next, and of the one after it.
  let sets = [validators, validators, validators] as [readonly Validator[], readonly Validator[], readonly Validator[]]
  let lastSigners: readonly Uint8Array[] | undefined
  let nextRules: Applied<LedgerState>['nextRules']
  const nonces = new Map<string, number>()
  const past: { readonly time: number; readonly transactions: readonly Uint8Array[] }[] = []
  const archive: HeldBlocks = {
    height: () => height,
    header: (at) => past[at - 1],
    transactions: (at) => past[at - 1]?.transactions,
  }
  const signed = ([by, payload]: Said): Uint8Array => {
    const account = toHex(by.publicKey)
    const nonce = nonces.get(account) ?? 0
    nonces.set(account, nonce + 1)
    return signTransaction(by, chainId, { nonce, fee: 0, expires: time + 3_600_000, payload: encodePayload(payload) })
  }
  const world = {
    application,
    /** All blocks, as an archive has them. */
    archive,
    state: () => state,
    height: () => height,
    now: () => time,
    /** In force at the next height. */
    validators: () => sets[0],
    /** Decided for two heights later. */
    decided: () => sets[2],
    nextRules: () => nextRules,
    /** One block; the results of its transactions. `silent`: validators that did not sign the block before. */
    block(
      said: readonly Said[] = [],
      {
        accused = [],
        history = new Uint8Array(32),
        silent = () => false,
        afterMs = 60_000,
      }: {
        history?: Uint8Array
        accused?: readonly { id: Uint8Array; height: number }[]
        silent?: (id: Uint8Array) => boolean
        afterMs?: number
      } = {},
    ): readonly TransactionResult[] {
      height += 1
      time += afterMs
      const evidence = accused.map(({ id, height: at }) => ({
        accused: id,
        accusation: { kind: 'votes', first: { height: at } } as ConsensusView['evidence'][number]['accusation'],
      }))
      const signers = lastSigners?.filter((id) => !silent(id))
      const transactions = said.map(signed)
      past.push({ time, transactions })
      const applied = application.apply(state, {
        height,
        time,
        proposer: sets[0][0]!.id,
        extension: new Uint8Array(),
        transactions,
        consensus: {
          last: signers && { round: 0, signers },
          validators: sets[0],
          nextValidators: sets[1],
          afterValidators: sets[2],
          evidence,
          rules: 1,
          historyRoot: history,
        },
      })!
      lastSigners = sets[0].map(({ id }) => id)
      state = applied.state
      nextRules = applied.nextRules
      const after = applied.validators ?? sets[2]
      if (changesOf(sets[2], after) > Math.max(1, Math.floor((sets[2].length - 1) / 3)))
        throw new Error(`too many changes at ${height}`)
      sets = [sets[1], sets[2], after]
      return applied.results ?? []
    },
    codes: (...said: Said[]) => world.block(said).map(({ code }) => code),
    /** So many blocks with nothing in them. */
    pass(blocks: number, options?: { silent?: (id: Uint8Array) => boolean }): void {
      for (let i = 0; i < blocks; i++) world.block([], options)
    },
  }
  return world
}
