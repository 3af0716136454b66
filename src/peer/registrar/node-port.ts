/** What a registrar's front needs of the running node, which follows the ledger and hands transactions on. */
import type { KeptRoot, ShownPage } from '../../ledger/index.ts'

export interface RegistrarNode {
  chains(): Promise<readonly { readonly name: string; readonly chainId: string }[]>
  /** Values under keys of a chain's state, hex; null: nothing is there. All of one header. */
  prove(chain: string, keys: readonly string[]): Promise<readonly (string | null)[]>
  /** A page of the file of kept names of a chain, with this root. Rejects with KEPT_NAMES. */
  keptPage(
    chain: string,
    root: KeptRoot,
    label: Uint8Array,
  ): Promise<{ readonly shown: ShownPage; readonly isKept: boolean }>
  /** Signs with the registrar's account, hands on, and waits for the block. Undefined: in none yet, and it may still come. */
  carry(chain: string, payload: Uint8Array): Promise<CarriedTransaction | undefined>
}

export interface CarriedTransaction {
  /** Hex. */
  readonly transaction: string
  readonly height: number
  /** Of the chain. */
  readonly code: number
  readonly detail: string
}
