/** Names on an application without a chain: the test says what is in each block, and in which order. */
import { toHex } from '../../../../src/base/index.ts'
import type { TransactionResult } from '../../../../src/chain/index.ts'
import { signTransaction } from '../../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../../src/crypto/index.ts'
import { type Name, parseName } from '../../../../src/dns/index.ts'
import {
  ACCOUNTS,
  accountOf,
  accounts,
  commitPayload,
  encodeApplicationGenesis,
  encodePayload,
  type LedgerModule,
  type LedgerState,
  NAMES,
  type NamePolicy,
  type NameRecord,
  type NameSettings,
  nameRecordOf,
  names,
  type Payload,
  policyToValue,
  type Registration,
  registerPayload,
  registerTermPayload,
  type Wishes,
} from '../../../../src/ledger/index.ts'
import { chainId, people, scheme } from '../../../chain/one.ts'
import { dsFor, KSK, makeSigningKey, type SigningKey } from '../../../dnssec/signing-keys.ts'
import { recordedApplication } from '../../recorded/recording.ts'

export const START = 1_800_000_000_000
export const text = (value: string) => new TextEncoder().encode(value)
export const ownerOf = (name: string): Signer => scheme.signer(sha256(text(`owner ${name}`)))
export const carrierOf = (name: string): Signer => scheme.signer(sha256(text(`carrier ${name}`)))
export const zone: Name = parseName('example.p2p.')
export const zoneKey: SigningKey = makeSigningKey(15, KSK)

export function settingsOf(key: SigningKey = zoneKey, more: Partial<NameSettings> = {}): NameSettings {
  const servers = [{ name: parseName('ns.example.p2p.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }]
  return { updateByCds: true, ds: [dsFor(zone, key)], servers, ...more }
}

export interface Said {
  readonly by: Signer
  readonly payload: Payload
}

export interface NameBlocksOptions {
  readonly module?: LedgerModule
  readonly chainName?: string
  readonly policy?: NamePolicy | undefined
  /** What accounts begin with. */
  readonly balances?: readonly (readonly [Signer, number])[]
}

export interface TermReveal {
  readonly by?: Signer
  readonly label?: string
  readonly salt?: string
  readonly settings?: NameSettings
  readonly most?: number
  readonly wishes?: Partial<Wishes>
}

export function nameBlocks({ module = names, chainName = 'p2p', policy, balances = [] }: NameBlocksOptions = {}) {
  const { validators } = people(4)
  const modules = [accounts, module]
  const begins = new Map<number, CborValue>([
    [ACCOUNTS, balances.length === 0 ? null : balances.map(([{ publicKey }, balance]) => [publicKey, balance])],
    [NAMES, policy === undefined ? null : policyToValue(policy)],
  ])
  const application = recordedApplication({
    chainId,
    chainName,
    genesisTime: START,
    validators,
    genesis: encodeApplicationGenesis({ modules: begins, quotaADay: 100_000 }),
    modules,
    scheme,
    mayCarry: () => true,
  })
  let state: LedgerState = application.initial()
  let height = 0
  let time = START
  const nonces = new Map<string, number>()
  const signed = ({ by, payload }: Said): Uint8Array => {
    const account = toHex(by.publicKey)
    const nonce = nonces.get(account) ?? 0
    nonces.set(account, nonce + 1)
    return signTransaction(by, chainId, { nonce, fee: 0, expires: time + 3_600_000, payload: encodePayload(payload) })
  }
  const world = {
    application,
    state: () => state,
    now: () => time,
    /** One block, `after` ms later; the codes of its transactions. */
    block(said: readonly Said[] = [], after = 60_000): number[] {
      height++
      time += after
      const transactions = said.map(signed)
      const applied = application.apply(state, {
        height,
        time,
        proposer: validators[0]!.id,
        transactions,
        extension: new Uint8Array(),
      })!
      state = applied.state
      return (applied.results as readonly TransactionResult[]).map(({ code }) => code)
    },
    record: (label = 'example'): NameRecord | undefined => nameRecordOf(state, text(label)),
    balance: (of: Pick<Signer, 'publicKey'> | Uint8Array): number =>
      accountOf(state, of instanceof Uint8Array ? of : of.publicKey).balance,
    place(label = 'example') {
      const record = world.record(label)!
      return { chainId, label: text(label), generation: record.generation, sequence: record.sequence }
    },
    registration: (owner: Signer, label = 'example', salt = 'salt'): Registration => ({
      chainId,
      label: text(label),
      owner: owner.publicKey,
      salt: sha256(text(salt)),
    }),
    commit: (owner: Signer, { by = carrierOf('one'), label = 'example', salt = 'salt' } = {}): Said => ({
      by,
      payload: commitPayload(world.registration(owner, label, salt)),
    }),
    reveal: (
      owner: Signer,
      { by = carrierOf('one'), label = 'example', salt = 'salt', settings = settingsOf() } = {},
    ): Said => ({ by, payload: registerPayload(owner, world.registration(owner, label, salt), settings) }),
    revealTerm: (
      owner: Signer,
      {
        by = carrierOf('one'),
        label = 'example',
        salt = 'salt',
        settings = settingsOf(),
        most = 1_000_000,
        wishes = {},
      }: TermReveal = {},
    ): Said => ({
      by,
      payload: registerTermPayload(owner, world.registration(owner, label, salt), {
        settings,
        most,
        wishes: { terms: 1, isMovable: true, guardians: undefined, ...wishes },
      }),
    }),
    /** The same for a chain whose names have terms; an hour later nobody can take it. */
    registerTerm(owner: Signer, options: TermReveal = {}): number {
      world.block([world.commit(owner, options)])
      world.block()
      const [code] = world.block([world.revealTerm(owner, options)])
      return code!
    },
    /** Commit and reveal; the code of the reveal. */
    register(owner: Signer, label = 'example', settings = settingsOf()): number {
      world.block([world.commit(owner, { label })])
      world.block()
      return world.block([world.reveal(owner, { label, settings })])[0]!
    },
  }
  return world
}
