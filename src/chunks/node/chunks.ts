/** The shared records of one node: reads, tells, and what it does for its peers. Decides with the pure files, acts on ports. */
import type { Cancel, ChunkId, Clock, Log, PeerId, Random, Store } from '../../base/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type { Name, Question } from '../../dns/index.ts'
import { type Certificate, type Content, evidenceLimits, type Finding } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import { createDigests } from '../digests/digests.ts'
import { createArchive } from '../entries/archive.ts'
import { questionKey } from '../entries/bounded-map.ts'
import { EntryStore } from '../entries/entry-store.ts'
import { examine, type ReadContext } from '../entries/examine.ts'
import { createKeeping } from '../entries/intake.ts'
import { createProofs } from '../entries/proofs.ts'
import { createRowSeal } from '../entries/row-seal.ts'
import { createHandover } from '../handover/handover.ts'
import { handOver } from '../handover/leaving.ts'
import { type Bulk, createPull } from '../handover/pull.ts'
import { createSupply } from '../handover/supply.ts'
import { limits } from '../limits.ts'
import { createSights } from '../observations/observations.ts'
import { createWitness } from '../observations/witness.ts'
import { createReading } from '../reads/reading.ts'
import { createTelling } from '../reads/telling.ts'
import { Asks } from '../rounds/demand.ts'
import { createRounds } from '../rounds/rounds.ts'
import { Skew } from '../rounds/skew.ts'
import { createZonesWanted } from '../rounds/zones-wanted.ts'
import { chunkOf, keyOfChunk, mayShare } from '../seats/place.ts'
import { ownRuns } from '../seats/runs.ts'
import { readContext, type Seats, seatsOf, seatsOfChunk } from '../seats/seats.ts'
import type { ChunkEntry, Chunks, ChunksOptions, OwnFetch, ProofSource } from '../types.ts'
import { isDigestRequest } from '../wire/digest-messages.ts'
import { type ChunkReply, type ChunkRequest, decodeRequest, encodeReply } from '../wire/messages.ts'
import { Rates } from '../wire/rates.ts'
import { createAsk, type Send } from '../wire/request.ts'
import { createAnswering } from './answering.ts'

export interface ChunksModules {
  readonly ring: Ring
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly options: ChunksOptions
  readonly log: Log
  readonly ownFetch: OwnFetch
  /** What the configuration keeps to itself: local, stub and forward zones, negative trust anchors. */
  readonly isPrivate: (question: Question) => boolean
  readonly send: Send
  /** Without it entries are pushed to new keepers, one by one. */
  readonly bulk?: Bulk
  /** Where entries outlive the process; without it they do not. Its keys are this room's alone. */
  readonly store?: Store
  /** This node's own validation; without it proofs are neither kept nor believed. */
  readonly proofs?: ProofSource
  /** Hears of every read of the ring that was accepted. */
  readonly onAccepted?: (finding: Finding) => void
}

