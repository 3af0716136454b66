/** Follows ledgers as a light client: the newest header of each, heard of or looked for once a minute, and proofs of what their states say. */
import {
  type Cancel,
  type Clock,
  equalBytes,
  errorText,
  Listeners,
  type Log,
  latin1,
  type PeerId,
  type Random,
  type Store,
  toHex,
  unlessAborted,
} from '../../base/index.ts'
import { encodeCanonical, SchemeAhead, type VerifyMany } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { encodeProofFile } from '../light/proof-file.ts'
import { isFresh, type LightRules } from '../light/trust.ts'
import type { Step } from '../light/walk.ts'
import { limits } from '../limits.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'
import { ChainFollower, type ChainStart } from './chain-follower.ts'
import type { HeaderTrust } from './kept-proofs.ts'
import type { LinkedUpTo } from './linking.ts'
import { type ChainMembers, MemberBook } from './members.ts'
import type { HeaderNews, NewsDesk } from './news.ts'
import { type Proof, proveAt } from './proving.ts'
import { NewsUpstreams } from './upstreams.ts'
import type { FollowedChain, LedgerHead, LedgerView, StateAnswer } from './view.ts'

export interface LightFollowerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly rules: LightRules
  /** Verifies signatures of `rules.scheme` while others are answered; left out: one after the other, at once. */
  readonly verifyMany?: VerifyMany
  readonly members: ChainMembers
  /** Of this follower alone: its rows begin with the ids of chains. */
  readonly store: Store
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Who is told of newer headers; left out: nobody, and this follower hears of none before it looks. */
  readonly news?: NewsDesk
  /** Whether this node runs the chain, and hears of its headers by that. */
  readonly runs?: (chainId: Uint8Array) => boolean
}

export interface LightFollowerHooks {
  /** Two headers of a chain contradict each other: kept, told to its members, and the chain is trusted no more. */
  readonly onConflict?: (chain: FollowedChain, conflict: Uint8Array) => void
}

interface FollowedEntry {
  readonly follower: ChainFollower
  readonly upstreams: NewsUpstreams
  cancel: Cancel
}

type Options = { readonly signal?: AbortSignal }

export class LightFollower implements LedgerView, HeaderTrust {
  readonly #deps: LightFollowerDeps
  readonly #ahead: SchemeAhead
  readonly #onConflict: Listeners<[FollowedChain, Uint8Array]>
  readonly #members: MemberBook
  readonly #chains = new Map<string, FollowedEntry>()
  readonly #listeners: Listeners<[FollowedChain]>
  /** Answers of the newest states, the one used longest ago first. */
  readonly #proofs = new Map<string, Promise<Proof | undefined>>()
  #closed = false

