/**
 * The chunk chains of one node. They record, order and make auditable what the replicas agreed on; entries are served by their
 * certificates, whether they are recorded or not, so a chain that stands still holds nobody up.
 */
import { type Cancel, equalBytes, isChordnsError, type PeerId, toHex } from '../../base/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import { Rates } from '../../chunks/index.ts'
import { createVerification } from '../audit/verification.ts'
import { viewOf } from '../audit/view.ts'
import { ChainBook, type KnownChain } from '../disk/book.ts'
import { RecordTable } from '../disk/recorded.ts'
import { openSeals } from '../disk/seals.ts'
import { chunkChainStores } from '../disk/stores.ts'
import { limits } from '../limits.ts'
import { transactionFor } from '../state/application.ts'
import { rememberingScheme } from '../state/remembering.ts'
import { indexOfKey, peersOfGroup } from '../state/set.ts'
import { recordOfEntry } from '../state/state.ts'
import { encodeTransaction } from '../state/transactions.ts'
import { createFounding } from './founding.ts'
import { createGroups } from './groups.ts'
import {
  type ChainsReply,
  type ChainsRequest,
  decodeChainsReply,
  decodeChainsRequest,
  encodeChainsReply,
  encodeChainsRequest,
} from './messages.ts'
import { type Attempt, createProposalQueue } from './proposals.ts'
import { createRevisits } from './revisits.ts'
import { createRunningChains } from './running-chains.ts'
import type { ChunkChains, ChunkChainsModules, Recorded } from './types.ts'