const NONCE_BYTES = 16
export function createChunks(modules: ChunksModules): Chunks {
  const { ring, clock, random, scheme, options, log } = modules
  const ask = createAsk(ring, modules.send)
  const asks = new Asks()
  const archive =
    modules.store === undefined
      ? undefined
      : createArchive({
          store: modules.store,
          clock,
          log,
          seal: createRowSeal(modules.signer),
          admit: (entry, isOwn) => keeping.restore(entry, isOwn),
        })
  const store = new EntryStore({ self: modules.signer.publicKey, ...(archive !== undefined && { disk: archive }) })
  const rate = (perSecond: number, burst = perSecond) => new Rates(clock, perSecond, burst, limits.MAX_RATED)
  const stopping = new AbortController()
  const counts = { agreed: 0, tellsReceived: 0, dissents: 0 }
  const classes = { agreed: 0, rotating: 0, divergent: 0 }
  const cancels: Cancel[] = []

  const seatsFor = (question: Question) => seatsOf(ring, question, options.chunkBits)
  const contextFor = (question: Question, seats: Seats): ReadContext =>
    readContext(ring, seats, question, scheme, options)
  const shared = (question: Question) => mayShare(question, modules.isPrivate)

  const witness = createWitness({ clock, log, signer: modules.signer })
  const keeping = createKeeping({
    clock,
    log,
    store,
    seatsOf: seatsFor,
    contextOf: contextFor,
    shared,
    confirms: (certificate) => witness.confirms(certificate),
    onHeld(entry, seats) {
      handover.remember(entry.chunk, seats)
      digests.changed(entry.chunk)
    },
    onTaken(entry) {
      rounds.settled(entry.question)
      // All went on asking for themselves: it is worth no more than the time for which nobody tries again.
      if (entry.class === 'divergent') asks.learn(questionKey(entry.question), evidenceLimits.DIVERGENT_MS / 1_000)
      zones.want(entry)
    },
  })
  const { current, keep } = keeping
  const sights = createSights({
    ownFetch: modules.ownFetch,
    clock,
    signer: modules.signer,
    log,
    ringId: ring.ringId,
    chunkOf: (question) => chunkOf(question.name, options.chunkBits),
    timeoutMs: options.roundTimeoutMs,
  })
  const skew = new Skew(clock, log)
  const rounds = createRounds({
    clock,
    random,
    log,
    ask,
    asks,
    sights,
    witness,
    skew,
    self: ring.self.peer,
    zoneRates: rate(limits.ROUNDS_PER_ZONE_PER_SECOND, limits.ROUNDS_PER_ZONE_BURST),
    admitAfter: options.admitAfter,
    roundTimeoutMs: options.roundTimeoutMs,
    seatsOf: seatsFor,
    contextOf: contextFor,
    onAgreed: agreed,
    onFault: (peer) => reading.fault(peer),
    onDissent: (peers) => {
      counts.dissents += peers.length
      log.info({ peers }, 'replicas saw something else than what was agreed')
    },
  })
  const handover = createHandover({
    clock,
    random,
    log,
    ask,
    store,
    pulled: modules.bulk !== undefined,
    self: ring.self.id,
    seatsOfChunk: (chunk) => seatsOfChunk(ring, chunk, options.chunkBits),
    stillCertified: (entry, seats) => current(entry, seats),
    renew: (question) => {
      if (asks.demand(questionKey(question), clock.monotonic()).members > 0) rounds.want(question, true)
    },
  })

  const proofs = createProofs({
    clock,
    log,
    source: modules.proofs,
    stopping: stopping.signal,
    chunkOf: (question) => chunkOf(question.name, options.chunkBits),
    onKept: (question) => {
      rounds.settled(question)
      digests.changed(chunkOf(question.name, options.chunkBits))
    },
  })
  const reading = createReading({
    proofs,
    linksFrom: (question) => modules.proofs?.knownCut(question),
    ring,
    clock,
    ask,
    seatsOf: seatsFor,
    contextOf: contextFor,
    ownWord: (question) => {
      const word = ownWord(question)
      if (word.kind === 'entry') answering.noteRead(ring.self.peer, question)
      return word
    },
    requestTimeoutMs: options.requestTimeoutMs,
    stopping: stopping.signal,
    onAccepted: (finding) => modules.onAccepted?.(finding),
  })
  const { fault } = reading
  const digests = createDigests({
    clock,
    send: modules.send,
    ring,
    stopping: stopping.signal,
    rates: rate(limits.DIGESTS_PER_SECOND, 4 * limits.DIGESTS_PER_SECOND),
    keysOf: (chunk) => [...store.notesOf(chunk, clock.now()).map(({ key }) => key), ...proofs.keysOf(chunk)],
    onFault: fault,
    chunks: 2 ** options.chunkBits,
    seatsOfChunk: (chunk) => seatsOfChunk(ring, chunk, options.chunkBits),
  })
  const supply = createSupply({
    clock,
    store,
    requests: rate(limits.PULLS_PER_SECOND),
    bytes: rate(limits.PULL_BYTES_PER_SECOND),
    seatsOfChunk: (chunk) => seatsOfChunk(ring, chunk, options.chunkBits),
    fault,
  })
  const pull =
    modules.bulk &&
    createPull({
      clock,
      random,
      log,
      bulk: modules.bulk,
      store,
      isReading: () => archive?.isReading() === true,
      runs: () => ownRuns(ring, options.chunkBits),
      isSuspect: ({ seats }, peer) => seats.others.some((member) => member.peer === peer && ring.isSuspect(member.id)),
      take: keeping.takePulled,
      fault,
    })

  const zones = createZonesWanted({ clock, want: (question) => telling.tell(question) })
  const telling = createTelling({
    ring,
    clock,
    ask,
    rates: rate(limits.TELLS_PER_SECOND),
    proofs,
    stopping: stopping.signal,
    share: options.share,
    shared,
    seatsOf: seatsFor,
    noteAsk,
    inBackground,
  })
  const answering = createAnswering({
    ring,
    clock,
    log,
    options,
    source: modules.proofs,
    rate,
    asks,
    sights,
    witness,
    rounds,
    proofs,
    store,
    seatsOf: seatsFor,
    contextOf: contextFor,
    shared,
    ownWord,
    current,
    keep,
    noteAsk,
    fault,
    inBackground,
    onTold: () => counts.tellsReceived++,
  })

  /** A round of this node ended well: keep it, and hand the certificate to the other replicas, who each verify it. */
  function agreed(question: Question, certificate: Certificate, outcome: Content, seats: Seats): void {
    const examined = examine(certificate, outcome, contextFor(question, seats), clock.now())
    if (!examined.ok) {
      log.warn({ reason: examined.reason }, 'a round ended with a certificate that does not hold')
      return
    }
    counts.agreed++
    classes[examined.entry.class]++
    if (seats.mine) keep(examined.entry, seats)
    const request: ChunkRequest = { kind: 'certify', question, certificate, outcome }
    const bring = async (peer: PeerId) => {
      const event = await ask(peer, request, requestOptions(limits.CERTIFY_TIMEOUT_MS))
      const missed = event.kind === 'failed' || (event.kind === 'reply' && event.reply.kind === 'busy')
      if (missed && seats.mine) handover.owe(peer, examined.entry)
    }
    for (const { peer } of seats.others) inBackground(bring(peer))
  }

  function requestOptions(timeoutMs: number) {
    return { timeoutMs, signal: stopping.signal }
  }

  /** `ask` rejects only when this node stops. */
  function inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!stopping.signal.aborted) log.warn({ reason: String(error) }, 'a chunk request failed unexpectedly')
    })
  }

  /** What this node says of a question: an agreed entry, else what it saw itself. */
  function ownWord(question: Question): ChunkReply {
    const proof = proofs.word(question)
    if (proof !== undefined) return proof
    const entry = store.get(question, clock.now())
    if (entry !== undefined && current(entry, seatsFor(question)))
      return { kind: 'entry', certificate: entry.certificate, outcome: entry.outcome }
    const sight = sights.known(question)
    if (sight === undefined || witness.keepsSecret(question) || rounds.keepsSecret(question)) return { kind: 'unknown' }
    return { kind: 'vote', ...sights.sign(sight, random.bytes(NONCE_BYTES)) }
  }

  function noteAsk(peer: PeerId, question: Question, seats: Seats): void {
    asks.note(questionKey(question), peer, clock.monotonic())
    // What is signed needs no votes.
    if (proofs.has(question)) return
    const entry = store.get(question, clock.now())
    if (entry === undefined) rounds.want(question, false)
    else if (!current(entry, seats)) rounds.want(question, true)
  }

  async function handle(from: PeerId, body: Uint8Array): Promise<Uint8Array> {
    let request: ChunkRequest
    try {
      if (isDigestRequest(body)) return digests.answer(from, body)
      request = decodeRequest(body)
    } catch (error) {
      fault(from)
      throw error
    }
    return encodeReply(await answering.answer(from, request))
  }

  /** Read from disk are those whose keys end as the name does. */
  function entriesOf(name: Name, chunk: ChunkId): ChunkEntry[] {
    const now = clock.now()
    return store
      .notesOf(chunk, now)
      .filter(({ key }) => key.endsWith(`/${name.key}`))
      .flatMap(({ key }) => store.byKey(key, now) ?? [])
      .filter(({ question }) => question.name.key === name.key)
  }

  function sweep(): void {
    if (stopping.signal.aborted) return
    store.sweep(clock.now())
    archive?.sweep()
    sights.sweep()
    witness.sweep()
    proofs.sweep()
    cancels[0] = clock.after(limits.SWEEP_MS, sweep)
  }

  return {
    start() {
      cancels[0] = clock.after(limits.SWEEP_MS, sweep)
      cancels[1] = ring.onChange(() => {
        handover.changed()
        pull?.changed()
        archive?.changed()
        digests.ringChanged()
      })
      archive?.start()
      digests.start()
      pull?.start()
    },
    async stop() {
      stopping.abort()
      for (const cancel of cancels) cancel()
      rounds.stop()
      digests.stop()
      archive?.stop()
      await Promise.all([sights.stop(), handover.stop(), pull?.stop()])
    },
    read: async (question, signal, onDoubt) =>
      shared(question)
        ? reading.read(question, signal, onDoubt)
        : { kind: 'insufficient', reason: 'private', replies: [] },
    expects(question) {
      // One member's word will do there, and what it merely saw is in no digest.
      if (options.acceptFrom === 'any-member' || !shared(question)) return 'unknown'
      const held = proofs.has(question) || store.note(questionKey(question), clock.now()) !== undefined
      return digests.expects(question, seatsFor(question), held)
    },
    tell: telling.tell,
    handle,
    supply: supply.handle,
    entry: (question) => store.get(question, clock.now()),
    held: () => store.chunks(),
    notesOf: (chunk) => store.notesOf(chunk, clock.now()),
    entryOf: (key) => store.peek(key, clock.now()),
    view(name) {
      const chunk = chunkOf(name, options.chunkBits)
      const seats = seatsOfChunk(ring, chunk, options.chunkBits)
      return {
        chunk,
        key: keyOfChunk(chunk, options.chunkBits),
        n: seats.n,
        replicas: seats.members.map(({ id, peer }) => ({
          id,
          peer,
          self: id === ring.self.id,
          suspect: ring.isSuspect(id),
        })),
        entries: entriesOf(name, chunk),
      }
    },
    hedgeMs: reading.hedgeMs,
    stats: () => ({
      ...digests.stats(),
      entries: store.size,
      rounds: rounds.opened,
      ...counts,
      tellsSent: telling.sent(),
      ...reading.stats(),
      ...proofs.stats(),
      rotating: classes.rotating,
      divergent: classes.divergent,
      equivocations: witness.equivocations.length,
      skewMs: skew.ms,
      ...(pull?.stats() ?? {
        runsWanted: 0,
        runsDone: 0,
        pulled: 0,
        pulledBytes: 0,
        pullsFailed: 0,
        repairBytesPerSecond: 0,
      }),
      supplied: supply.sent(),
      owed: handover.owed(),
      ...(archive?.stats() ?? { archived: 0, restored: 0, waiting: 0 }),
    }),
    handOver: () =>
      handOver({
        clock,
        log,
        send: modules.send,
        ask,
        store,
        seatsOfChunk: (chunk) => seatsOfChunk(ring, chunk, options.chunkBits),
        isSuspect: ({ id }) => ring.isSuspect(id),
      }),
    onAgreed: keeping.onNews,
  }
}
