/** The parts of the shared records of one node, each made and handed what it needs; from the lower rooms up. Wiring only. */
import {
  ALWAYS_FREE,
  asChunkId,
  type Clock,
  type Log,
  type Random,
  type RingId,
  type Store,
  settled,
  type Work,
} from '../../base/index.ts'
import { rememberingScheme, type SignatureScheme, type Signer } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import { createChoosing } from '../copies/choosing.ts'
import { Heat, RecentCount } from '../copies/heat.ts'
import { createKeeping } from '../copies/keeping.ts'
import { hintOf } from '../copies/mark.ts'
import { createPopular } from '../copies/popular.ts'
import { createSpreading } from '../copies/spreading.ts'
import { Stated } from '../copies/stated.ts'
import { createDigests } from '../digests/digests.ts'
import { createCertified } from '../entries/certified.ts'
import { createArchive } from '../entries/disk/archive.ts'
import { createRowFile } from '../entries/disk/row-file.ts'
import { createRowSeal } from '../entries/disk/row-seal.ts'
import { EntryStore } from '../entries/entry-store.ts'
import { createIntake } from '../entries/intake.ts'
import type { ProofSource } from '../entries/proof-checks.ts'
import { createProofs, type Proofs } from '../entries/proofs.ts'
import { createHandover } from '../handover/handover.ts'
import { createPull, type PullHooks } from '../handover/pull.ts'
import type { Bulk } from '../handover/pull-runs.ts'
import { createPushes } from '../handover/pushes.ts'
import { createSupply } from '../handover/supply.ts'
import { limits } from '../limits.ts'
import { createOwnObservations, type OwnFetch } from '../observations/own-observations.ts'
import { createSeenCommitments } from '../observations/seen-commitments.ts'
import { createWitness } from '../observations/witness.ts'
import { createOwnWord } from '../reads/own-word.ts'
import { createReading } from '../reads/reading.ts'
import { createRefreshing } from '../reads/refreshing.ts'
import { createServing } from '../reads/serving.ts'
import { createTelling } from '../reads/telling.ts'
import { createTold } from '../reads/told.ts'
import { createJoining } from '../rounds/joining.ts'
import { Demand } from '../rounds/machine/demand.ts'
import { createObserving } from '../rounds/observing.ts'
import { createOnDemand } from '../rounds/on-demand.ts'
import { createRoundRequests } from '../rounds/requests.ts'
import { createRounds } from '../rounds/rounds.ts'
import { Skew } from '../rounds/skew.ts'
import { createZonesWanted } from '../rounds/zones-wanted.ts'
import { createPlacement } from '../seats/placement.ts'
import type { Section } from '../seats/sections.ts'
import { CheckCharges } from '../wire/check-charges.ts'
import { Faults } from '../wire/faults.ts'
import { Rates } from '../wire/rates.ts'
import { createRequester, type Send } from '../wire/request.ts'
import { createAnswering } from './answering.ts'
import { createFollow, type Follow } from './follow.ts'
import type { ChunksOptions } from './options.ts'

export interface ChunksDeps {
  readonly ring: Ring
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signer: Signer
  readonly scheme: SignatureScheme
  /** Where entries outlive the process; without it they do not. Its keys are this room's alone. */
  readonly store?: Store
  /** The same for signed answers; its keys are this room's alone as well. */
  readonly proofStore?: Store
  /** This node's own validation; without it proofs are neither kept nor believed. */
  readonly proofs?: ProofSource
  /** When what nobody waits for may begin; without it at once. */
  readonly work?: Work
}

export interface ChunksHooks {
  /** Sends one request to a peer, and returns the reply. */
  readonly send: Send
  /** Sends one request whose reply is many frames. Without it entries are pushed to new replicas, one by one. */
  readonly bulk?: Bulk
  /** Fetches from the authorities only, within the budget of an observation. */
  readonly ownFetch: OwnFetch
  /** Returns what the configuration keeps to itself: local, stub and forward zones, negative trust anchors. */
  readonly isPrivate: (question: Question) => boolean
  /** Hears of every read of the ring that was accepted. */
  readonly onAccepted?: (finding: Finding) => void
  /** Hears of each answer that the ring has agreed on where this node had a part in it, not yet validated. */
  readonly onLearned?: (finding: Finding) => void
}

export type Parts = ReturnType<typeof createParts>

/** What the lower rooms bring about, as they hear of it: `follow.ts` says what it is. */
type Following = Pick<Follow, 'roundAgreed' | 'taken' | 'proofHeld'>

