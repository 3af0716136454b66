/**
 * Which chain a group of replicas is on. They ask each other before they begin one, so that as a rule the first one's is
 * everybody's; of several that were begun at once, each replica chooses the same.
 *
 *     none -> forming        `found`: the others are asked, for a second
 *     forming -> on a chain  one of them named a chain, or this node begins one
 *     on a chain -> another  `consider`: a replica shows one that `ChainBook.current` prefers
 */
import {
  type ChunkId,
  type Clock,
  equalBytes,
  fromHex,
  isChordnsError,
  type Log,
  type PeerId,
  toHex,
} from '../../base/index.ts'
import { blockIdOf, type CertifiedBlock, storedBlocks, tendermintRules, verifyCertificate } from '../../chain/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { hasBlocks, type KnownChain, placeOf } from '../disk/book.ts'
import type { ChainsDisk } from '../disk/disk.ts'
import { limits } from '../limits.ts'
import {
  type ChainDescriptor,
  type ChainPlace,
  chainIdOf,
  groupKey,
  peersOfGroup,
  QUORUM,
  type ReplicaGroup,
  sectionOfGroup,
} from '../state/descriptor.ts'
import { isFull } from '../state/state.ts'
import type { GroupNow, Groups } from './groups.ts'
import type { ChainsReply, ChainsRequest, HeadProof } from './messages.ts'
import type { RequestChains } from './requests.ts'

export interface FoundingDeps {
  readonly disk: ChainsDisk
  readonly groups: Groups
  readonly clock: Clock
  readonly log: Log
  readonly scheme: SignatureScheme
  readonly request: RequestChains
  /** Aborted when the node stops. */
  readonly signal: AbortSignal
}

export class Founding {
  readonly #deps: FoundingDeps
  readonly #onFound: (chunk: ChunkId) => void
  /** Groups whose chain is in the making, and until when they are left alone, monotonic ms. */
  readonly #forming = new Map<string, number>()

  /** `onFound`: the chunk's group is on a chain now, or on another one than before. Owes nothing. */
  constructor(deps: FoundingDeps, onFound: (chunk: ChunkId) => void) {
    this.#deps = deps
    this.#onFound = onFound
  }

  /** Chains in the making. */
  get forming(): number {
    const at = this.#deps.clock.monotonic()
    for (const [key, until] of this.#forming) if (until <= at) this.#forming.delete(key)
    return this.#forming.size
  }

  /** The chain of this node's group; undefined when there is none yet. */
  current(chunk: ChunkId): KnownChain | undefined {
    const { groups } = this.#deps
    const now = groups.of(chunk)
    return now === undefined ? undefined : this.#currentOf(now.key)
  }

  /** none -> forming. Finds or begins a chain for the chunk's group, in a while. */
  found(chunk: ChunkId): void {
    const { groups, clock, log } = this.#deps
    const now = groups.of(chunk)
    if (now === undefined) return
    if (this.forming >= limits.MAX_FORMING || this.#forming.has(now.key)) return
    this.#forming.set(now.key, clock.monotonic() + limits.FORM_AGAIN_MS)
    this.#inquire(now).catch((error: unknown) => {
      if (!isChordnsError(error)) throw error
      // The disk: it is tried again, and nothing waits for it.
      log.warn({ chunk, code: error.code, error: error.message }, 'a chunk chain could not be begun')
    })
  }

