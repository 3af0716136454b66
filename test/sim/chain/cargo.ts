/** What the chain of a simulated world carries: who is in it, what runs on it, and who brings transactions. */
import { equalBytes } from '../../../src/base/index.ts'
import {
  type Application,
  type CertifiedBlock,
  type ChainOptions,
  type StateApplication,
  type StateMap,
  sortedValidators,
  stateRoot,
  type Validator,
} from '../../../src/chain/index.ts'
import { ed25519, ed25519Signer, type SignatureScheme, type Signer, sha256 } from '../../../src/crypto/index.ts'
import { mapApplication, sharing, stateApplication, transaction } from './application.ts'
import type { Plan } from './plan.ts'
import { hashScheme, remembering } from './signatures.ts'

export interface Cargo<S> {
  readonly chainId: Uint8Array
  readonly scheme: SignatureScheme
  /** Validators of the first heights, then those who may become one. */
  readonly people: readonly { readonly id: Uint8Array; readonly signer: Signer }[]
  readonly genesis: readonly Validator[]
  readonly options: Partial<ChainOptions>
  /** All sets that were or may be in force. */
  readonly sets: () => Iterable<readonly Validator[]>
  /** Of one of the people. */
  readonly application: (person: number) => Application<S>
  readonly stateApplication: (person: number) => StateApplication
  readonly root: (state: S) => Uint8Array
  /** One transaction, or none. */
  readonly bring: (submit: (bytes: Uint8Array) => void) => void
  readonly seats: (seats: readonly number[]) => Uint8Array
  readonly isKeyOf: (person: number, publicKey: Uint8Array) => boolean
  /** By how much all clocks have jumped so far, ms. */
  readonly jumpedMs: () => number
  /** The key that a person is to sign with from now on; left out: never another one. */
  readonly signerOf?: (person: number) => Signer
  /** An honest node has decided it; `blockOf`: any block that somebody has. */
  readonly onDecided?: (block: CertifiedBlock, blockOf: (height: number) => CertifiedBlock | undefined) => void
}

/** A map of keys that were never set, and validators that take each other's places. */
export function mapCargo(plan: Plan): Cargo<StateMap> {
  const keyed = hashScheme(plan.seed)
  const signers = Array.from({ length: plan.n + plan.spares }, (_, i) => {
    const seed = sha256(new TextEncoder().encode(`${plan.seed}/${i}`))
    return plan.realKeys ? ed25519Signer(seed) : keyed.signer(seed)
  })
  const everybody = signers.map(({ publicKey }) => ({ id: sha256(publicKey), publicKey }))
  const genesis = everybody.slice(0, plan.n)
  const sets = [sortedValidators(genesis)]
  for (const fault of plan.faults)
    if (fault.kind === 'seats') sets.push(sortedValidators(fault.seats.map((seat) => everybody[seat]!)))
  const simple = mapApplication(everybody)
  const application = plan.wire ? simple : sharing(simple)
  const hosted = stateApplication(everybody)
  let key = 0
  return {
    chainId: sha256(new TextEncoder().encode(`chain ${plan.seed}`)),
    scheme: plan.realKeys ? remembering(ed25519) : keyed,
    people: signers.map((signer, i) => ({ id: everybody[i]!.id, signer })),
    genesis,
    options: {},
    sets: () => sets,
    application: () => application,
    stateApplication: () => hosted,
    root: stateRoot,
    bring: (submit) => submit(transaction(key++)),
    seats: (seats) => transaction(key++, seats),
    isKeyOf: (person, publicKey) => equalBytes(signers[person]!.publicKey, publicKey),
    jumpedMs: () => 0,
  }
}
