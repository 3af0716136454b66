/** Carries out a walk to a header that a member showed: fetches what the walk needs, from that member. */
import { equalBytes, toHex } from '../../base/index.ts'
import type { SchemeAhead } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import type { HeaderConflict } from '../light/conflicts.ts'
import { isInHistory, type LightRules, type Trusted } from '../light/trust.ts'
import type { LightOffer } from '../light/verify.ts'
import { LightWalk, type Step, type WalkNeed } from '../light/walk.ts'
import { limits } from '../limits.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'
import type { FollowReply, FollowRequest } from './messages.ts'

export interface WalkDeps {
  /** Whose scheme is `ahead`. */
  readonly rules: LightRules
  readonly ahead: SchemeAhead
  readonly now: () => number
  /** One request to the member that showed the header. */
  readonly request: (request: FollowRequest) => Promise<FollowReply | undefined>
  /** A set that is known, by its root. */
  readonly setOf: (root: Uint8Array) => readonly Validator[] | undefined
  /** Owes keeping a set until the next time that sets are put on disk. */
  readonly onSet: (validators: readonly Validator[]) => void
}

export type WalkEnd = {
  /** What is trusted by now beyond the start, oldest first. */
  readonly steps: readonly Step[]
} & (
  | { readonly kind: 'arrived' }
  /** The member does not give what its own header needs, or gives what does not hold. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** Not later than what is trusted, or what is trusted is too old: nobody's fault. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'conflict'; readonly conflict: HeaderConflict }
)

/** `from`: with its certificate, unless it is the genesis or a checkpoint. */
export async function walkTo(
  deps: WalkDeps,
  from: { readonly trusted: Trusted; readonly certified: CertifiedHeader | undefined },
  target: LightOffer,
): Promise<WalkEnd> {
  return new Walker(deps, from, target).run()
}

/** Refusals for which the member that showed the header is to blame. */
const LIES: ReadonlySet<string> = new Set(['another chain', 'future', 'certificate', 'set', 'too far'])

class Walker {
  readonly #deps: WalkDeps
  readonly #walk: LightWalk
  readonly #start: Trusted
  readonly #shown = new Map<string, CertifiedHeader>()
  #requests = 0

  constructor(
    deps: WalkDeps,
    { trusted, certified }: { readonly trusted: Trusted; readonly certified: CertifiedHeader | undefined },
    target: LightOffer,
  ) {
    this.#deps = deps
    this.#start = trusted
    this.#walk = new LightWalk(deps.rules, trusted, target)
    if (certified !== undefined) this.#show(certified)
    this.#show(target)
  }

  async run(): Promise<WalkEnd> {
    for (;;) {
      const now = this.#deps.now()
      const verified = this.#deps.ahead.prepare((scheme) => this.#walk.foresee(scheme, now))
      if (verified !== undefined) await verified
      const need = this.#walk.next(now)
      if (need.kind === 'arrived') return this.#end({ kind: 'arrived' })
      if (need.kind === 'refused')
        return this.#end({ kind: LIES.has(need.reason) ? 'failed' : 'refused', reason: need.reason })
      if (need.kind === 'conflict') return this.#contradiction(need.trusted, need.offer)
      if (this.#requests++ >= limits.MAX_WALK_REQUESTS) return this.#failed('too far')
      const end = await this.#serve(need)
      if (end !== undefined) return end
    }
  }

  /** Undefined: the walk has what it needed. */
  async #serve(need: Extract<WalkNeed, { kind: 'header' | 'path' | 'set' }>): Promise<WalkEnd | undefined> {
    const { setOf, onSet } = this.#deps
    const { chainId } = this.#start
    switch (need.kind) {
      case 'set': {
        const known = setOf(need.root)
        if (known !== undefined && this.#walk.addSet(known, need.root)) return undefined
        const reply = await this.#deps.request({ kind: 'set', chainId, root: need.root })
        if (reply?.kind !== 'set' || !this.#walk.addSet(reply.validators, need.root)) return this.#failed('set')
        onSet(reply.validators)
        return undefined
      }
      case 'header': {
        const of = this.#walk.trusted.height
        const reply = await this.#deps.request({ kind: 'header', chainId, height: need.height, of })
        if (reply?.kind !== 'header') return this.#failed('header')
        this.#show(reply.certified)
        return this.#walk.addHeader({ ...reply.certified, path: reply.path }) ? undefined : this.#failed('header')
      }
      case 'path': {
        const { trusted } = this.#walk
        const older = await this.#older(need.of, need.within)
        if (older === undefined || trusted.header === undefined) return this.#failed('path')
        const within = [...this.#shown.values()].find(
          ({ header }) => header.height === need.within && isOlderOf(header, older),
        )
        if (within === undefined) return this.#failed('path')
        if (!equalBytes(blockIdOf(older.header), blockIdOf(trusted.header)))
          return this.#conflict(trusted, within, older)
        this.#walk.addPath(older.path)
        return undefined
      }
    }
  }

  /** The signatures hold, and the header before is another one: what stands there in the other history makes it evidence. */
  async #contradiction(trusted: Trusted, offer: LightOffer): Promise<WalkEnd> {
    if (offer.header.height === trusted.height) return this.#conflict(trusted, offer, undefined)
    const older = await this.#older(trusted.height, offer.header.height)
    if (older === undefined || !isOlderOf(offer.header, older)) return this.#failed('path')
    return this.#conflict(trusted, offer, older)
  }

  async #conflict(trusted: Trusted, second: CertifiedHeader, older: HeaderConflict['older']): Promise<WalkEnd> {
    const first = trusted.header && this.#shown.get(toHex(blockIdOf(trusted.header)))
    if (first === undefined) return this.#failed('certificate')
    const [firstSet, secondSet] = [await this.#set(first.header), await this.#set(second.header)]
    if (firstSet === undefined || secondSet === undefined) return this.#failed('set')
    const { header, certificate } = second
    return this.#end({
      kind: 'conflict',
      conflict: { first, second: { header, certificate }, firstSet, secondSet, older },
    })
  }

  async #older(of: number, within: number) {
    const reply = await this.#deps.request({ kind: 'older', chainId: this.#start.chainId, of, within })
    return reply?.kind === 'older' ? { header: reply.header, path: reply.path } : undefined
  }

  async #set({ chainId, validatorsHash: root }: BlockHeader): Promise<readonly Validator[] | undefined> {
    const known = this.#deps.setOf(root)
    if (known !== undefined) return known
    const reply = await this.#deps.request({ kind: 'set', chainId, root })
    return reply?.kind === 'set' ? reply.validators : undefined
  }

  #show({ header, certificate }: CertifiedHeader): void {
    this.#shown.set(toHex(blockIdOf(header)), { header, certificate })
  }

  #failed(reason: string): WalkEnd {
    return this.#end({ kind: 'failed', reason })
  }

  #end<E extends object>(end: E): E & { readonly steps: readonly Step[] } {
    return { ...end, steps: this.#walk.taken }
  }
}

function isOlderOf(newer: BlockHeader, older: { readonly header: BlockHeader; readonly path: readonly Uint8Array[] }) {
  return isInHistory(newer, older.header, older.path)
}