  /** on a chain -> another, perhaps. `from` says that it is on the chain of this descriptor. */
  consider(from: PeerId, descriptor: ChainDescriptor, proof: HeadProof | undefined): 'known' | 'refused' {
    const { disk, groups } = this.#deps
    const now = groups.of(descriptor.chunk)
    const key = groupKey(descriptor)
    if (now?.key !== key || !peersOfGroup(descriptor).has(from)) return 'refused'
    const isProven = proof !== undefined && this.#holds(descriptor, proof)
    const before = this.#currentOf(key)
    let known = disk.book.get(toHex(chainIdOf(descriptor)))
    if (known === undefined) {
      const untried = disk.book.ofGroup(key).filter((one) => !hasBlocks(one)).length
      if (!isProven && untried >= limits.MAX_SWITCHES) return 'refused'
      if (!this.#follows(descriptor, key)) return 'refused'
      known = disk.book.add(descriptor)
      if (known === undefined) return 'refused'
    }
    if (isProven) known.proven = true
    if (this.#currentOf(key) !== before) this.#onFound(descriptor.chunk)
    return 'known'
  }

  /** How this node presents a chain to others. */
  present(known: KnownChain): { readonly descriptor: ChainDescriptor; readonly proof: HeadProof | undefined } {
    const head = known.totals.height === 0 ? undefined : this.#blockAt(known, known.totals.height)
    const proof = head && { header: head.block.header, certificate: head.certificate }
    return { descriptor: known.descriptor, proof }
  }

  /** `group`: as whoever asks computes it. */
  answerInquiry(chunk: ChunkId, group: Uint8Array): ChainsReply {
    const { disk, groups } = this.#deps
    const now = groups.of(chunk)
    if (now === undefined || !equalBytes(fromHex(now.key), group)) return { kind: 'refused' }
    const known = this.#currentOf(now.key)
    return known === undefined
      ? { kind: 'none', last: disk.book.last(sectionOfGroup(now.group)) }
      : { kind: 'chain', ...this.present(known) }
  }

  #currentOf(group: string): KnownChain | undefined {
    const { disk, clock } = this.#deps
    return disk.book.current(group, clock.now())
  }

  /** forming -> on a chain */
  async #inquire({ group, key, others }: GroupNow): Promise<void> {
    const { disk, groups, log, request, signal } = this.#deps
    const { chunk } = group
    const inquiry: ChainsRequest = { kind: 'inquire', chunk, group: fromHex(key) }
    const replies = await Promise.all(
      others.map(async (peer) => ({ peer, reply: await request(peer, inquiry, limits.INQUIRE_TIMEOUT_MS) })),
    )
    if (signal.aborted || groups.of(chunk)?.key !== key) return
    const lasts: ChainPlace[] = []
    for (const { peer, reply } of replies) {
      if (reply?.kind === 'chain') this.consider(peer, reply.descriptor, reply.proof)
      else if (reply?.kind === 'none' && reply.last !== undefined) lasts.push(reply.last)
    }
    if (this.#currentOf(key) === undefined) {
      const previous = this.#choosePrevious(group, key, lasts)
      const known = disk.book.add({ ...group, previous })
      if (known !== undefined)
        log.debug({ chunk, replicas: group.validators.length, n: group.n }, 'begins a chunk chain')
    }
    if (this.#currentOf(key) !== undefined) this.#forming.delete(key)
    this.#onFound(chunk)
  }

  /**
   * Where the new chain goes on: after the group's own full chain, else after the last block of its chunks that is known here or
   * to so many others that one of them is honest.
   */
  #choosePrevious(group: ReplicaGroup, key: string, lasts: readonly ChainPlace[]): ChainPlace | undefined {
    const { disk, clock } = this.#deps
    const size = group.validators.length
    const full = disk.book
      .ofGroup(key)
      .filter(({ totals }) => totals.height > 0 && isFull(totals, clock.now()))
      .sort((a, b) => b.totals.last - a.totals.last)[0]
    if (full !== undefined) return placeOf(full)
    const own = disk.book.last(sectionOfGroup(group))
    if (own !== undefined) return own
    const needed = size - quorumOf(size) + 1
    return [...lasts]
      .sort((a, b) => b.height - a.height || (toHex(a.headId) < toHex(b.headId) ? -1 : 1))
      .find((place) => lasts.filter((one) => equalBytes(one.headId, place.headId)).length >= needed)
  }

  /** Whether the chain may come where it says it does, as far as this node knows the one before it. */
  #follows({ previous }: ChainDescriptor, key: string): boolean {
    const { disk, clock } = this.#deps
    if (previous === undefined) return true
    const before = disk.book.get(toHex(previous.chainId))
    if (before === undefined || before.totals.height < previous.height) return true
    // The own chain is not left for another as long as it takes blocks.
    if (before.group === key && !isFull(before.totals, clock.now() + limits.FULL_SKEW_MS)) return false
    const block = this.#blockAt(before, previous.height)
    return block === undefined || equalBytes(block.block.id, previous.headId)
  }

  /** Whether the votes of a quorum of the group stand behind the header. */
  #holds(descriptor: ChainDescriptor, { header, certificate }: HeadProof): boolean {
    const chainId = chainIdOf(descriptor)
    const { validators } = descriptor
    return (
      equalBytes(header.chainId, chainId) &&
      certificate.height === header.height &&
      equalBytes(certificate.blockId, blockIdOf(header)) &&
      verifyCertificate(this.#deps.scheme, chainId, validators, certificate, 'precommit', quorumOf(validators.length))
    )
  }

  #blockAt(known: KnownChain, height: number): CertifiedBlock | undefined {
    const first = storedBlocks(known.chainId, this.#deps.disk.blocks, height).next()
    const stored = first.done === true ? undefined : first.value
    return stored?.height === height ? stored.decided : undefined
  }
}

function quorumOf(size: number): number {
  return tendermintRules(QUORUM).quorum(size)
}
