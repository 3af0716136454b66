/** One followed chain: looks for a newer header at several members, takes it when `light/` trusts it, and stops trusting the chain when it was forked. */
import { type Clock, equalBytes, isChordnsError, type Log, type PeerId, type Store, toHex } from '../../base/index.ts'
import type { SchemeAhead } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { setRoot } from '../blocks/set-root.ts'
import { conflictVerdict, decodeConflict, encodeConflict, type HeaderConflict } from '../light/conflicts.ts'
import { isSameHeader, isTrustedStill, isWay } from '../light/kept.ts'
import { isExpired, isFresh, isInHistory, type LightRules, type Trusted } from '../light/trust.ts'
import { verifyHeader } from '../light/verify.ts'
import type { Step } from '../light/walk.ts'
import { limits } from '../limits.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'
import { beginAt, isSettledBy, type TrustedPoint } from './beginning.ts'
import { FollowBook, type KeptOfChain } from './book.ts'
import { believedConflict } from './conflicts.ts'
import type { MemberBook } from './members.ts'
import type { FollowReply, FollowRequest } from './messages.ts'
import type { HeaderNews } from './news.ts'
import type { FollowedChain, HeadState, LedgerHead } from './view.ts'
import { type WalkEnd, walkTo } from './walking.ts'

/** A chain, and what is trusted of it at the beginning: `trustGenesis` or `trustCheckpoint` make it. */
export interface ChainStart {
  readonly name: string
  readonly trusted: Trusted
  /** Begun from when what is known is too old, or was forked below it. */
  readonly point?: TrustedPoint | undefined
}

export interface ChainFollowerDeps {
  readonly clock: Clock
  /** Whose scheme is `ahead`: what is verified on the way to a header is asked for once more when the way is made shorter. */
  readonly rules: LightRules
  readonly ahead: SchemeAhead
  readonly members: MemberBook
  readonly store: Store
  readonly log: Pick<Log, 'info' | 'warn'>
}

export interface ChainFollowerHooks {
  /** The head, or what is thought of it, has changed. */
  readonly onHead: (chain: FollowedChain) => void
  /** The head is another one, which this node can tell others of. */
  readonly onNews: (chain: FollowedChain, news: HeaderNews) => void
  /** Two headers that contradict each other are kept, and the members were told. */
  readonly onConflict: (chain: FollowedChain, conflict: Uint8Array) => void
}

type HeaderReply = Extract<FollowReply, { kind: 'header' }>
type Shown = { readonly peer: PeerId; readonly reply: HeaderReply }

export class ChainFollower {
  readonly chain: FollowedChain
  readonly #deps: ChainFollowerDeps
  readonly #hooks: ChainFollowerHooks
  readonly #book: FollowBook
  readonly #start: Trusted
  readonly #point: TrustedPoint | undefined
  /** The way from the start to the head, no longer than it must be. */
  #steps: readonly Step[] = []
  #conflict: Uint8Array | undefined
  #closed = false
  #looking: Promise<void> | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  /** The head was told, not looked for. */
  #isHeard = false
  /** Members whose two headers showed nothing to this follower. */
  readonly #unconvincing = new Set<PeerId>()

  constructor(deps: ChainFollowerDeps, hooks: ChainFollowerHooks, { name, trusted, point }: ChainStart) {
    this.chain = { chainId: trusted.chainId, name }
    this.#deps = deps
    this.#hooks = hooks
    this.#start = trusted
    this.#point = point
    this.#book = new FollowBook(trusted.chainId, deps.store)
    // Most headers name the set that was there from the start, which nobody had to fetch.
    this.#book.addSet(trusted.validators)
    const { steps, conflict } = this.#remembered()
    const head = steps.at(-1)?.trusted
    const isOfUse = head !== undefined && head.height > trusted.height && !isExpired(deps.rules, head, deps.clock.now())
    if (isOfUse) this.#goOnFrom(steps.filter((step) => step.trusted.height > trusted.height))
    this.#conflict = conflict
  }

  get head(): LedgerHead {
    const { height, time, validators } = this.#trusted
    const state = this.#state()
    const certified = this.#steps.at(-1)?.certified
    return { ...this.chain, height, time, validators, certified, state, fresh: state === 'fresh' }
  }

