/** Who has signed in. In memory: a restart ends all, and so does another password: whoever changes it wants others out. */
import { createHash, randomBytes } from 'node:crypto'
import { ChordnsError } from '../../base/index.ts'
import type { SignedInView } from '../dashboard-views.ts'
import { limits } from '../limits.ts'
import { isPassword, isSignInKey } from './password.ts'

export interface SessionsDeps {
  /** Unix ms. */
  readonly now: () => number
  /** The files, as they are now; undefined: there is none. */
  readonly passwordLine: () => string | undefined
  readonly keySecret: () => string | undefined
}

export class Sessions {
  readonly #deps: SessionsDeps
  /** By the hash of the token, so that nothing is found by how long a comparison takes; until when, unix ms. */
  readonly #ends = new Map<string, number>()
  /** The password's line under which they signed in. */
  #line: string | undefined
  #tries: number[] = []
  #isBusy = false

  constructor(deps: SessionsDeps) {
    this.#deps = deps
  }

  get hasPassword(): boolean {
    return this.#deps.passwordLine() !== undefined
  }

  isOwner(authorization: string | undefined): boolean {
    const token = /^Bearer ([\w-]{43})$/.exec(authorization ?? '')?.[1]
    if (token === undefined) return false
    this.#endOthers()
    return (this.#ends.get(hashOf(token)) ?? 0) > this.#deps.now()
  }

  /** Throws SIGN_IN_REFUSED, SIGN_IN_BUSY. */
  async signIn({ password, key }: { readonly password?: string; readonly key?: string }): Promise<SignedInView> {
    const { now, keySecret } = this.#deps
    const secret = keySecret()
    if (key !== undefined && secret !== undefined && isSignInKey(secret, key, now())) return this.#begin()
    if (password !== undefined && (await this.#isRight(password))) return this.#begin()
    throw new ChordnsError('SIGN_IN_REFUSED', 'that is not it, or it is too old', {})
  }

  signOut(authorization: string | undefined): void {
    this.#ends.delete(hashOf(authorization?.replace('Bearer ', '') ?? ''))
  }

  /** One at a time, and few in a minute: whoever guesses gets no further, and takes no CPU from answers. */
  async #isRight(password: string): Promise<boolean> {
    const { now, passwordLine } = this.#deps
    this.#tries = this.#tries.filter((at) => at > now() - 60_000 && at <= now())
    if (this.#isBusy || this.#tries.length >= limits.MAX_SIGN_INS_A_MINUTE)
      throw new ChordnsError('SIGN_IN_BUSY', 'too many tries: wait a minute', {})
    const line = passwordLine()
    if (line === undefined) return false
    this.#tries.push(now())
    this.#isBusy = true
    try {
      const isRight = await isPassword(line, password)
      if (isRight) this.#tries = []
      return isRight
    } finally {
      this.#isBusy = false
    }
  }

  #endOthers(): void {
    const line = this.#deps.passwordLine()
    if (line === this.#line) return
    this.#ends.clear()
    this.#line = line
  }

  #begin(): SignedInView {
    const { now } = this.#deps
    this.#endOthers()
    for (const [hash, end] of this.#ends) if (end <= now()) this.#ends.delete(hash)
    const [oldest] = this.#ends.keys()
    if (this.#ends.size >= limits.MAX_SESSIONS && oldest !== undefined) this.#ends.delete(oldest)
    const token = randomBytes(32).toString('base64url')
    const expires = now() + limits.SESSION_MS
    this.#ends.set(hashOf(token), expires)
    return { token, expires }
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
