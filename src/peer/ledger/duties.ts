/**
 * What a validator's node does for its chain beside voting: it takes part in the draws that salts are made of. Its secrets are made of its voting
 * key, so there is nothing to keep, and a restart forgets none.
 */
import { type Clock, concatBytes, errorText, isChordnsError, type Log } from '../../base/index.ts'
import { signTransaction } from '../../chain/index.ts'
import { hmacSha256, type Signer, signedBytes } from '../../crypto/index.ts'
import {
  type BeaconDuty,
  beaconPayload,
  commitmentTo,
  encodePayload,
  memberIdOf,
  type RunningChain,
} from '../../ledger/index.ts'

/** A transaction that is in no block by then is sent once more, ms. */
const AGAIN_MS = 60_000
const LIFE_MS = 10 * AGAIN_MS

export interface DutiesDeps {
  readonly clock: Clock
  readonly log: Log
  /** The seed of the voting key. */
  readonly votingSeed: Uint8Array
  /** The organisation's account: who pays. */
  readonly account: Signer
  readonly memberKey: Uint8Array
}

export class Duties {
  readonly #deps: DutiesDeps
  /** By chain: what was sent last, and until when the same is not sent again. */
  readonly #rests = new Map<string, { readonly what: string; readonly until: number }>()
  readonly #busy = new Set<string>()

  constructor(deps: DutiesDeps) {
    this.#deps = deps
  }

  /** After each block of a chain that this node runs. Never rejects. */
  async decided(chain: RunningChain): Promise<void> {
    const { log } = this.#deps
    if (!chain.isValidator || this.#busy.has(chain.id)) return
    this.#busy.add(chain.id)
    try {
      await this.#draw(chain)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn(
        { chain: chain.name, code: error.code, error: errorText(error) },
        'a validator could not do its part in a draw',
      )
    } finally {
      this.#busy.delete(chain.id)
    }
  }

  async #draw(chain: RunningChain): Promise<void> {
    const { clock, account, memberKey } = this.#deps
    const validator = memberIdOf(memberKey)
    const duty = (await chain.application.ask('beacon', {
      validator,
      account: account.publicKey,
      height: chain.status().height + 1,
    })) as BeaconDuty
    if (!duty.mayCarry || (!duty.mayCommit && !duty.owesSecret)) return
    const { chainId } = chain.genesis
    const { epoch } = duty
    const what = `${epoch} ${duty.owesSecret} ${duty.mayCommit}`
    const rest = this.#rests.get(chain.id)
    if (rest?.what === what && rest.until > clock.monotonic()) return
    this.#rests.set(chain.id, { what, until: clock.monotonic() + AGAIN_MS })
    const payload = beaconPayload(
      duty.owesSecret ? this.#secret(chainId, epoch - 1) : null,
      duty.mayCommit ? commitmentTo(chainId, validator, epoch, this.#secret(chainId, epoch)) : null,
    )
    const { nonce } = duty
    const expires = clock.now() + LIFE_MS
    await chain.submit(signTransaction(account, chainId, { nonce, fee: 0, expires, payload: encodePayload(payload) }))
  }

  #secret(chainId: Uint8Array, epoch: number): Uint8Array {
    const place = new Uint8Array(8)
    new DataView(place.buffer).setBigUint64(0, BigInt(epoch))
    return hmacSha256(this.#deps.votingSeed, signedBytes('chordns/draw-seed/1', concatBytes(chainId, place)))
  }
}
