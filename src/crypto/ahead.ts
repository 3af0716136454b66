/**
 * Signatures verified ahead of the decision that needs them, on other cores. A pure check of votes verifies one after the other on the thread that
 * answers: 21 of them stop it for 3 ms. Here they are verified first, and the check finds what was said. It is the same check, with the same rule.
 */
import { equalBytes, latin1 } from '../base/index.ts'
import { limits } from './limits.ts'
import type { SignatureScheme } from './sign.ts'

export interface SignatureCheck {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** A verdict for each, in their order. Never rejects. */
export type VerifyMany = (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>

/** What a pure check decides, once the signatures that it depends on are verified elsewhere. */
export async function decideAhead<T>(
  scheme: SignatureScheme,
  verifyMany: VerifyMany,
  decide: (scheme: SignatureScheme) => T,
): Promise<T> {
  const { outcome, wanted } = triedOut(decide)
  if (wanted.length === 0) return outcome
  if (!isWorthIt(wanted)) return decide(scheme)
  const verdicts = await verifyMany(wanted)
  // It was decided as if all held, and all do: once more would come to the same.
  return verdicts.every((holds) => holds) ? outcome : decide(new SchemeAhead(scheme, verifyMany, wanted, verdicts))
}

/** What it comes to if everything holds, and what it asked for on the way. */
function triedOut<T>(decide: (scheme: SignatureScheme) => T): {
  readonly outcome: T
  readonly wanted: SignatureCheck[]
} {
  const wanted: SignatureCheck[] = []
  const outcome = decide({
    verify(publicKey, message, signature) {
      wanted.push({ publicKey, message, signature })
      return true
    },
  })
  return { outcome, wanted }
}

function isWorthIt({ length }: readonly SignatureCheck[]): boolean {
  return length >= limits.LEAST_AHEAD && length <= limits.MOST_AHEAD
}

/** Remembers the verdicts of the newest signatures that were verified ahead. `verifyMany`: left out where nothing else could go on meanwhile. */
export class SchemeAhead implements SignatureScheme {
  readonly #scheme: SignatureScheme
  readonly #verifyMany: VerifyMany | undefined
  /** By the signature. */
  readonly #known = new Map<string, SignatureCheck & { readonly holds: boolean }>()

  /** `verdicts`: of `checked`, in their order. */
  constructor(
    scheme: SignatureScheme,
    verifyMany: VerifyMany | undefined,
    checked: readonly SignatureCheck[] = [],
    verdicts: readonly boolean[] = [],
  ) {
    this.#scheme = scheme
    this.#verifyMany = verifyMany
    this.#rememberAll(checked, verdicts)
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#verdict({ publicKey, message, signature }) ?? this.#scheme.verify(publicKey, message, signature)
  }

  /**
   * `decide` must be pure. It is called once with a scheme for which everything holds, to learn what it would verify: what it says then counts for
   * nothing. Resolves when `verify` knows the verdicts. Undefined: there is nothing to wait for.
   */
  prepare(decide: (scheme: SignatureScheme) => unknown): Promise<void> | undefined {
    if (this.#verifyMany === undefined) return undefined
    const wanted = triedOut(decide).wanted.filter((check) => this.#verdict(check) === undefined)
    if (!isWorthIt(wanted)) return undefined
    return this.#verifyMany(wanted).then((verdicts) => this.#rememberAll(wanted, verdicts))
  }

  #rememberAll(checked: readonly SignatureCheck[], verdicts: readonly boolean[]): void {
    for (const [at, check] of checked.entries()) this.#remember({ ...check, holds: verdicts[at]! })
  }

  #verdict({ publicKey, message, signature }: SignatureCheck): boolean | undefined {
    if (this.#known.size === 0) return undefined
    const known = this.#known.get(latin1(signature))
    if (known === undefined || !equalBytes(known.publicKey, publicKey) || !equalBytes(known.message, message))
      return undefined
    return known.holds
  }

  #remember(checked: SignatureCheck & { readonly holds: boolean }): void {
    if (this.#known.size >= limits.MOST_AHEAD) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(latin1(checked.signature), checked)
  }
}
