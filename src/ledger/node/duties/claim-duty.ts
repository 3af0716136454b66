/**
 * Looking at claimed domains, each validator from its own place: own iteration from the root, never what others say. A key counts as seen after
 * two looks some time apart, so that who can forge answers for a moment has nothing; each validator begins at a moment of its own choice. Whoever
 * has not seen it when most of the time is over says so.
 */
import { type Clock, equalBytes, fromHex, isChordnsError, type Log, type Random, toHex } from '../../../base/index.ts'
import type { SignatureScheme } from '../../../crypto/index.ts'
import { sealTo } from '../../../crypto/sealed.ts'
import { type Name, nameToText } from '../../../dns/index.ts'
import { encodePayload } from '../../application/payload.ts'
import { limits } from '../../limits.ts'
import {
  CLAIM_PATH,
  CLAIM_SECRET_BYTES,
  claimSecretContext,
  claimTextName,
  keysInTexts,
  observePayload,
  webAnswerBytes,
} from '../../modules/claims/statements.ts'
import type { ClaimToObserve } from '../../modules/claims/view.ts'
import { zoneOf } from '../../modules/names/label.ts'
import type { RunningChain } from '../running-chain.ts'
import type { Due, Duty } from './duties.ts'

/** How this node sees what a domain's holder shows. Both reject with a ChordnsError when there is nothing to be had. */
export interface ClaimEyes {
  /** RDATA of the TXT set of a name, as its servers have it now; empty: there is none. */
  texts(name: Name, signal: AbortSignal): Promise<readonly Uint8Array[]>
  /** What the site of a domain shows at a path; undefined: nothing. */
  page(zone: Name, path: string, signal: AbortSignal): Promise<string | undefined>
}

export interface ClaimDutyDeps {
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly random: Pick<Random, 'below' | 'bytes'>
  readonly log: Log
  readonly scheme: SignatureScheme
  readonly account: Uint8Array
  readonly eyes: ClaimEyes
}

interface Observing {
  /** Unix ms: not before. */
  next: number
  /** Looks in succession that saw the key. */
  seen: number
  isLooking: boolean
}

export class ClaimDuty implements Duty {
  readonly name = 'claims'
  readonly #deps: ClaimDutyDeps
  readonly #observing = new Map<string, Observing>()

  constructor(deps: ClaimDutyDeps) {
    this.#deps = deps
  }

  async due(chain: RunningChain): Promise<Due | undefined> {
    const { account, clock } = this.#deps
    const claims = (await chain.application.ask('claims', account)) as readonly ClaimToObserve[]
    this.#forget(chain, claims)
    const now = clock.now()
    let due: Due | undefined
    for (const claim of claims) {
      const at = this.#at(chain, claim, now)
      if (!at.isLooking && at.next <= now && at.seen < limits.CLAIM_LOOKS) void this.#look(chain, claim, at)
      const isSeen = at.seen >= limits.CLAIM_LOOKS
      const isLate = now - claim.since > (claim.until - claim.since) * limits.CLAIM_DENIED_AFTER
      if (due !== undefined || !(isSeen || (isLate && !claim.hasDenied))) continue
      due = { what: `claim ${claim.number} ${isSeen}`, payload: encodePayload(observePayload(claim.number, isSeen)) }
    }
    return due
  }

  /** Never rejects with a ChordnsError: what cannot be seen now may be seen later. */
  async #look(chain: RunningChain, claim: ClaimToObserve, at: Observing): Promise<void> {
    const { clock, log } = this.#deps
    const step = (claim.until - claim.since) / limits.CLAIM_STEPS
    const zone = zoneOf(chain.name, claim.label)
    const limit = new AbortController()
    const cancel = clock.after(limits.CLAIM_LOOK_MS, () => limit.abort())
    at.isLooking = true
    try {
      const isSeen = await this.#sees(chain, claim, zone, limit.signal)
      at.seen = isSeen ? at.seen + 1 : 0
      log.debug(
        { chain: chain.name, zone: nameToText(zone), claim: claim.number, isSeen },
        'looked at a claimed domain',
      )
    } catch (error) {
      if (!isChordnsError(error)) throw error
      at.seen = 0
      log.debug(
        { chain: chain.name, zone: nameToText(zone), claim: claim.number, code: error.code },
        'a claimed domain shows nothing',
      )
    } finally {
      cancel()
      at.isLooking = false
      at.next = clock.now() + step
    }
  }

  async #sees(chain: RunningChain, claim: ClaimToObserve, zone: Name, signal: AbortSignal): Promise<boolean> {
    const { eyes, scheme } = this.#deps
    const { owner, label, challenge, method } = claim
    if (method === 'txt') {
      const keys = keysInTexts(await eyes.texts(claimTextName(zone), signal))
      return keys.some((one) => equalBytes(one, owner))
    }
    if (method === 'secret') return this.#tellsSecret(chain, claim, zone, signal)
    const signature = signatureIn(await eyes.page(zone, CLAIM_PATH, signal))
    const bytes = webAnswerBytes(chain.genesis.chainId, label, challenge)
    return signature !== undefined && scheme.verify(owner, bytes, signature)
  }

  /** Only who has the key can tell it, at the site, now: another one each time. */
  async #tellsSecret(chain: RunningChain, claim: ClaimToObserve, zone: Name, signal: AbortSignal): Promise<boolean> {
    const { random, eyes } = this.#deps
    const { owner, label, challenge } = claim
    const secret = random.bytes(CLAIM_SECRET_BYTES)
    const context = claimSecretContext(chain.genesis.chainId, label, challenge)
    const sealed = sealTo(owner, context, secret, random.bytes(32))
    if (sealed === undefined) return false
    const page = await eyes.page(zone, `${CLAIM_PATH}/${toHex(sealed)}`, signal)
    return page !== undefined && page.trim() === toHex(secret)
  }

  /** The first look is at a moment in the first quarter that nobody else knows. */
  #at(chain: RunningChain, { number, since, until }: ClaimToObserve, now: number): Observing {
    const key = keyOf(chain, number)
    const known = this.#observing.get(key)
    if (known !== undefined) return known
    const wait = this.#deps.random.below(Math.max(1, Math.floor((until - since) / 4)))
    const at = { next: Math.max(since, now) + wait, seen: 0, isLooking: false }
    this.#observing.set(key, at)
    return at
  }

  #forget(chain: RunningChain, claims: readonly ClaimToObserve[]): void {
    const open = new Set(claims.map(({ number }) => keyOf(chain, number)))
    for (const key of this.#observing.keys())
      if (key.startsWith(`${chain.id} `) && !open.has(key)) this.#observing.delete(key)
  }
}

function keyOf({ id }: RunningChain, number: number): string {
  return `${id} ${number}`
}

/** 64 bytes in hex, and white space around it. */
function signatureIn(page: string | undefined): Uint8Array | undefined {
  const found = /^\s*([0-9a-f]{128})\s*$/.exec(page ?? '')
  return found === null ? undefined : fromHex(found[1]!)
}
