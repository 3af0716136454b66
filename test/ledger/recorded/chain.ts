/** A recorded chain: what it began with, what was in its blocks, and what came of them. */
import { equalBytes, fromHex, toHex } from '../../../src/base/index.ts'
import type { BlockContent, Validator } from '../../../src/chain/index.ts'
import { decodeTransaction } from '../../../src/chain/index.ts'
import {
  createLedgerApplication,
  decodePayload,
  type LedgerState,
  ledgerModules,
  mayCarry,
} from '../../../src/ledger/index.ts'
import { scheme } from '../../chain/one.ts'

export interface RecordedBlock {
  readonly content: BlockContent
  /** Roots of the states around it, in hex. */
  readonly before: string
  readonly root: string
  /** Of each transaction: the code of its mark, and the word that says why. */
  readonly results: readonly (readonly [code: number, detail: string])[]
}

export interface Recorded {
  readonly chainName: string
  readonly genesisTime: number
  readonly chainId: Uint8Array
  readonly validators: readonly Validator[]
  /** What the application began with. */
  readonly genesis: Uint8Array
  readonly modules: readonly number[]
  /** Who may send: everybody, or those on the list. */
  readonly carriers: 'all' | 'list'
  readonly blocks: readonly RecordedBlock[]
  /** What the state after the last block says of some keys, null: nothing, and the proof of that as the release of then made it. */
  readonly proven?: {
    readonly claims: readonly (readonly [key: Uint8Array, value: Uint8Array | null])[]
    readonly proof: Uint8Array
  }
}

/** JSON in which byte strings are hex behind a mark. */
export function toText(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? `bytes:${toHex(one)}` : one))
}

export function fromText<T>(text: string): T {
  return JSON.parse(text, (_, one: unknown) =>
    typeof one === 'string' && one.startsWith('bytes:') ? fromHex(one.slice(6)) : one,
  ) as T
}

export interface Replayed {
  readonly state: LedgerState
  /** What differs at the first block that does; undefined: nothing. */
  readonly difference: string | undefined
}

/** Applies all blocks, one after the other, with this release. */
export function replay(recorded: Recorded): Replayed {
  const { modules, carriers, blocks, proven: _, ...parts } = recorded
  const application = createLedgerApplication({
    ...parts,
    modules: ledgerModules.filter(({ id }) => modules.includes(id)),
    scheme,
    mayCarry: carriers === 'list' ? mayCarry : () => true,
  })
  let state = application.initial()
  for (const { content, before, root, results } of blocks) {
    const { height } = content
    if (toHex(state.root()) !== before) return { state, difference: `the state before height ${height}` }
    const applied = application.apply(state, content)
    if (applied === undefined) return { state, difference: `height ${height} is not valid` }
    const now = (applied.results ?? []).map(({ code, detail }) => [code, Buffer.from(detail).toString('utf8')])
    if (JSON.stringify(now) !== JSON.stringify(results))
      return {
        state,
        difference: `the results of height ${height}: ${JSON.stringify(now)}, ${JSON.stringify(results)}`,
      }
    if (!equalBytes(applied.state.root(), fromHex(root)))
      return { state, difference: `the state of height ${height}, with the kinds ${kindsOf(content).join(' ')}` }
    state = applied.state
  }
  return { state, difference: undefined }
}

/** Of the transactions that can be read. */
export function kindsOf({ transactions }: Pick<BlockContent, 'transactions'>): (number | undefined)[] {
  return transactions.map((bytes) => {
    try {
      return decodePayload(decodeTransaction(bytes).payload).kind
    } catch {
      return undefined
    }
  })
}
