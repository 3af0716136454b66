/** The ledger of the benchmark: who founded it, its names, and what people do on it. The same keys and names in every process. */
import { toHex } from '../../src/base/index.ts'
import { type Genesis, ledgerChainId, signTransaction } from '../../src/chain/index.ts'
import { ed25519Signer, peerIdFromPublicKey, type Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import {
  commitPayload,
  encodePayload,
  encodeRecord,
  type Founder,
  foundChains,
  ledgerModules,
  memberIdOf,
  type NameSettings,
  type Payload,
  registerPayload,
  updatePayload,
} from '../../src/ledger/index.ts'

export const TLD = 'p2p'
export const RING = 'bench'
/** Organisations of the list: a pool holds few transactions of one account. */
const FOUNDERS = 16
/** Owners of the names that are there from the start: keys take longer to make than records. */
const OWNERS = 997

const text = new TextEncoder()
const signerOf = (what: string) => ed25519Signer(sha256(text.encode(what)))

/** Of one machine. */
export interface Machine {
  readonly memberKey: Uint8Array
  readonly memberSigner: Signer
  readonly votingSeed: Uint8Array
  readonly votingSigner: Signer
  readonly account: Signer
  readonly peer: ReturnType<typeof peerIdFromPublicKey>
  /** By what chains know it. */
  readonly name: string
}

export function machineOf(index: number): Machine {
  const memberSigner = signerOf(`member ${index}`)
  const votingSeed = sha256(text.encode(`votes ${index}`))
  return {
    memberKey: memberSigner.publicKey,
    memberSigner,
    votingSeed,
    votingSigner: ed25519Signer(votingSeed),
    account: signerOf(`account ${index}`),
    peer: peerIdFromPublicKey(memberSigner.publicKey),
    name: toHex(memberIdOf(memberSigner.publicKey)),
  }
}

/** `validators` of the founders have voting keys. */
export function genesisOf(validators: number, time: number): Genesis {
  const founders = Array.from({ length: Math.max(FOUNDERS, validators) }, (_, index): Founder => {
    const { memberKey, votingSigner, account } = machineOf(index)
    return {
      name: `organisation ${index}`,
      account: account.publicKey,
      memberKey,
      votingKey: index < validators ? votingSigner.publicKey : undefined,
      isEndorser: index < 4,
    }
  })
  const shape = { ringId: RING, time, chainNames: [TLD], founders, modules: ledgerModules, quotaADay: 1_000_000 }
  return foundChains(shape)[0]!
}

export const labelOf = (number: number) => text.encode(`name-${number}`)

const owners = new Map<number, Signer>()

export function ownerOf(number: number): Signer {
  const index = number % OWNERS
  const known = owners.get(index) ?? signerOf(`owner ${index}`)
  owners.set(index, known)
  return known
}

/** A DS set of one key and two servers with an address each; `turn` makes others of the same name. */
export function settingsOf(number: number, turn = 0): NameSettings {
  const digest = sha256(text.encode(`zone key ${number} ${turn}`))
  const server = (which: string, last: number) => ({
    name: parseName(`${which}.name-${number}.${TLD}.`),
    addresses: [Uint8Array.of(198, 51, 100, last)],
  })
  return {
    updateByCds: true,
    ds: [Uint8Array.of(digest[0]!, digest[1]!, 15, 2, ...digest)],
    servers: [server('ns1', number & 127), server('ns2', 128 + (number & 127))],
  }
}

/** What a registration leaves behind. */
export function recordOf(number: number, time: number): Uint8Array {
  return encodeRecord({
    owner: ownerOf(number).publicKey,
    settings: settingsOf(number),
    generation: 1,
    sequence: 0,
    registered: time,
    commit: number + 1,
    committed: time - 120_000,
    newestCds: 0,
    expires: 0,
  })
}

/** Makes signed transactions of the organisations, in turn, with nonces that follow each other. */
export class Carriers {
  readonly #chainId: Uint8Array
  readonly #accounts = Array.from({ length: FOUNDERS }, (_, index) => machineOf(index).account)
  readonly #nonces = new Map<number, number>()
  #next = 0

  constructor(genesis: Genesis) {
    this.#chainId = ledgerChainId(genesis)
  }

  commit(number: number, now: number): Uint8Array {
    return this.#signed(commitPayload(this.#registration(number)), now)
  }

  register(number: number, now: number): Uint8Array {
    return this.#signed(registerPayload(ownerOf(number), this.#registration(number), settingsOf(number)), now)
  }

  /** Once for each name. */
  update(number: number, now: number): Uint8Array {
    const place = { chainId: this.#chainId, label: labelOf(number), generation: 1, sequence: 0 }
    return this.#signed(updatePayload(ownerOf(number), place, settingsOf(number, 1)), now)
  }

  #registration(number: number) {
    return {
      chainId: this.#chainId,
      label: labelOf(number),
      owner: ownerOf(number).publicKey,
      salt: sha256(text.encode(`salt ${number}`)),
    }
  }

  #signed(payload: Payload, now: number): Uint8Array {
    const index = this.#next++ % FOUNDERS
    const nonce = this.#nonces.get(index) ?? 0
    this.#nonces.set(index, nonce + 1)
    return signTransaction(this.#accounts[index]!, this.#chainId, {
      nonce,
      fee: 0,
      expires: now + 3_600_000,
      payload: encodePayload(payload),
    })
  }
}