export function createParts(deps: ChunksDeps, hooks: ChunksHooks, options: ChunksOptions) {
  // The rooms below are made first, and come to what follows through these.
  const following: Following = {
    roundAgreed: (agreed) => follow.roundAgreed(agreed),
    taken: (taken) => follow.taken(taken),
    proofHeld: (held) => follow.proofHeld(held),
  }
  const common = commonParts(deps, hooks, options)
  const held = heldParts(deps, common, following)
  const agreeing = agreeingParts(common, held, following)
  const moving = movingParts(common, held, agreeing, following)
  const copies = copyParts(common)
  const reads = readParts(common, held, agreeing, copies)
  const zones = createZonesWanted(deps.clock)
  const follow = createFollow({ ...common, ...held, ...agreeing, ...moving, ...reads, zones }, hooks)
  const onDisk = async () => deps.store && settled(deps.store)
  const answering = createAnswering({ ...common, ...held, ...agreeing, ...copies, ...reads, onDisk })
  return { ...common, ...held, ...agreeing, ...moving, ...copies, ...reads, follow, answering }
}

type Common = ReturnType<typeof commonParts>
type Held = ReturnType<typeof heldParts>
type Agreeing = ReturnType<typeof agreeingParts>

/** What all rooms use. */
function commonParts(deps: ChunksDeps, hooks: ChunksHooks, options: ChunksOptions) {
  const { ring, clock, random, log, signer } = deps
  const stop = new AbortController()
  const stopping = stop.signal
  const { CHECKS_PER_SECOND: perSecond, CHECKS_BURST: burst, MAX_RATED: maxPeers } = limits
  const checks = new CheckCharges(clock, deps.scheme, { perSecond, burst, maxPeers })
  return {
    checks,
    ring,
    clock,
    random,
    log,
    signer,
    options,
    hooks,
    disk: deps.store,
    source: deps.proofs,
    stop,
    stopping,
    work: deps.work ?? ALWAYS_FREE,
    placement: createPlacement({ ...deps, ...hooks, options, scheme: checks.scheme }),
    scheme: checks.scheme,
    request: createRequester(ring, hooks.send),
    send: hooks.send,
    faults: new Faults(),
    demand: new Demand(),
    isSuspect: ({ id }: { readonly id: RingId }) => ring.isSuspect(id),
    inBackground(work: Promise<unknown>): void {
      work.catch((error: unknown) => {
        if (!stopping.aborted) log.warn({ reason: String(error) }, 'a chunk request failed unexpectedly')
      })
    },
  }
}

/** What this node holds, and what it says of it to others in digests. */
function heldParts(deps: Pick<ChunksDeps, 'proofStore'>, common: Common, following: Following) {
  const { clock, log, signer, disk, options } = common
  const commitments = createSeenCommitments(common)
  const archive = disk && createArchive({ store: disk, clock, log, seal: createRowSeal(signer) })
  const store = new EntryStore({ self: signer.publicKey, ...(archive !== undefined && { disk: archive }) })
  const intake = createIntake({ ...common, store }, { confirms: commitments.confirms })
  const certified = createCertified({ ...common, intake }, { onTaken: following.taken })
  const file = deps.proofStore && createRowFile({ store: deps.proofStore, log, seal: createRowSeal(signer) })
  const proofs = createProofs({ ...common, file }, { onKept: following.proofHeld })
  const { DIGESTS_PER_SECOND, MAX_RATED } = limits
  const rates = new Rates(clock, DIGESTS_PER_SECOND, 4 * DIGESTS_PER_SECOND, MAX_RATED)
  const digests = createDigests(
    { ...common, rates, chunkBits: options.chunkBits, aheadUpTo: options.digestsAheadUpTo },
    { keysOf: (section) => [...keysIn(section, { store, proofs }, clock.now())] },
  )
  return { commitments, archive, store, intake, certified, proofs, digests }
}

function* keysIn(
  { first, count }: Section,
  { store, proofs }: { readonly store: EntryStore; readonly proofs: Pick<Proofs, 'keysOf'> },
  now: number,
): Generator<string> {
  for (let number: number = first; number < first + count; number++) {
    const chunk = asChunkId(number)
    for (const { key } of store.summariesOf(chunk, now)) yield key
    yield* proofs.keysOf(chunk)
  }
}

/** Observing and agreeing: the rounds that this node opens, and those of others. */
function agreeingParts(common: Common, held: Held, following: Following) {
  const { clock, random, log, signer, ring, options, demand, placement } = common
  const { admitAfter, roundTimeoutMs } = options
  const { chunkOf } = placement
  const observations = createOwnObservations(
    { clock, random, signer, log, ringId: ring.ringId, chunkOf, timeoutMs: roundTimeoutMs },
    common.hooks,
  )
  const witness = createWitness({ clock, signer, self: ring.self.peer, commitments: held.commitments })
  const observing = createObserving(clock, observations, demand)
  const skew = new Skew(clock, log)
  // Each signature is tried when it comes, in each count of the votes, and in the certificate.
  const scheme = rememberingScheme(common.scheme, limits.MAX_REMEMBERED_SIGNATURES)
  const requests = createRoundRequests({ ...common, ...held, scheme, skew })
  const rounds = createRounds({ ...common, scheme, observing, witness, requests }, { onAgreed: following.roundAgreed })
  const joining = createJoining({ ...common, observations, observing, witness, rounds, admitAfter })
  const onDemand = createOnDemand({ ...common, ...held, rounds })
  return { observations, witness, skew, rounds, joining, onDemand }
}