/** Throws STORE_* when the stores cannot be read. */
export function createChunkChains(modules: ChunkChainsModules): ChunkChains {
  const { ring, clock, log, signer, options } = modules
  const scheme = rememberingScheme(modules.scheme)
  const places = chunkChainStores(modules.store)
  const book = new ChainBook(places.book, places.blocks)
  const recorded = new RecordTable(places.recorded)
  const seals = openSeals(
    places.seals,
    modules.votes,
    book.all().map(({ chainId }) => chainId),
    modules.random,
    log,
  )
  const groups = createGroups(ring, options.chunkBits)
  const rate = (perSecond: number, burst: number) => new Rates(clock, perSecond, burst, limits.MAX_RATED)
  const bytesFrom = rate(limits.BYTES_PER_SECOND, limits.BYTES_BURST)
  const wakesFrom = rate(limits.WAKES_PER_SECOND, limits.WAKES_BURST)
  const opensFrom = rate(limits.OPENS_PER_SECOND, limits.OPENS_BURST)
  const tellsOf = rate(1_000 / limits.TELL_AGAIN_MS, 1)
  const inFlight = new Map<PeerId, number>()
  const counts = { proposed: 0, refused: 0, dropped: 0, unrecordable: 0 }
  const stopping = new AbortController()
  let unsubscribe: Cancel = () => {}

  const keeping = createRunningChains({
    modules,
    scheme,
    places,
    book,
    recorded,
    seals,
    groups,
    send(known, to, bytes) {
      post(known, to, bytes).catch((error: unknown) => {
        if (!isChordnsError(error)) throw error
        log.warn({ code: error.code, error: error.message }, 'what a replica said of its chain could not be kept')
      })
    },
    onRecorded: (chunk, question, record) => proposals.settle(chunk, question, record),
  })
  const founding = createFounding({
    modules: { ...modules, scheme },
    places,
    book,
    groups,
    ask,
    onFound(chunk) {
      const current = founding.current(chunk)
      for (const known of book.ofChunk(chunk)) {
        const open = keeping.open(known.id)
        if (open !== undefined && open.mode === 'vote' && known !== current) keeping.close(known.id)
      }
      proposals.kick(chunk)
    },
    isStopped: () => stopping.signal.aborted,
  })
  const proposals = createProposalQueue(clock, (entry) => guarded(() => attempt(entry)) ?? 'later')
  const isRecorded = (key: string, seen: number) => (recorded.byKey(key)?.seen ?? Number.NEGATIVE_INFINITY) >= seen
  const revisits = createRevisits(modules, isRecorded, (entry) => guarded(() => propose(entry)))
  const verification = createVerification(clock, {
    store: modules.store,
    votes: modules.votes,
    scheme: modules.scheme,
    chunkBits: options.chunkBits,
    publicKey: signer.publicKey,
    ...(modules.damaged !== undefined && { damaged: modules.damaged }),
  })

  /** A disk that fails must not end the node: what was to be recorded is tried again. */
  function guarded<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn({ code: error.code, error: error.message }, 'an entry could not be recorded')
      return undefined
    }
  }

  /** Each replica has its place in the line, another one for each content. */
  function propose(entry: ChunkEntry): void {
    const now = groups.of(entry.chunk)
    if (now === undefined || entry.expires <= clock.now()) return
    const size = now.group.validators.length
    const place = indexOfKey(now.group, signer.publicKey) + size - (recordOfEntry(entry, 0).digest[0]! % size)
    if (!proposals.add(entry, (place % size) * limits.PROPOSE_STEP_MS)) counts.dropped++
  }

  function attempt(entry: ChunkEntry): Attempt {
    const now = groups.of(entry.chunk)
    if (now === undefined) return 'done'
    const known = founding.current(entry.chunk)
    if (known === undefined) {
      founding.found(entry.chunk)
      return 'later'
    }
    const open = keeping.wake(known)
    if (open === undefined) return known.broken === undefined ? 'later' : 'done'
    const transaction = transactionFor(open.chain.state(), entry)
    if (transaction === undefined) return 'done'
    const bytes = encodeTransaction(transaction)
    if (bytes.length > limits.MAX_TRANSACTION_BYTES) {
      counts.unrecordable++
      return 'done'
    }
    counts.proposed++
    open.submit(bytes)
    return 'offered'
  }

  async function ask(to: PeerId, request: ChainsRequest, timeoutMs: number): Promise<ChainsReply | undefined> {
    try {
      const body = await modules.send(to, encodeChainsRequest(request), { timeoutMs, signal: stopping.signal })
      return decodeChainsReply(body)
    } catch (error) {
      // Gone, late, or not making sense: the engine says it again, and nobody waits.
      if (isChordnsError(error)) return undefined
      throw error
    }
  }

  /** One message of the engine to one replica. What does not get through is lost, as on any network. */
  async function post(known: KnownChain, to: PeerId, bytes: Uint8Array): Promise<void> {
    const flying = inFlight.get(to) ?? 0
    if (flying >= limits.MAX_IN_FLIGHT || stopping.signal.aborted) {
      counts.dropped++
      return
    }
    inFlight.set(to, flying + 1)
    const reply = await ask(to, { kind: 'message', chainId: known.chainId, bytes }, limits.SEND_TIMEOUT_MS)
    const left = (inFlight.get(to) ?? 1) - 1
    if (left > 0) inFlight.set(to, left)
    else inFlight.delete(to)
    if (stopping.signal.aborted) return
    if (reply?.kind === 'chain') founding.consider(to, reply.descriptor, reply.proof)
    else if (reply?.kind === 'unknown') await tell(known, to)
  }

  /** A replica that was never told, or has forgotten. */
  async function tell(known: KnownChain, to: PeerId): Promise<void> {
    if (!tellsOf.take(`${known.id} ${to}`)) return
    const reply = await ask(to, { kind: 'open', ...founding.present(known) }, limits.SEND_TIMEOUT_MS)
    if (reply?.kind === 'chain' && !stopping.signal.aborted) founding.consider(to, reply.descriptor, reply.proof)
  }

  function answer(from: PeerId, request: ChainsRequest, size: number): ChainsReply {
    if (stopping.signal.aborted || !bytesFrom.take(from, size)) return { kind: 'busy' }
    switch (request.kind) {
      case 'ask':
        if (!opensFrom.take(from)) return { kind: 'busy' }
        return founding.answerAsk(request.chunk, request.group)
      case 'open': {
        if (!opensFrom.take(from)) return { kind: 'busy' }
        if (founding.consider(from, request.descriptor, request.proof) === 'refused') {
          counts.refused++
          return { kind: 'refused' }
        }
        const current = founding.current(request.descriptor.chunk)
        return current === undefined ? { kind: 'ack' } : { kind: 'chain', ...founding.present(current) }
      }
      case 'message':
        return answerMessage(from, request.chainId, request.bytes)
    }
  }

  function answerMessage(from: PeerId, chainId: Uint8Array, bytes: Uint8Array): ChainsReply {
    const known = book.get(toHex(chainId))
    if (known === undefined) return { kind: 'unknown' }
    if (!peersOfGroup(known.descriptor).has(from)) {
      counts.refused++
      return { kind: 'refused' }
    }
    const open = keeping.open(known.id) ?? (wakesFrom.take(from) ? keeping.wake(known, true) : undefined)
    if (open === undefined) return { kind: 'busy' }
    if (!open.receive(from, bytes)) counts.refused++
    const current = founding.current(known.descriptor.chunk)
    // It may not know that the group is on another one.
    const elsewhere = current !== undefined && current !== known && current.group === known.group
    return elsewhere && tellsOf.take(`${known.id} ${from}`)
      ? { kind: 'chain', ...founding.present(current) }
      : { kind: 'ack' }
  }

  return {
    start() {
      unsubscribe = ring.onChange(() => {
        groups.changed()
        keeping.changed()
        revisits.soon()
      })
      groups.changed()
      revisits.soon()
      keeping.prune()
    },
    stop() {
      stopping.abort()
      unsubscribe()
      proposals.stop()
      revisits.stop()
      verification.stop()
      keeping.stop()
    },
    kept: propose,
    handle(from, body) {
      return encodeChainsReply(answer(from, decodeChainsRequest(body), body.length))
    },
    recorded(entry): Recorded | undefined {
      const row = recorded.get(entry.question)
      const wanted = recordOfEntry(entry, 0)
      if (row === undefined || row.seen !== wanted.seen || !equalBytes(row.digest, wanted.digest)) return undefined
      return { chain: toHex(row.chainId), height: row.height, class: row.class, time: row.time }
    },
    view: (chunk) =>
      viewOf({
        isMine: groups.of(chunk) !== undefined,
        known: founding.current(chunk),
        open: (id) => keeping.open(id),
        isStalled: (id) => keeping.isStalled(id),
        waiting: proposals.waiting(chunk),
        blocks: places.blocks,
      }),
    verify: () => verification.run(),
    stats: () => ({
      known: book.size,
      open: keeping.size,
      waiting: proposals.size,
      bytes: book.bytes,
      ...keeping.counts,
      ...counts,
      broken: book.all().filter(({ broken }) => broken !== undefined).length,
    }),
  }
}