  /** The headers before the head that lead to it from the start, and the start. */
  get way(): { readonly start: Trusted; readonly steps: readonly Step[] } {
    return { start: this.#start, steps: this.#steps }
  }

  get conflict(): Uint8Array | undefined {
    return this.#conflict
  }

  setOf(root: Uint8Array): readonly Validator[] | undefined {
    const { validators } = this.#start
    return this.#book.set(root) ?? (equalBytes(setRoot(validators), root) ? validators : undefined)
  }

  /** Whether a header that somebody kept, with the set that it names, is of this chain by what is trusted now. */
  trusts(certified: CertifiedHeader, validators: readonly Validator[]): boolean {
    if (this.#conflict !== undefined) return false
    if (this.#steps.some((step) => isSameHeader(step.certified, certified))) return true
    const { rules, clock } = this.#deps
    const way = [this.#start, ...this.#steps.map((step) => step.trusted)]
    return isTrustedStill(rules, way, certified, validators, (root) => this.setOf(root), clock.now())
  }

  /** Whether the head was told, and so soon that nothing newer can be missing. What was told too late is no better than silence. */
  get hearsInTime(): boolean {
    const age = this.#deps.clock.now() - this.#trusted.time
    return this.#isHeard && this.#state() === 'fresh' && Math.abs(age) <= limits.HEARD_IN_TIME_MS
  }

  /** A look that is under way finds nothing any more, and writes nothing. */
  close(): void {
    this.#closed = true
  }

  /** Looks for a newer head now, unless it was done just now. Never rejects. */
  look(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking
    const now = this.#deps.clock.monotonic()
    if (now - this.#lookedAt < limits.FOLLOW_AGAIN_MS) return Promise.resolve()
    this.#lookedAt = now
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
      // Nobody was there to be asked: that was no look.
      if (!this.#deps.members.hasAny(this.chain.chainId)) this.#lookedAt = Number.NEGATIVE_INFINITY
    })
    return this.#looking
  }

  /** Somebody whom this node listens to tells of a header. Never rejects. */
  hear(peer: PeerId, news: HeaderNews): Promise<void> {
    const { height } = this.#trusted
    const state = this.#state()
    if (this.#looking !== undefined || state === 'forked' || state === 'expired') return Promise.resolve()
    if (news.certified.header.height <= height) return Promise.resolve()
    // One was missed: what leads to this one is with members only.
    if (news.of !== height) return this.look()
    this.#looking = this.#hear(peer, news).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #hear(peer: PeerId, news: HeaderNews): Promise<void> {
    const before = this.head
    const { certified, path } = news
    const end = await this.#walk(peer, { trusted: this.#trusted, certified: before.certified }, { ...certified, path })
    if (end.steps.length > 0) {
      this.#take(end.steps)
      this.#isHeard = true
    }
    if (end.kind === 'conflict') this.#accuse(peer, end.conflict)
    this.#tellOf(before, news)
  }

  /** After the head may have changed. */
  #tellOf(before: LedgerHead, ...news: readonly HeaderNews[]): void {
    if (this.#closed) return
    const after = this.head
    if (after.height !== before.height || after.state !== before.state) this.#hooks.onHead(this.chain)
    if (after.height === before.height || after.state === 'forked') return
    const own = news.find(({ certified, of }) => certified.header === after.certified?.header && of === before.height)
    if (own !== undefined) this.#hooks.onNews(this.chain, own)
  }

  /** What somebody showed of a fork: taken when both headers are acceptable from what is trusted here. True: it is believed. */
  show(bytes: Uint8Array): boolean {
    if (this.#conflict !== undefined) return true
    let conflict: HeaderConflict
    try {
      conflict = decodeConflict(bytes)
    } catch (error) {
      if (isChordnsError(error)) return false
      throw error
    }
    const { rules, clock } = this.#deps
    const trusted = [this.#start, ...this.#steps.map((step) => step.trusted)]
    if (believedConflict(rules, this.chain.chainId, trusted, conflict, clock.now()) === undefined) return false
    this.#stop(bytes)
    return true
  }

  /** What is on disk may have been changed there: it counts as far as its signatures do. */
  #goOnFrom(steps: readonly Step[]): void {
    const { rules, clock, log } = this.#deps
    if (isWay(rules, this.#start, steps, (root) => this.setOf(root), clock.now())) this.#steps = steps
    else log.warn({ chain: this.chain.name }, 'the kept headers of a ledger do not hold: it is followed from the start')
  }

  #remembered(): KeptOfChain {
    const kept = this.#book.remembered()
    if (kept.conflict === undefined || this.#point === undefined || !isSettledBy(kept.conflict, this.#point))
      return kept
    this.#book.forget()
    return { steps: [], conflict: undefined }
  }

  /** The operator's block counts when nothing else does, and only while it is not too old itself. */
  async #begin(point: TrustedPoint): Promise<void> {
    const { members, rules, clock, log } = this.#deps
    const begun = await beginAt(members, this.chain.chainId, point)
    if (begun === undefined || this.#closed || isExpired(rules, begun.step.trusted, clock.now())) return
    this.#steps = [begun.step]
    this.#keep(() => {
      for (const set of begun.sets) this.#book.addSet(set)
      this.#book.putSteps(this.#steps)
    })
    log.info(
      { chain: this.chain.name, height: point.height },
      'a ledger is followed from the block that the operator trusts',
    )
  }

  async #look(): Promise<void> {
    const before = this.head
    if (before.state === 'expired' && this.#point !== undefined) await this.#begin(this.#point)
    if (this.#state() === 'forked' || this.#state() === 'expired') return
    const shown = await this.#shown()
    // The newest first: what is lower is then compared with it.
    shown.sort((a, b) => b.reply.certified.header.height - a.reply.certified.header.height)
    for (const one of shown) {
      await this.#consider(one)
      if (this.#conflict !== undefined) return
    }
    for (const { peer, reply } of shown) if (reply.hasConflict) await this.#requestConflict(peer)
    const of = before.height
    this.#tellOf(before, ...shown.map(({ reply: { certified, path } }) => ({ certified, path, of })))
  }

  /** The heads that some members show; others are requested when none of the first replies. */
  async #shown(): Promise<Shown[]> {
    const { chainId } = this.chain
    const peers = this.#deps.members.ordered(chainId)
    const request = { kind: 'header', chainId, height: 0, of: this.#trusted.height } as const
    for (let from = 0; from < peers.length && from < 3 * limits.FOLLOWED_MEMBERS; from += limits.FOLLOWED_MEMBERS) {
      const some = peers.slice(from, from + limits.FOLLOWED_MEMBERS)
      const replies = await Promise.all(
        some.map(async (peer) => ({ peer, reply: await this.#deps.members.request(peer, request) })),
      )
      const shown = replies.filter((one): one is Shown => one.reply?.kind === 'header')
      if (shown.length > 0) return shown
    }
    return []
  }

  async #consider({ peer, reply: { certified, path } }: Shown): Promise<void> {
    const from = { trusted: this.#trusted, certified: this.#steps.at(-1)?.certified }
    if (certified.header.height < from.trusted.height) return this.#compare(peer, certified)
    const end = await this.#walk(peer, from, { ...certified, path })
    if (end.steps.length > 0) {
      this.#take(end.steps)
      this.#isHeard = false
    }
    if (end.kind === 'failed') this.#distrust(peer, end.reason)
    if (end.kind === 'conflict') this.#accuse(peer, end.conflict)
  }

  /** A lower head is one of the head's history, or its member is on a fork. */
  async #compare(peer: PeerId, lower: CertifiedHeader): Promise<void> {
    const head = this.#steps.at(-1)
    if (head === undefined || this.#steps.some((step) => isSameHeader(step.certified, lower))) return
    const { height } = lower.header
    const older = await this.#olderOf(head.certified, height, peer)
    if (older === undefined || equalBytes(blockIdOf(older.header), blockIdOf(lower.header))) return
    const before = this.#steps.findLast((step) => step.trusted.height <= height)
    const from = { trusted: before?.trusted ?? this.#start, certified: before?.certified }
    const end = await this.#walk(peer, from, lower)
    if (end.kind === 'conflict') return this.#accuse(peer, end.conflict)
    const [firstSet, secondSet] = [lower, head.certified].map(({ header }) => this.setOf(header.validatorsHash))
    if (end.kind !== 'arrived' || firstSet === undefined || secondSet === undefined)
      return this.#distrust(peer, 'another history')
    this.#accuse(peer, { first: lower, second: head.certified, firstSet, secondSet, older })
  }

  /** Whether a header is in the history of what is trusted, as members show it. */
  async holds(header: BlockHeader): Promise<boolean> {
    const head = this.#steps.at(-1)?.certified
    const state = this.#state()
    if (head === undefined || state === 'forked' || state === 'expired') return false
    const id = blockIdOf(header)
    if (header.height === head.header.height) return equalBytes(id, blockIdOf(head.header))
    const older = header.height < head.header.height ? await this.#olderOf(head, header.height) : undefined
    return older !== undefined && equalBytes(blockIdOf(older.header), id)
  }

  /** What the head has in its history, from anybody but the one whose header is compared with it. */
  async #olderOf({ header }: CertifiedHeader, of: number, not?: PeerId) {
    const { chainId } = this.chain
    const peers = this.#deps.members.ordered(chainId).filter((peer) => peer !== not)
    for (const peer of peers.slice(0, limits.FOLLOWED_MEMBERS)) {
      const reply = await this.#deps.members.request(peer, { kind: 'older', chainId, of, within: header.height })
      if (reply?.kind === 'older' && reply.header.height === of && isInHistory(header, reply.header, reply.path))
        return { header: reply.header, path: reply.path }
    }
    return undefined
  }

  #walk(
    peer: PeerId,
    ...[from, target]: [Parameters<typeof walkTo>[1], Parameters<typeof walkTo>[2]]
  ): Promise<WalkEnd> {
    const { rules, ahead, clock, members } = this.#deps
    return walkTo(
      {
        rules,
        ahead,
        now: () => clock.now(),
        request: (request: FollowRequest) => members.request(peer, request),
        setOf: (root) => this.setOf(root),
        onSet: (validators) => this.#book.addSet(validators),
      },
      from,
      target,
    )
  }

  /** A step that its neighbours do without is dropped, and so is one that nobody may begin with any more. */
  #take(taken: readonly Step[]): void {
    if (this.#closed) return
    const { rules, clock, log } = this.#deps
    const now = clock.now()
    const steps = [...this.#steps]
    for (const step of taken) {
      while (steps.length > 0 && this.#leads(steps.at(-2)?.trusted ?? this.#start, step, now)) steps.pop()
      steps.push(step)
    }
    const kept = steps.filter((step, i) => i === steps.length - 1 || !isExpired(rules, step.trusted, now))
    this.#steps = kept.slice(-limits.MAX_TRAIL)
    this.#keep(() => this.#book.putSteps(this.#steps))
    log.info({ chain: this.chain.name, height: this.#trusted.height }, 'a newer header of a ledger is trusted')
  }

  /** What is known counts whether or not it can be kept: a disk that fails must not end the following. */
  #keep(write: () => void): void {
    if (this.#closed) return
    try {
      write()
    } catch (error) {
      if (!isChordnsError(error)) throw error
      const { code, message } = error
      this.#deps.log.warn({ chain: this.chain.name, code, error: message }, 'what is known of a ledger cannot be kept')
    }
  }

  #leads(from: Trusted, { certified }: Step, now: number): boolean {
    return verifyHeader(this.#deps.rules, from, certified, (root) => this.setOf(root), now).kind === 'trusted'
  }

  async #requestConflict(peer: PeerId): Promise<void> {
    if (this.#conflict !== undefined || this.#unconvincing.has(peer)) return
    const reply = await this.#deps.members.request(peer, { kind: 'conflict', chainId: this.chain.chainId })
    if (reply?.kind === 'conflict' && this.show(reply.conflict)) return
    if (this.#unconvincing.size < limits.MAX_DISTRUSTED) this.#unconvincing.add(peer)
  }

  #accuse(peer: PeerId, conflict: HeaderConflict): void {
    const isOne = conflictVerdict(this.#deps.rules, this.chain.chainId, conflict) !== undefined
    if (isOne) this.#stop(encodeConflict(conflict))
    else this.#distrust(peer, 'a conflict that is none')
  }

  /** Nothing of the chain is trusted any more, and everybody hears why. */
  #stop(bytes: Uint8Array): void {
    if (this.#closed) return
    const { chainId, name } = this.chain
    this.#conflict = bytes
    this.#keep(() => this.#book.putConflict(bytes))
    this.#deps.log.warn(
      { chain: name, id: toHex(chainId) },
      'two headers of a ledger contradict each other: it is trusted no more',
    )
    for (const peer of this.#deps.members.ordered(chainId).slice(0, limits.TOLD_OF_CONFLICT))
      void this.#deps.members.request(peer, { kind: 'tell', chainId, conflict: bytes })
    this.#hooks.onConflict(this.chain, bytes)
    this.#hooks.onHead(this.chain)
  }

  #distrust(peer: PeerId, reason: string): void {
    this.#deps.members.distrust(peer)
    this.#deps.log.info({ chain: this.chain.name, peer, reason }, 'a member showed a header that does not hold')
  }

  get #trusted(): Trusted {
    return this.#steps.at(-1)?.trusted ?? this.#start
  }

  #state(): HeadState {
    if (this.#conflict !== undefined) return 'forked'
    const { rules, clock } = this.#deps
    const now = clock.now()
    if (isExpired(rules, this.#trusted, now)) return 'expired'
    return isFresh(rules, this.#trusted, now) ? 'fresh' : 'stale'
  }
}
