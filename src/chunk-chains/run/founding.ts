/**
 * Which chain a group of replicas is on. They ask each other before they begin one, so that as a rule the first one's is
 * everybody's; of several that were begun at once, each replica chooses the same.
 */
import { type ChunkId, equalBytes, fromHex, isChordnsError, type PeerId, toHex } from '../../base/index.ts'
import { blockIdOf, storedBlocks, tendermintRules, verifyCertificate } from '../../chain/index.ts'
import { type ChainBook, hasBlocks, type KnownChain, placeOf } from '../disk/book.ts'
import type { ChunkChainStores } from '../disk/stores.ts'
import { limits } from '../limits.ts'
import { type ChainDescriptor, type ChainPlace, chainIdOf, groupKey, peersOfGroup } from '../state/set.ts'
import { isFull } from '../state/state.ts'
import type { GroupNow, Groups } from './groups.ts'
import type { ChainsReply, ChainsRequest, HeadProof } from './messages.ts'
import type { ChunkChainsModules } from './types.ts'

export interface FoundingParts {
  readonly modules: ChunkChainsModules
  readonly places: ChunkChainStores
  readonly book: ChainBook
  readonly groups: Groups
  /** Undefined: no answer that counts. */
  readonly ask: (to: PeerId, request: ChainsRequest, timeoutMs: number) => Promise<ChainsReply | undefined>
  /** The group is on a chain now, or on another one. */
  readonly onFound: (chunk: ChunkId) => void
  readonly isStopped: () => boolean
}

export interface Founding {
  /** The chain of this node's group; undefined when there is none yet. */
  current(chunk: ChunkId): KnownChain | undefined
  /** Finds or begins a chain for the chunk's group, in a while. */
  found(chunk: ChunkId): void
  /** What another replica says it is on. */
  consider(from: PeerId, descriptor: ChainDescriptor, proof: HeadProof | undefined): 'known' | 'refused'
  /** How this node presents its chain. */
  present(known: KnownChain): { readonly descriptor: ChainDescriptor; readonly proof: HeadProof | undefined }
  answerAsk(chunk: ChunkId, group: Uint8Array): ChainsReply
}

