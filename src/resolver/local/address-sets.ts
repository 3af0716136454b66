/** The addresses of hosts, as numbered sets: a blocklist has one set for all its names. */
import { Type } from '../../dns/index.ts'
import type { HostAddress } from './hosts.ts'

export interface AddressSet {
  readonly ids: readonly number[]
  readonly a: readonly Uint8Array[]
  readonly aaaa: readonly Uint8Array[]
  /** Only 0.0.0.0 or ::, which is how hosts files block a name. */
  readonly blocks: boolean
}

/** Set 0 is the empty one. */
export class AddressSets {
  readonly #addresses = new Map<string, number>()
  readonly #rdatas: { readonly type: number; readonly rdata: Uint8Array }[] = []
  readonly #sets: AddressSet[] = [{ ids: [], a: [], aaaa: [], blocks: false }]
  readonly #larger = new Map<string, number>()

  get addresses(): number {
    return this.#rdatas.length
  }

  get(set: number): AddressSet {
    return this.#sets[set]!
  }

  /** The number of an address; a new one when it has not been seen. */
  idOf({ text, type, rdata }: HostAddress): number {
    const known = this.#addresses.get(text)
    if (known !== undefined) return known
    const id = this.#rdatas.length
    this.#rdatas.push({ type, rdata })
    this.#addresses.set(text, id)
    return id
  }

  /** The set that has the address, too: in the order of the file, twice counts once. */
  with(set: number, address: number): number {
    const { ids } = this.#sets[set]!
    if (ids.includes(address)) return set
    const key = `${set} ${address}`
    const known = this.#larger.get(key)
    if (known !== undefined) return known
    const made = this.#sets.length
    this.#sets.push(this.#setOf([...ids, address]))
    this.#larger.set(key, made)
    return made
  }

  /** Gives back what is only needed while sets are made. */
  trim(): void {
    this.#addresses.clear()
    this.#larger.clear()
  }

  #setOf(ids: readonly number[]): AddressSet {
    const of = (type: number) => ids.map((id) => this.#rdatas[id]!).filter((one) => one.type === type)
    const rdatas = (type: number) => of(type).map((one) => one.rdata)
    const [a, aaaa] = [rdatas(Type.A), rdatas(Type.AAAA)]
    return { ids, a, aaaa, blocks: [...a, ...aaaa].every((rdata) => rdata.every((octet) => octet === 0)) }
  }
}
