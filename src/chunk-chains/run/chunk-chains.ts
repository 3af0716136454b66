/**
 * The chunk chains of one node. They record, order and make auditable what the replicas agreed on; entries are served by their
 * certificates, whether they are recorded or not, so a chain that stands still holds nobody up.
 */

import { ALWAYS_FREE, type Cancel, equalBytes, isChordnsError, toHex } from '../../base/index.ts'
import { CheckCharges, type ChunkEntry, type SignedEntry } from '../../chunks/index.ts'
import { rememberingScheme } from '../../crypto/index.ts'
import { createVerification } from '../audit/running-verification.ts'
import { viewOf } from '../audit/view.ts'
import { type ChainsDisk, openChainsDisk } from '../disk/disk.ts'
import { limits } from '../limits.ts'
import { rememberingVerifier } from '../state/signed.ts'
import { recordOfEntry } from '../state/state.ts'
import { Accusing } from './accusing.ts'
import { ChainAnswers } from './answering.ts'
import { Founding } from './founding.ts'
import { createGroups } from './groups.ts'
import { decodeChainsRequest, encodeChainsReply } from './messages.ts'
import { Proposing } from './proposing.ts'
import { Pruning } from './pruning.ts'
import { Post, requestChains } from './requests.ts'
import { createRevisits } from './revisits.ts'
import { RunningChains } from './running-chains.ts'
import type { ChunkChains, ChunkChainsDeps, ChunkChainsHooks, ChunkChainsOptions, Recorded } from './types.ts'

/** Throws STORE_* when the stores cannot be read. */
export function createChunkChains(
  deps: ChunkChainsDeps,
  hooks: ChunkChainsHooks,
  options: ChunkChainsOptions,
): ChunkChains {
  const { ring, stores } = deps
  const stopping = new AbortController()
  const disk = openChainsDisk(stores.data, stores.votes, deps.random, deps.log, {
    clock: deps.clock,
    isUsedKey: stores.isUsedKey === true,
  })
  const parts = connect(deps, hooks, options, disk, stopping.signal)
  const { groups, running, founding, answers, proposing, pruning, revisits, verification } = parts
  let unsubscribe: Cancel = () => {}
  return {
    start() {
      unsubscribe = ring.onChange(() => {
        groups.changed()
        running.ringChanged()
        revisits.soon()
      })
      groups.changed()
      revisits.soon()
      pruning.prune()
    },
    stop() {
      stopping.abort()
      unsubscribe()
      proposing.queue.stop()
      revisits.stop()
      verification.stop()
      pruning.stop()
      running.stop()
    },
    kept(entry) {
      // Whoever kept it does not answer for the disk of the chains.
      proposing.guarded(() => {
        if (entry.class !== 'signed' || placeOf(disk, entry) === undefined) proposing.propose(entry)
      })
    },
    peerKnowsMore() {
      if (proposing.takeKeptBack()) revisits.soon()
    },
    handle(from, body) {
      const request = decodeChainsRequest(body)
      return encodeChainsReply(stopping.signal.aborted ? { kind: 'busy' } : answers.answer(from, request, body.length))
    },
    recorded: (entry) => placeOf(disk, entry),
    view: (chunk) =>
      viewOf({
        isMine: groups.of(chunk) !== undefined,
        known: founding.current(chunk),
        open: (id) => running.get(id),
        isStalled: (id) => running.isResting(id),
        waiting: proposing.queue.waiting(groups.of(chunk)?.group.chunk ?? chunk),
        blocks: disk.blocks,
      }),
    verify: () => verification.run(),
    stats: () => statsOf(disk, parts),
  }
}