export function createFounding(parts: FoundingParts): Founding {
  const { book, groups, places, ask } = parts
  const { clock, log, scheme } = parts.modules
  /** Groups that are being seen to, and when they may be again, monotonic ms. */
  const busy = new Map<string, number>()

  function current(chunk: ChunkId): KnownChain | undefined {
    const now = groups.of(chunk)
    return now === undefined ? undefined : book.current(now.key, clock.now())
  }

  function found(chunk: ChunkId): void {
    const now = groups.of(chunk)
    if (now === undefined) return
    const at = clock.monotonic()
    for (const [key, until] of busy) if (until <= at) busy.delete(key)
    if (busy.has(now.key) || busy.size >= limits.MAX_FORMING) return
    busy.set(now.key, at + limits.FORM_AGAIN_MS)
    inquire(chunk, now).catch((error: unknown) => {
      if (!isChordnsError(error)) throw error
      // The disk: it is tried again, and nothing waits for it.
      log.warn({ chunk, code: error.code, error: error.message }, 'a chunk chain could not be begun')
    })
  }

  async function inquire(chunk: ChunkId, { group, key, others }: GroupNow): Promise<void> {
    const request: ChainsRequest = { kind: 'ask', chunk, group: fromHex(key) }
    const replies = await Promise.all(
      others.map(async (peer) => ({ peer, reply: await ask(peer, request, limits.ASK_TIMEOUT_MS) })),
    )
    if (parts.isStopped() || groups.of(chunk)?.key !== key) return
    const lasts: ChainPlace[] = []
    for (const { peer, reply } of replies) {
      if (reply?.kind === 'chain') consider(peer, reply.descriptor, reply.proof)
      else if (reply?.kind === 'none' && reply.last !== undefined) lasts.push(reply.last)
    }
    if (book.current(key, clock.now()) === undefined) {
      const previous = choosePrevious(chunk, key, lasts, group.validators.length)
      const known = book.add({ ...group, previous })
      if (known !== undefined)
        log.debug({ chunk, replicas: group.validators.length, n: group.n }, 'begins a chunk chain')
    }
    if (book.current(key, clock.now()) !== undefined) busy.delete(key)
    parts.onFound(chunk)
  }

  /**
   * Where the new chain goes on: after the group's own full chain, else after the last block of the chunk that is known here or
   * to so many others that one of them is honest.
   */
  function choosePrevious(
    chunk: ChunkId,
    key: string,
    lasts: readonly ChainPlace[],
    size: number,
  ): ChainPlace | undefined {
    const full = book
      .ofGroup(key)
      .filter(({ totals }) => totals.height > 0 && isFull(totals, clock.now()))
      .sort((a, b) => b.totals.last - a.totals.last)[0]
    if (full !== undefined) return placeOf(full)
    const own = book.last(chunk)
    if (own !== undefined) return own
    const needed = size - tendermintRules('two-thirds').quorum(size) + 1
    return [...lasts]
      .sort((a, b) => b.height - a.height || (toHex(a.headId) < toHex(b.headId) ? -1 : 1))
      .find((place) => lasts.filter((one) => equalBytes(one.headId, place.headId)).length >= needed)
  }

  function consider(from: PeerId, descriptor: ChainDescriptor, proof: HeadProof | undefined): 'known' | 'refused' {
    const now = groups.of(descriptor.chunk)
    const key = groupKey(descriptor)
    if (now?.key !== key || !peersOfGroup(descriptor).has(from)) return 'refused'
    const isProven = proof !== undefined && holds(descriptor, proof)
    const id = toHex(chainIdOf(descriptor))
    const before = book.current(key, clock.now())
    let known = book.get(id)
    if (known === undefined) {
      const untried = book.ofGroup(key).filter((one) => !hasBlocks(one)).length
      if (!isProven && untried >= limits.MAX_SWITCHES) return 'refused'
      if (!follows(descriptor, key)) return 'refused'
      known = book.add(descriptor)
      if (known === undefined) return 'refused'
    }
    if (isProven) known.proven = true
    if (book.current(key, clock.now()) !== before) parts.onFound(descriptor.chunk)
    return 'known'
  }

  /** Whether the chain may come where it says it does, as far as this node knows the one before it. */
  function follows({ previous }: ChainDescriptor, key: string): boolean {
    if (previous === undefined) return true
    const before = book.get(toHex(previous.chainId))
    if (before === undefined || before.totals.height < previous.height) return true
    // The own chain is not left for another as long as it takes blocks.
    if (before.group === key && !isFull(before.totals, clock.now() + limits.FULL_SKEW_MS)) return false
    const block = blockAt(before, previous.height)
    return block === undefined || equalBytes(block.block.id, previous.headId)
  }

  function holds(descriptor: ChainDescriptor, { header, certificate }: HeadProof): boolean {
    const chainId = chainIdOf(descriptor)
    const { validators } = descriptor
    return (
      equalBytes(header.chainId, chainId) &&
      certificate.height === header.height &&
      equalBytes(certificate.blockId, blockIdOf(header)) &&
      verifyCertificate(
        scheme,
        chainId,
        validators,
        certificate,
        'precommit',
        tendermintRules('two-thirds').quorum(validators.length),
      )
    )
  }

  function blockAt(known: KnownChain, height: number) {
    const first = storedBlocks(known.chainId, places.blocks, height).next()
    const stored = first.done === true ? undefined : first.value
    return stored?.height === height ? stored.decided : undefined
  }

  function present(known: KnownChain) {
    const head = known.totals.height === 0 ? undefined : blockAt(known, known.totals.height)
    const proof = head && { header: head.block.header, certificate: head.certificate }
    return { descriptor: known.descriptor, proof }
  }

  return {
    current,
    found,
    consider,
    present,
    answerAsk(chunk, group) {
      const now = groups.of(chunk)
      if (now === undefined || !equalBytes(fromHex(now.key), group)) return { kind: 'refused' }
      const known = book.current(now.key, clock.now())
      return known === undefined ? { kind: 'none', last: book.last(chunk) } : { kind: 'chain', ...present(known) }
    },
  }
}
