/**
 * The shared records of the ring: which chunk a name is in, who its replicas are, what they agree on, and how an asker is convinced.
 *
 * One node has one `Chunks`: `createChunks(deps, hooks, options)`, then `start`. What to use when:
 *
 * - a question has to be answered: `expects` says whether the ring may have something (by its digests, so nobody hears of the name),
 *   `read` asks the replicas and returns what they prove, `hedgeMs` says how long own iteration should wait for them;
 * - own iteration has found an answer: `tell` says to the replicas that somebody had to ask; they decide whether to agree on it;
 * - a peer sent something: `handle` answers its request, `supply` streams entries to a replica that lacks them;
 * - something else records what was agreed on (the chains of chunks): `onAgreed`, then `held`, `summariesOf` and `entryOf`;
 * - the node leaves: `handOver`, then `stop`.
 *
 * Beside it: `delegationSource` gives agreed delegations to iteration, `ownFetchOf` and `proofSourceOf` take this node's own recursor as
 * the chunks need it, and `chunkOf`, `mayShare`, `examine` are the pure rules that others must apply alike. The parts inside, and
 * which stands above which, are in README.md.
 */
export type { ChunkEntry, EntrySummary, SignedEntry } from './entries/entry.ts'
export { examine } from './entries/examine.ts'
export { compareDated, compareSigned, type Dated, termOf } from './entries/order.ts'
export type { ProofSource } from './entries/proof-checks.ts'
export { type Chunks, createChunks, type RecordedClaim } from './node/chunks.ts'
export type { ChunkHoldings } from './node/holdings.ts'
export type { ChunksOptions } from './node/options.ts'
export { ownFetchOf, proofSourceOf } from './node/own-recursor.ts'
export type { ChunksDeps, ChunksHooks } from './node/parts.ts'
export type { ChunksStats } from './node/stats.ts'
export type { OwnFinding } from './observations/observation.ts'
export type { OwnFetch } from './observations/own-observations.ts'
export { delegationSource } from './reads/delegation-source.ts'
export type { ReplicaReply, ReplicaWord, RingDelegation, RingDivergence, RingRead } from './reads/ring-read.ts'
export type { ReadContext } from './seats/context.ts'
export { chunkOf, holdsPrivateAddress, keyOfChunk, mayShare } from './seats/place.ts'
export { isInSection, type Section, sectionOf, sectionOfOneSet } from './seats/sections.ts'
export { CheckCharges } from './wire/check-charges.ts'
export type { LiveVote, ObserveHow } from './wire/messages.ts'
export { questionKey } from './wire/question-key.ts'
export { Rates } from './wire/rates.ts'
export type { Send } from './wire/request.ts'
