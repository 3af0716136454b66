/**
 * Own iteration: one question -> one link of its answer, asked of the authorities from the root down, and validated.
 *
 * `createRecursor` is the way in. Of a `Recursor`, use
 * - `resolve` for a question: from the cache, or by a walk; `infer` for what validated denials already say of it;
 * - `validate` for what came from elsewhere, such as the ring, with the chain links that came beside it; `links` and `knownCut`
 *   are what a peer is given and asked for to that end;
 * - `delegation` for what the parent of a zone says of it: what an observation of a delegation is signed for;
 * - `prime` at the start, and `stats` for the counters.
 *
 * `AnchorFollower` follows the keys of a trust anchor (RFC 5011), `readRootZone` reads a local copy of the root (RFC 8806).
 * `AnchorSource` and `DelegationSource` are ports: the ledger and the ring tell where else a walk may begin.
 * The rooms inside, from top to bottom: `node/`, `denials/`, `trust/`, `walk/`, `servers/`, `job/`; README.md says what each is for.
 */
export { dnameTarget } from '../iterator/index.ts'
export { isBogusFailure } from './job/failure.ts'
export type {
  AnchorSource,
  DelegationSource,
  RecursorDeps,
  RecursorOptions,
  ServerSwitches,
  ValidationOptions,
  ZoneServers,
} from './job/options.ts'
export type {
  IterationStep,
  OwnDelegation,
  RecurseFailure,
  RecurseRequest,
  Recursor,
  RecursorStats,
} from './job/types.ts'
export { limits as recurseLimits, type RecurseLimits } from './limits.ts'
export { createRecursor } from './node/recursor.ts'
export { AnchorFollower, type AnchorFollowerDeps, type AnchorFollowerHooks } from './trust/anchor-follower.ts'
export { readRootZone } from './trust/local-root.ts'