/** Makes the parts, and says what one tells the other. */
function connect(
  deps: ChunkChainsDeps,
  hooks: ChunkChainsHooks,
  { chunkBits, historyHours, gatherMs = limits.GATHER_MS }: ChunkChainsOptions,
  disk: ChainsDisk,
  signal: AbortSignal,
) {
  const { ring, clock, log, signer, stores } = deps
  const { CHECKS_PER_SECOND: perSecond, CHECKS_BURST: burst, MAX_RATED: maxPeers } = limits
  const checks = new CheckCharges(clock, deps.scheme, { perSecond, burst, maxPeers })
  const scheme = rememberingScheme(checks.scheme, limits.MAX_REMEMBERED_SIGNATURES)
  const verifySigned = rememberingVerifier(limits.MAX_REMEMBERED_PROOFS, (count) => checks.count(count))
  const anchors = deps.anchors ?? (() => [])
  const groups = createGroups(ring, chunkBits)
  const request = requestChains(hooks.send, signal)
  const accusing = new Accusing(
    { log, scheme, request },
    {
      members: () => hooks.members?.() ?? [],
      onEquivocator: (publicKey) => hooks.onEquivocator?.(publicKey),
    },
  )
  const running = new RunningChains(
    { disk, groups, clock, log, signer, checks: { scheme, verifySigned }, anchors, chunkBits },
    {
      send(known, to, bytes) {
        post.send(known, to, bytes).catch((error: unknown) => {
          if (!isChordnsError(error)) throw error
          log.warn({ code: error.code, error: error.message }, 'what a replica said of its chain could not be kept')
        })
      },
      onRecorded(chunk, question, record, claim) {
        proposing.queue.settle(chunk, question, record)
        if (claim !== undefined) hooks.onRecorded?.(claim)
      },
      onEvidence: (evidence) => void accusing.take(evidence),
    },
  )
  const founding = new Founding({ disk, groups, clock, log, scheme, request, signal }, (chunk) => {
    // Nobody votes on a chain that the group has left.
    const current = founding.current(chunk)
    for (const known of disk.book.ofChunk(chunk))
      if (running.get(known.id)?.mode === 'vote' && known !== current) running.close(known.id)
    proposing.queue.kick(chunk)
  })
  const post = new Post(
    { clock, request, signal },
    {
      onChain: (from, descriptor, proof) => void founding.consider(from, descriptor, proof),
      present: (known) => founding.present(known),
    },
  )
  const { publicKey } = signer
  const proposing = new Proposing(
    { clock, log, publicKey, anchors, groups, founding, running, gatherMs, work: deps.work ?? ALWAYS_FREE },
    hooks.takesSigned,
  )
  const revisits = createRevisits(
    clock,
    deps.held,
    (key, seen) => (disk.recorded.byKey(key)?.seen ?? Number.NEGATIVE_INFINITY) >= seen,
    (entry) => proposing.guarded(() => proposing.propose(entry)),
  )
  const verification = createVerification(clock, {
    store: stores.data,
    votes: stores.votes,
    scheme: deps.scheme,
    chunkBits,
    publicKey: signer.publicKey,
    ...(stores.damaged !== undefined && { damaged: stores.damaged }),
  })
  const answers = new ChainAnswers({ clock, book: disk.book, running, founding, post, checks, accusing })
  const pruning = new Pruning({ disk, groups, clock, log, historyHours }, (id) => running.get(id) !== undefined)
  return { groups, running, founding, post, answers, proposing, pruning, revisits, verification }
}

function placeOf(disk: ChainsDisk, entry: ChunkEntry | SignedEntry): Recorded | undefined {
  const row = disk.recorded.get(entry.question)
  const wanted = recordOfEntry(entry, 0)
  if (row === undefined || !equalBytes(row.digest, wanted.digest)) return undefined
  // The same content, signed anew, is not recorded anew.
  if (entry.class === 'signed' ? row.class !== 'signed' : row.seen !== wanted.seen) return undefined
  return { chain: toHex(row.chainId), height: row.height, class: row.class, time: row.time }
}

function statsOf({ book }: ChainsDisk, { running, proposing, post, answers, pruning }: ReturnType<typeof connect>) {
  const { proposed, unrecordable, dropped } = proposing.counts
  return {
    known: book.size,
    open: running.size,
    atWork: running.atWork(),
    waiting: proposing.queue.size,
    bytes: book.bytes,
    ...running.counts,
    pruned: pruning.pruned,
    proposed,
    refused: answers.refused,
    dropped: dropped + post.dropped,
    unrecordable,
    broken: book.all().filter(({ broken }) => broken !== undefined).length,
  }
}