  constructor(deps: LightFollowerDeps, hooks: LightFollowerHooks = {}) {
    this.#ahead = new SchemeAhead(deps.rules.scheme, deps.verifyMany)
    this.#deps = { ...deps, rules: { ...deps.rules, scheme: this.#ahead } }
    this.#members = new MemberBook(deps)
    this.#listeners = new Listeners((error) => {
      deps.log.warn({ error: errorText(error) }, 'a listener for headers of ledgers failed')
    })
    // A fork is told in the same way: what others do with it must not keep anybody from hearing of it.
    this.#onConflict = new Listeners((error) => {
      deps.log.warn({ error: errorText(error) }, 'a listener for forks of ledgers failed')
    })
    if (hooks.onConflict !== undefined) this.#onConflict.add(hooks.onConflict)
  }

  /**
   * Begins to follow a chain; one that is followed already is followed on. The first look is at once. A RangeError when there are too many.
   */
  follow(start: ChainStart): void {
    const id = toHex(start.trusted.chainId)
    if (this.#closed || this.#chains.has(id)) return
    if (this.#chains.size >= limits.MAX_FOLLOWED) throw new RangeError(`more than ${limits.MAX_FOLLOWED} chains`)
    const follower = new ChainFollower(
      { ...this.#deps, ahead: this.#ahead, members: this.#members },
      {
        onHead: (chain) => this.#listeners.tell(chain),
        onNews: (chain, news) => this.#found(chain, news),
        onConflict: (chain, conflict) => this.#onConflict.tell(chain, conflict),
      },
      start,
    )
    const upstreams = new NewsUpstreams(this.#members, start.trusted.chainId)
    const entry: FollowedEntry = { follower, upstreams, cancel: () => {} }
    this.#chains.set(id, entry)
    let heardOnly: number = limits.LOOK_ANYWAY_EVERY
    const again = () => {
      // Not all chains at one moment.
      const delay = limits.FOLLOW_EVERY_MS + this.#deps.random.below(limits.FOLLOW_AGAIN_MS)
      entry.cancel = this.#deps.clock.after(delay, again)
      heardOnly++
      if (!follower.hearsInTime || heardOnly >= limits.LOOK_ANYWAY_EVERY) {
        heardOnly = 0
        void follower.look()
      }
      if (this.#hears(start.trusted.chainId)) void upstreams.renew(this.#deps.clock.now())
    }
    again()
  }

  /** Somebody tells of a header. Only those count to whom this node listens: others can make it do nothing, and get false. */
  hear(chainId: Uint8Array, from: PeerId, news: HeaderNews): boolean {
    const entry = this.#chains.get(toHex(chainId))
    if (entry === undefined || !entry.upstreams.has(from)) return false
    entry.upstreams.heard(from, this.#deps.clock.now())
    void entry.follower.hear(from, news)
    return true
  }

  #hears(chainId: Uint8Array): boolean {
    return this.#deps.news !== undefined && this.#deps.runs?.(chainId) !== true
  }

  /** What should have been heard of, and was found by looking, shows that nobody tells. */
  #found({ chainId }: FollowedChain, news: HeaderNews): void {
    const { clock } = this.#deps
    const entry = this.#chains.get(toHex(chainId))
    const { time } = news.certified.header
    if (clock.now() - time > limits.NEWS_LATE_MS) entry?.upstreams.disappointed(time)
    this.#deps.news?.publish(chainId, news)
  }

  close(): void {
    this.#closed = true
    for (const { cancel, follower } of this.#chains.values()) {
      cancel()
      follower.close()
    }
    this.#chains.clear()
    this.#listeners.clear()
  }

  chains(): readonly FollowedChain[] {
    return [...this.#chains.values()].map(({ follower }) => follower.chain)
  }

  head(chainId: Uint8Array): LedgerHead | undefined {
    return this.#of(chainId)?.head
  }

  /** Looks for newer headers now: of one chain, when it has not just been done. */
  async look(chainId: Uint8Array): Promise<void> {
    await this.#of(chainId)?.look()
  }

  /** The two headers that contradict each other, as bytes; undefined: none are known. */
  conflict(chainId: Uint8Array): Uint8Array | undefined {
    return this.#of(chainId)?.conflict
  }

  /** What somebody showed of a fork. True: it is believed here. */
  show(chainId: Uint8Array, conflict: Uint8Array): boolean {
    return this.#of(chainId)?.show(conflict) ?? false
  }

  /** Whether a header is in the history of the head, as members show it. */
  async holds(chainId: Uint8Array, header: BlockHeader): Promise<boolean> {
    return (await this.#of(chainId)?.holds(header)) ?? false
  }

  setOf(chainId: Uint8Array, root: Uint8Array): readonly Validator[] | undefined {
    return this.#of(chainId)?.setOf(root)
  }

  trusts(certified: CertifiedHeader, validators: readonly Validator[]): boolean {
    return this.#of(certified.header.chainId)?.trusts(certified, validators) ?? false
  }

  /** What some members make of their checkpoints for a chain that links this one. Nothing of it is checked: `applyLink` does. */
  async links(chainId: Uint8Array, linked: LinkedUpTo, size = 0): Promise<Uint8Array[]> {
    const request = { kind: 'link', chainId, oldSize: linked.size, setRoot: linked.setRoot, size } as const
    const some = this.#members.ordered(chainId).slice(0, limits.FOLLOWED_MEMBERS)
    const replies = await Promise.all(some.map((peer) => this.#members.request(peer, request)))
    return replies.flatMap((reply) => (reply?.kind === 'link' ? [reply.link] : []))
  }

  async prove(chainId: Uint8Array, keys: readonly Uint8Array[], options: Options = {}): Promise<StateAnswer> {
    checkKeys(keys)
    const follower = this.#of(chainId)
    if (follower === undefined) return { kind: 'unproven', reason: 'unknown chain' }
    if (!follower.head.fresh) await follower.look()
    // A second time with what a new look finds: the state of the first head may be kept no more.
    for (let turn = 0; turn < 2; turn++) {
      const { state, certified } = follower.head
      if (state === 'expired' || state === 'forked') return { kind: 'unproven', reason: state }
      if (certified === undefined) return { kind: 'unproven', reason: 'no head' }
      const proof = await this.#proof(certified.header, keys, options.signal)
      if (follower.head.state === 'forked') return { kind: 'unproven', reason: 'forked' }
      const { header } = certified
      const fresh = isFresh(this.#deps.rules, header, this.#deps.clock.now())
      if (proof !== undefined) return { kind: 'proven', ...proof, header, fresh }
      await follower.look()
      if (follower.head.certified === certified) break
    }
    return { kind: 'unproven', reason: 'unreachable' }
  }

  async proofFile(
    chainId: Uint8Array,
    keys: readonly Uint8Array[],
    options: Options = {},
  ): Promise<Uint8Array | undefined> {
    const answer = await this.prove(chainId, keys, options)
    const follower = this.#of(chainId)
    if (answer.kind !== 'proven' || follower === undefined) return undefined
    const { steps } = follower.way
    const head = steps.at(-1)
    if (head === undefined || head.certified.header !== answer.header) return undefined
    return encodeProofFile({
      head: head.certified,
      claims: keys.map((key, i) => ({ key, value: answer.values[i] })),
      stateProof: answer.proof,
      older: undefined,
      validators: follower.setOf(head.certified.header.validatorsHash),
      trail: trailOf(steps.slice(0, -1), (root) => follower.setOf(root)),
    })
  }

  onHead(listener: (chain: FollowedChain) => void): Cancel {
    return this.#listeners.add(listener)
  }

  #of(chainId: Uint8Array): ChainFollower | undefined {
    return this.#chains.get(toHex(chainId))?.follower
  }

  /** One request for all who ask for the same; what fails is not remembered. Rejects with ABORTED only. */
  async #proof(header: BlockHeader, keys: readonly Uint8Array[], signal: AbortSignal | undefined) {
    const id = latin1(encodeCanonical([blockIdOf(header), keys]))
    const known = this.#proofs.get(id)
    const proof = known ?? this.#request(id, header, keys)
    if (known !== undefined) {
      this.#proofs.delete(id)
      this.#proofs.set(id, known)
    }
    return signal === undefined ? proof : unlessAborted(proof, signal)
  }

  #request(id: string, header: BlockHeader, keys: readonly Uint8Array[]): Promise<Proof | undefined> {
    const proof = proveAt({ clock: this.#deps.clock, members: this.#members }, header, keys)
    this.#proofs.set(id, proof)
    if (this.#proofs.size > limits.MAX_KEPT_PROOFS) this.#proofs.delete(this.#proofs.keys().next().value!)
    void proof.then((found) => {
      if (found === undefined) this.#proofs.delete(id)
    })
    return proof
  }
}

/** Each header with its own set, and once more with the next one where that is another: whoever goes on from it needs both. */
function trailOf(steps: readonly Step[], setOf: (root: Uint8Array) => readonly Validator[] | undefined) {
  const entries = steps.flatMap(({ certified }) => {
    const { validatorsHash, nextValidatorsHash } = certified.header
    const roots = equalBytes(validatorsHash, nextValidatorsHash)
      ? [validatorsHash]
      : [validatorsHash, nextValidatorsHash]
    return roots.flatMap((root) => {
      const validators = setOf(root)
      return validators === undefined ? [] : [{ certified, validators }]
    })
  })
  // Of a way that is longer only the end fits into a file: for whoever trusts a later header.
  return entries.slice(-limits.MAX_TRAIL)
}

function checkKeys(keys: readonly Uint8Array[]): void {
  const isOfAState = (key: Uint8Array) => key.length <= limits.MAX_STATE_KEY_BYTES
  if (keys.length === 0 || keys.length > limits.MAX_PROVEN_KEYS || !keys.every(isOfAState))
    throw new RangeError('1 to 64 keys of a state')
}
