/** A ledger chain made by the test: sets that change, forks, and headers that anybody can be shown. No engine runs. */
import { blockIdOf, makeBlock, ZERO_HASH } from '../../../src/chain/blocks/blocks.ts'
import { type Genesis, ledgerChainId } from '../../../src/chain/blocks/genesis.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import { voteBytes } from '../../../src/chain/blocks/signing.ts'
import { sortedValidators } from '../../../src/chain/blocks/validators.ts'
import { ledgerQuorum, lightRules } from '../../../src/chain/light/trust.ts'
import { checkpointText, cosign, originOf } from '../../../src/chain/notes/checkpoint.ts'
import { encodeNote, type Note } from '../../../src/chain/notes/note.ts'
import {
  consistencyProof,
  HistoryLog,
  historyEdge,
  historyPath,
  historyRoot,
} from '../../../src/chain/trees/history.ts'
import type { BlockCertificate, BlockHeader, CertifiedHeader, Validator } from '../../../src/chain/types.ts'
import { keyedHashScheme, type Signer, sha256 } from '../../../src/crypto/index.ts'

export const GENESIS_TIME = 1_800_000_000_000
export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

export const simScheme = keyedHashScheme(new Uint8Array(32).fill(5))
export const simRules = lightRules(simScheme)

/** Makes the voting key of person `n`; ids are other keys. */
export type KeyMaker = (seed: Uint8Array) => Signer

export interface Person {
  readonly validator: Validator
  readonly signer: Signer
}

export function personOf(n: number, makeKey: KeyMaker = simScheme.signer): Person {
  const signer = makeKey(sha256(Uint8Array.of(n >> 8, n & 255)))
  return { validator: { id: sha256(Uint8Array.of(7, n >> 8, n & 255)), publicKey: signer.publicKey }, signer }
}

export interface BlockWish {
  /** People whose set is to be in force two heights later. */
  readonly next?: readonly number[]
  readonly stateRoot?: Uint8Array
  readonly time?: number
  /** Who signs; by default a quorum from the start of the set. */
  readonly signers?: readonly number[]
}

export class TestLedger {
  readonly chainId: Uint8Array
  readonly genesis: Genesis
  readonly origin: string
  /** Who person `n` is. */
  readonly person: (n: number) => Person
  readonly #people = new Map<string, Person>()
  readonly certified: CertifiedHeader[] = []
  log = new HistoryLog()
  /** Sets by height, from 1 on: known two heights ahead. */
  readonly #sets: (readonly Validator[])[] = []

  constructor(
    people: readonly number[],
    {
      name = 'root',
      makeKey = simScheme.signer,
      person = (n) => personOf(n, makeKey),
    }: { name?: string; makeKey?: KeyMaker; person?: (n: number) => Person } = {},
  ) {
    this.person = person
    const validators = this.#setOf(people)
    this.genesis = {
      ringId: 'home',
      name,
      time: GENESIS_TIME,
      validators,
      heartbeatMs: MINUTE,
      intervalMs: 1_000,
      rules: 1,
      application: new Uint8Array(),
    }
    this.chainId = ledgerChainId(this.genesis)
    this.origin = originOf('home', name)
    this.#sets.push(validators, validators, validators)
  }

  /** A chain of others that says it is this one. */
  posed(people: readonly number[]): TestLedger {
    const forged = new TestLedger(people)
    Object.assign(forged, { chainId: this.chainId })
    return forged
  }

  /** Ten blocks, then 2 and 3 are voted out one after the other; they keep their keys. */
  static withTwoRemoved(): TestLedger {
    return new TestLedger([0, 1, 2, 3])
      .grow(10)
      .grow(1, { next: [0, 1, 2, 4] })
      .grow(10)
      .grow(1, { next: [0, 1, 4, 5] })
      .grow(10)
  }

  validatorOf(n: number): Validator {
    return this.#person(n).validator
  }

  get height(): number {
    return this.certified.length
  }

  setAt(height: number): readonly Validator[] {
    return this.#sets[height] ?? this.#sets.at(-1)!
  }

  at(height: number): CertifiedHeader {
    return this.certified[height - 1]!
  }

  get head(): CertifiedHeader {
    return this.at(this.height)
  }

