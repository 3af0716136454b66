/**
 * The way from what is trusted to a header further on: at once when enough of the known set signed it, else by headers between. It says
 * what it needs next, and is told; whoever asks others for it stands outside. Bounded in steps.
 */
import { equalBytes, toHex } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { setRoot } from '../blocks/set-root.ts'
import { limits } from '../limits.ts'
import type { CertifiedHeader, Validator } from '../types.ts'
import type { LightRules, Trusted } from './trust.ts'
import { type KnownSets, type LightOffer, type LightRefusal, verifyHeader } from './verify.ts'

export type WalkNeed =
  | { readonly kind: 'header'; readonly height: number }
  /** That the header of height `of` is in the history of that of height `within`. */
  | { readonly kind: 'path'; readonly of: number; readonly within: number }
  | { readonly kind: 'set'; readonly root: Uint8Array }
  /** It is trusted, and has all in its history that was trusted before. */
  | { readonly kind: 'arrived'; readonly trusted: Trusted }
  /** The signatures hold, but what was trusted is not in its history, or its height has another header: somebody forked the chain. */
  | { readonly kind: 'conflict'; readonly trusted: Trusted; readonly offer: LightOffer }
  | { readonly kind: 'refused'; readonly reason: LightRefusal | 'too far' }

/** A header that came to be trusted, and what certifies it. */
export interface Step {
  readonly certified: CertifiedHeader
  readonly trusted: Trusted
}

export class LightWalk {
  readonly #rules: LightRules
  readonly #sets = new Map<string, readonly Validator[]>()
  /** What is still ahead, the nearest last. */
  readonly #ahead: LightOffer[]
  readonly #taken: Step[] = []
  #hasPath = false
  #trusted: Trusted
  #steps = 0

  constructor(rules: LightRules, trusted: Trusted, target: LightOffer) {
    this.#rules = rules
    this.#trusted = trusted
    this.#ahead = [target]
    this.addSet(trusted.validators)
  }

  /** The newest that is trusted by now, even when the walk does not arrive. */
  get trusted(): Trusted {
    return this.#trusted
  }

  /** The headers that came to be trusted on the way, oldest first: each may be trusted by whoever trusts the one before. */
  get taken(): readonly Step[] {
    return this.#taken
  }

  /** What `next` would verify, by a scheme that takes note of it. Changes nothing. */
  foresee(scheme: SignatureScheme, now: number): void {
    const offer = this.#ahead.at(-1)
    if (offer !== undefined) verifyHeader({ ...this.#rules, scheme }, this.#trusted, offer, this.#setOf, now)
  }

  /** What to do next; asked again after each thing that it was given. `now`: Unix ms. */
  next(now: number): WalkNeed {
    for (;;) {
      const offer = this.#ahead.at(-1)
      if (offer === undefined) return { kind: 'arrived', trusted: this.#trusted }
      if (this.#steps++ > limits.MAX_WALK_STEPS) return { kind: 'refused', reason: 'too far' }
      const verdict = verifyHeader(this.#rules, this.#trusted, offer, this.#setOf, now)
      switch (verdict.kind) {
        case 'need-set':
          return { kind: 'set', root: verdict.root }
        case 'refused':
          return { kind: 'refused', reason: verdict.reason }
        case 'conflict':
          return { kind: 'conflict', trusted: this.#trusted, offer }
        case 'need-between':
          return { kind: 'header', height: middleOf(this.#trusted.height, offer.header.height) }
        case 'trusted':
          if (!verdict.linked) return this.#unlinked(offer)
          if (verdict.trusted.height > this.#trusted.height) this.#take(offer, verdict.trusted)
          this.#ahead.pop()
          this.#hasPath = false
      }
    }
  }

  /** The header that was needed; false when it is another one. */
  addHeader(offer: LightOffer): boolean {
    const ahead = this.#ahead.at(-1)
    if (ahead === undefined || offer.header.height !== middleOf(this.#trusted.height, ahead.header.height)) return false
    this.#ahead.push(offer)
    this.#hasPath = false
    return true
  }

  /** The path that was needed. When it does not lead there, the two headers are of two histories. */
  addPath(path: readonly Uint8Array[]): void {
    const offer = this.#ahead.pop()
    if (offer === undefined) return
    this.#ahead.push({ ...offer, path })
    this.#hasPath = true
  }

  /** A list that was needed; false when its root is not the one that was asked for. */
  addSet(validators: readonly Validator[], root = setRoot(validators)): boolean {
    if (!equalBytes(setRoot(validators), root)) return false
    this.#sets.set(toHex(root), validators)
    return true
  }

  #take({ header, certificate }: LightOffer, trusted: Trusted): void {
    this.#trusted = trusted
    this.#taken.push({ certified: { header, certificate }, trusted })
  }

  #unlinked(offer: LightOffer): WalkNeed {
    if (this.#hasPath) return { kind: 'conflict', trusted: this.#trusted, offer }
    return { kind: 'path', of: this.#trusted.height, within: offer.header.height }
  }

  readonly #setOf: KnownSets = (root) => this.#sets.get(toHex(root))
}

/** A height between; two that are not adjacent have one. */
function middleOf(from: number, to: number): number {
  return from + Math.floor((to - from) / 2)
}
