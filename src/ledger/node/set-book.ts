/** Sets of validators by their root, kept on disk: a follower that slept asks for those on its way. */
import { concatBytes, type Store } from '../../base/index.ts'
import { entriesFromValue, entriesToValue, setRoot, type Validator } from '../../chain/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { ledgerReader } from '../refusal.ts'

export class SetBook {
  readonly #store: Store
  readonly #prefix: Uint8Array
  readonly #noted = new WeakSet<readonly Validator[]>()

  /** `store`: of this book alone, shared by chains. */
  constructor(chainId: Uint8Array, store: Store) {
    this.#store = store
    this.#prefix = chainId
  }

  /** Each set is written once. */
  note(validators: readonly Validator[]): void {
    if (validators.length === 0 || this.#noted.has(validators)) return
    this.#noted.add(validators)
    const key = this.#key(setRoot(validators))
    if (this.#store.get(key) !== undefined) return
    this.#store.batch([{ kind: 'put', key, value: encodeCanonical(entriesToValue(validators)) }], { durable: false })
  }

  /** Undefined: never seen here. Throws CHAIN_MALFORMED, LEDGER_MALFORMED when what is stored is damaged. */
  of(root: Uint8Array): readonly Validator[] | undefined {
    const bytes = this.#store.get(this.#key(root))
    if (bytes === undefined) return undefined
    return entriesFromValue(ledgerReader.readCbor(bytes, limits.MAX_SET_BYTES, 'set'))
  }

  #key(root: Uint8Array): Uint8Array {
    return concatBytes(this.#prefix, root)
  }
}
