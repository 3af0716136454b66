/**
 * Who sends transactions to one chain: organisations, honest and not, one transaction of each at a time, through any node. What each means is kept,
 * for whoever replays the blocks.
 */
import { latin1, toHex } from '../../../src/base/index.ts'
import { signTransaction } from '../../../src/chain/index.ts'
import type { Signer } from '../../../src/crypto/index.ts'
import { accountOf, encodePayload, mayCarry } from '../../../src/ledger/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import type { Act, Acting } from './acts/acting.ts'
import { actFor } from './acts/draw.ts'
import type { Actor } from './cast.ts'
import type { Intent } from './intents.ts'

export interface ClientsDeps extends Omit<Acting, 'random'> {
  readonly random: SeededRandom
  /** Bytes that were made for another chain, if there are any. */
  readonly ofOthers: () => Uint8Array | undefined
}

interface Outstanding {
  readonly nonce: number
  readonly bytes: Uint8Array
  readonly since: number
}

/** What is signed by somebody else than who sends it. */
const CARRIED: ReadonlySet<string> = new Set([
  'commit',
  'register',
  'update',
  'updateByCds',
  'transferName',
  'release',
  'link',
  'noteFork',
  'headerFork',
  'putEntry',
  'accuse',
  'answer',
  'twoNotes',
  'registerTerm',
  'renew',
  'restore',
  'lock',
  'cancel',
  'rollOwner',
  'setGuardians',
  'freeze',
  'recover',
  'guardiansCancel',
  'openClaim',
  'proveClaim',
])

const AT_ONCE = 3
/** After this a client sends the same again, or something else. */
const PATIENCE_MS = 600
const HOUR_MS = 3_600_000

export class Clients {
  readonly #deps: ClientsDeps
  readonly #intents = new Map<string, Intent>()
  readonly #outstanding = new Map<Actor, Outstanding>()
  readonly #made: Uint8Array[] = []

  constructor(deps: ClientsDeps) {
    this.#deps = deps
  }

  /** Undefined: nobody made it for this chain. */
  intentOf(bytes: Uint8Array): Intent | undefined {
    return this.#intents.get(latin1(bytes))
  }

  /** Something that was made for this chain, at any time. */
  any(random: SeededRandom): Uint8Array | undefined {
    return this.#made[random.below(Math.max(1, this.#made.length))]
  }

  /** A few transactions, or nothing: a block costs a world much, and what is in it little. */
  bring(submit: (bytes: Uint8Array) => void): void {
    for (let i = 0; i < AT_ONCE; i++) {
      const bytes = this.#next()
      if (bytes !== undefined) submit(bytes)
    }
  }

  #next(): Uint8Array | undefined {
    const { random, cast } = this.#deps
    const what = random.below(24)
    const old = what === 0 ? this.any(random) : what === 1 ? this.#deps.ofOthers() : undefined
    if (old !== undefined) return old
    const drawn = actFor(this.#deps)
    if (drawn === undefined) return undefined
    const act = this.#waiting(drawn.actor) === undefined ? drawn : this.#carriedByAnother(drawn)
    const waits = this.#waiting(act.actor)
    if (waits !== undefined && random.below(8) > 0) {
      if (this.#deps.now() - waits.since < PATIENCE_MS) return undefined
      if (random.below(2) === 0) return waits.bytes
    }
    const forger = random.below(30) === 0 ? cast.actors[random.below(cast.actors.length)] : undefined
    return this.#make(act, forger)
  }

  /** What anybody may carry is carried by one that waits for nothing. */
  #carriedByAnother(act: Act): Act {
    if (!CARRIED.has(act.deed.kind)) return act
    const { cast, random, state } = this.#deps
    const able = cast.actors.filter(
      (one) => this.#waiting(one) === undefined && mayCarry(state(), one.account.publicKey),
    )
    return able.length === 0 ? act : { ...act, actor: able[random.below(able.length)]! }
  }

  #waiting(actor: Actor): Outstanding | undefined {
    const waits = this.#outstanding.get(actor)
    return waits !== undefined && this.#nonceOf(actor) <= waits.nonce ? waits : undefined
  }

  #nonceOf({ account }: Actor): number {
    return accountOf(this.#deps.state(), account.publicKey).nonce
  }

  /** `forger`: signs in the name of the account. */
  #make({ actor, payload, deed }: Act, forger: Actor | undefined): Uint8Array {
    const { random, now } = this.#deps
    const { balance } = accountOf(this.#deps.state(), actor.account.publicKey)
    const nonce = this.#nonceOf(actor) + (random.below(40) === 0 ? 1 + random.below(2) : 0)
    const fee = random.below(40) === 0 ? balance + 1 : random.below(3) === 0 ? Math.min(balance, random.below(4)) : 0
    const life = [200, 30 * HOUR_MS, 60_000, 60_000, 60_000, HOUR_MS, HOUR_MS, HOUR_MS][random.below(8)]!
    const expires = now() + life
    const isSigned = forger === undefined || forger === actor
    const signer: Signer = isSigned
      ? actor.account
      : { publicKey: actor.account.publicKey, sign: (message) => forger.account.sign(message) }
    const content = { nonce, fee, expires, payload: payload instanceof Uint8Array ? payload : encodePayload(payload) }
    const bytes = signTransaction(signer, this.#deps.chainId, content)
    this.#intents.set(latin1(bytes), {
      account: toHex(actor.account.publicKey),
      nonce,
      fee,
      expires,
      isSigned,
      deed,
    })
    this.#made.push(bytes)
    this.#outstanding.set(actor, { nonce, bytes, since: now() })
    return bytes
  }
}
