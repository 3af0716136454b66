/** What must hold after every event, judged from outside: by what honest nodes decide, sign and accuse. */
import { equalBytes, fromLatin1, latin1, toHex } from '../../../src/base/index.ts'
import {
  type CertifiedBlock,
  type ChainEquivocation,
  type ChainMessage,
  setRoot,
  type Validator,
  validatorsHash,
  verifyCertificate,
  verifyEquivocation,
} from '../../../src/chain/index.ts'
import type { SignatureScheme } from '../../../src/crypto/index.ts'

export class Violation extends Error {}

export interface CheckerParts {
  readonly chainId: Uint8Array
  readonly scheme: SignatureScheme
  /** All sets that were or may be in force. */
  readonly sets: () => Iterable<readonly Validator[]>
  /** What a certificate must have; by the book, whatever rules the nodes go by. */
  readonly quorum: (n: number) => number
  readonly isLiar: (publicKey: Uint8Array) => boolean
}

export class Checker {
  readonly #parts: CheckerParts
  readonly #decided = new Map<number, { readonly id: string; readonly root: string; readonly previous: string }>()
  readonly #signed = new Map<string, string>()
  /** Highest decided by any honest node. */
  height = 0

  constructor(parts: CheckerParts) {
    this.#parts = parts
  }

  /** Agreement, equal state roots, an unbroken chain, and a certificate that verifies. `root`: of the deciding node. */
  decided({ block, certificate }: CertifiedBlock, root: Uint8Array): void {
    const { chainId, scheme, quorum } = this.#parts
    const { header } = block
    const id = toHex(block.id)
    const known = this.#decided.get(header.height)
    if (known !== undefined && known.id !== id) throw new Violation(`a fork at height ${header.height}`)
    if (known !== undefined && known.root !== toHex(root)) throw new Violation(`two states at height ${header.height}`)
    if (!equalBytes(root, header.stateRoot)) throw new Violation(`not the state of header ${header.height}`)
    const before = this.#decided.get(header.height - 1)
    if (before !== undefined && before.id !== toHex(header.previousId))
      throw new Violation(`block ${header.height} is not after its previous`)
    if (known === undefined) {
      const set = this.#setOf(header.validatorsHash)
      if (set === undefined) throw new Violation(`an unknown set at height ${header.height}`)
      if (
        certificate.height !== header.height ||
        !equalBytes(certificate.blockId, block.id) ||
        !verifyCertificate(scheme, chainId, set, certificate, 'precommit', quorum(set.length))
      )
        throw new Violation(`the certificate of height ${header.height} does not verify`)
      this.#decided.set(header.height, { id, root: toHex(root), previous: toHex(header.previousId) })
    }
    this.height = Math.max(this.height, header.height)
  }

  #setOf(hash: Uint8Array): readonly Validator[] | undefined {
    for (const set of this.#parts.sets())
      if (equalBytes(validatorsHash(set), hash) || equalBytes(setRoot(set), hash)) return set
    return undefined
  }

  /** An honest node never signs two things for one place, in all its lives together. */
  sent(message: ChainMessage, own: Uint8Array): void {
    if (message.type === 'votes') {
      for (const { kind, height, round, blockId, signer } of message.votes)
        if (equalBytes(signer, own))
          this.#signs(`${latin1(own)} ${height} ${round} ${kind}`, blockId === undefined ? 'nil' : latin1(blockId))
    } else if (message.type === 'proposal') {
      const { height, round, validRound, blockId, signer } = message.proposal.claim
      if (equalBytes(signer, own))
        this.#signs(`${latin1(own)} ${height} ${round} proposal`, `${validRound} ${latin1(blockId)}`)
    }
  }

  #signs(place: string, what: string): void {
    const before = this.#signed.get(place)
    if (before !== undefined && before !== what)
      throw new Violation(`an honest node signed twice: ${toHex(fromLatin1(place.slice(0, 32)))}${place.slice(32)}`)
    this.#signed.set(place, what)
  }

  accused(evidence: ChainEquivocation): void {
    const { chainId, scheme, sets, isLiar } = this.#parts
    if (!isLiar(evidence.first.signer)) throw new Violation('an honest node is accused')
    if (![...sets()].some((set) => verifyEquivocation(scheme, evidence, chainId, set)))
      throw new Violation('evidence that does not verify')
  }
}