/** Entries on their way to and from other replicas. */
function movingParts(common: Common, held: Held, { onDemand }: Agreeing, following: Following) {
  const { clock, ring, hooks, log } = common
  const { intake, archive } = held
  const { isCurrent } = intake
  const rate = (perSecond: number) => new Rates(clock, perSecond, perSecond, limits.MAX_RATED)
  const pushes = createPushes({ ...common, ...held }, { isCurrent })
  const handover = createHandover(
    { ...common, ...held, pushes, self: ring.self.id, pulled: hooks.bulk !== undefined },
    { isCurrent, renew: onDemand.renew },
  )
  const requests = rate(limits.PULLS_PER_SECOND)
  const supply = createSupply({ ...common, ...held, requests, bytes: rate(limits.PULL_BYTES_PER_SECOND) })
  const takeIn: PullHooks['takeIn'] = (claim, run, from) => {
    const result = intake.pulled(claim, run)
    if (result.kind === 'taken') following.taken(result.taken)
    if (result.kind === 'refused')
      log.debug({ peer: from, reason: result.reason }, 'an entry that was pulled is refused')
    return result.kind
  }
  const takeProof: PullHooks['takeProof'] = async ({ question, outcome, links, expires }, { first, last }) => {
    const seats = common.placement.seatsOf(question)
    const isHere = seats.chunk >= first && seats.chunk <= last && common.placement.mayShare(question)
    if (!isHere) return 'refused'
    if (!seats.mine || expires <= clock.now()) return 'useless'
    const result = await held.proofs.offer(question, outcome, links, expires, 'pulled')
    if (result === 'bogus') return 'refused'
    return result === 'kept' ? 'taken' : 'useless'
  }
  const isReading = () => archive?.isReading() === true
  const pull = hooks.bulk && createPull({ ...common, ...held, bulk: hooks.bulk }, { isReading, takeIn, takeProof })
  return { pushes, handover, supply, pull }
}

type Copies = ReturnType<typeof copyParts>

/** Which names are popular, and who has copies of them. */
function copyParts(common: Common) {
  const { clock, ring, options, placement } = common
  const { MARK_REQUESTS_PER_SECOND, MARK_REQUESTS_BURST, MAX_RATED } = limits
  const { chunkBits, copiesFrom = limits.COPIES_FROM } = options
  const popular = createPopular({ ...common, ringId: ring.ringId, chunkBits, seatsOfChunk: placement.seatsOfChunk })
  const heat = new Heat(clock)
  const ownReads = new RecentCount(clock)
  const rates = new Rates(clock, MARK_REQUESTS_PER_SECOND, MARK_REQUESTS_BURST, MAX_RATED)
  const spreading = createSpreading({ ...common, chunkBits, copiesFrom, popular, heat, ownReads, rates })
  const stated = new Stated({ clock, ring, popular })
  return { popular, heat, stated, ownReads, spreading, choosing: createChoosing({ ...common, popular }) }
}

/** The asker's side, and what this node says to those who ask. */
function readParts(common: Common, held: Held, agreeing: Agreeing, copies: Copies) {
  const { ring, source, options, hooks, inBackground } = common
  const { ownReads, heat, stated } = copies
  const { onDemand } = agreeing
  const ownWord = createOwnWord({ ...common, ...held, ...agreeing })
  const reading = createReading(
    { ...common, ...held, ...copies, requestTimeoutMs: options.requestTimeoutMs },
    {
      onRead: () => ownReads.add(1),
      ownWord(question) {
        const word = ownWord(question)
        if (word.kind === 'entry' || word.kind === 'proof') onDemand.read(ring.self.peer, question)
        return word
      },
      linksFrom: (question) => source?.knownCut(question),
      onAccepted: (finding) => hooks.onAccepted?.(finding),
    },
  )
  const telling = createTelling({ ...common, ...held }, { onAsked: onDemand.missing, inBackground })
  const keeping = createKeeping({ ...common, ...copies }, { fill: reading.fill })
  const serving = createServing(
    { ...common, ...held, stated, onDemand, ownWord, acceptFrom: options.acceptFrom },
    { onServed: ({ name }, from, reads) => heat.count(hintOf(name), from, reads) },
  )
  const told = createTold({ ...common, ...held, onDemand }, { inBackground })
  const refreshing = createRefreshing(
    { ...common, ...held },
    { ownFetch: hooks.ownFetch, refreshed: (question, outcome) => telling.refresh(question, outcome) },
  )
  return { reading, keeping, telling, serving, told, refreshing }
}