  /** Another chain with the same blocks up to a height, for somebody to go on with otherwise. */
  fork(height: number): TestLedger {
    const people = [...this.#people.values()]
    const copy = new TestLedger([], { name: this.genesis.name, person: this.person })
    Object.assign(copy, { genesis: this.genesis, chainId: this.chainId })
    for (const person of people) copy.#people.set(keyOf(person.validator), person)
    copy.#sets.length = 0
    copy.#sets.push(...this.#sets.slice(0, height + 3))
    for (const certified of this.certified.slice(0, height)) copy.#take(certified)
    return copy
  }

  grow(blocks: number, wish: BlockWish = {}): this {
    for (let i = 0; i < blocks; i++) this.block(wish)
    return this
  }

  block({ next, stateRoot = ZERO_HASH, time, signers }: BlockWish = {}): CertifiedHeader {
    const height = this.height + 1
    const validators = this.setAt(height)
    const nextSet = this.setAt(height + 1)
    const after = next === undefined ? this.setAt(height + 1) : this.#setOf(next)
    this.#sets[height + 2] = after
    const previous = this.certified.at(-1)
    const { header } = makeBlock(
      {
        chainId: this.chainId,
        height,
        time: time ?? (previous?.header.time ?? GENESIS_TIME) + MINUTE,
        proposer: validators[height % validators.length]!.id,
        previousId: previous?.certificate.blockId ?? ZERO_HASH,
        stateRoot,
        validatorsHash: setRoot(validators),
        nextValidatorsHash: setRoot(nextSet),
        extension: Uint8Array.of(0),
        ledger: {
          afterValidatorsRoot: setRoot(after),
          resultsRoot: sha256(new Uint8Array()),
          historyRoot: historyRoot(this.log.edge),
          rules: 1,
          nextRules: undefined,
        },
      },
      [],
      previous?.certificate,
    )
    const certified = this.certify(header, validators, signers)
    this.#take(certified)
    return certified
  }

  /** By a quorum of the set, or by the people named, as far as they are in it. */
  certify(header: BlockHeader, validators: readonly Validator[], people?: readonly number[]): CertifiedHeader {
    const blockId = blockIdOf(header)
    const vote = { kind: 'precommit', height: header.height, round: 0, blockId } as const
    const bytes = voteBytes(this.chainId, vote)
    const isSigner = (validator: Validator, index: number) =>
      people === undefined
        ? index < ledgerQuorum(validators.length)
        : people.some((n) => keyOf(this.#person(n).validator) === keyOf(validator))
    const signatures = validators.flatMap((validator, index) =>
      isSigner(validator, index) ? [{ index, signature: this.#people.get(keyOf(validator))!.signer.sign(bytes) }] : [],
    )
    const certificate: BlockCertificate = { scheme: 1, height: header.height, round: 0, blockId, signatures }
    return { header, certificate }
  }

  path(of: number, within: number): Uint8Array[] {
    return historyPath(this.log.hashes, of - 1, within - 1)!
  }

  consistency(old: number, size: number): Uint8Array[] {
    return consistencyProof(this.log.hashes, old, size)!
  }

  /** The path of the header of that height as the last leaf of a checkpoint of that size. */
  leafPath(size: number): Uint8Array[] {
    return historyPath(this.log.hashes, size - 1, size)!
  }

  /** Cosigned by a quorum of the set of that height. */
  note(size: number, count = ledgerQuorum(this.setAt(size).length)): Note {
    const root = historyRoot(historyEdge(this.log.hashes, size)!)
    const text = checkpointText({ origin: this.origin, size, root })
    const seconds = Math.floor(this.at(size).header.time / 1_000)
    const signers = this.setAt(size).slice(0, count)
    return {
      text,
      signatures: signers.map((one) => cosign(this.#people.get(keyOf(one))!.signer, one.id, text, seconds)),
    }
  }

  noteBytes(size: number, count?: number): Uint8Array {
    return encodeNote(this.note(size, count))
  }

  /** A header that was made elsewhere; `after`: the set in force two heights later. */
  adopt(certified: CertifiedHeader, after: readonly Validator[]): void {
    this.#sets[certified.header.height + 2] = after
    this.#take(certified)
  }

  /** Who signs for a key of a set that was adopted. */
  know(n: number): void {
    this.#person(n)
  }

  #take(certified: CertifiedHeader): void {
    this.certified.push(certified)
    this.log.append(certified.certificate.blockId)
  }

  #setOf(people: readonly number[]): readonly Validator[] {
    return sortedValidators(people.map((n) => this.#person(n).validator))
  }

  #person(n: number): Person {
    const person = this.person(n)
    this.#people.set(keyOf(person.validator), person)
    return person
  }
}

function keyOf({ publicKey }: Validator): string {
  return publicKey.join()
}
