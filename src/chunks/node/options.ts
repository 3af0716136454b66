/** What can be set about the shared records. */

export interface ChunksOptions {
  readonly chunkBits: number
  /** Distinct members that must have asked before a round pays. `auto` weighs n against the asks seen within the TTL. */
  readonly admitAfter: 'auto' | number
  /** `any-member`: one member's signed observation will do (a household's boxes). */
  readonly acceptFrom: 'majority' | 'any-member'
  /** `open` rings: unsigned ring data is a hint only, never accepted. */
  readonly admission: 'psk' | 'endorsed' | 'open'
  readonly share: boolean
  /** Popular names get copies in rings of so many members; `limits.COPIES_FROM` if left out. */
  readonly copiesFrom?: number
  /** Digests are requested before they are needed in rings of so many members at most; `limits.DIGESTS_AHEAD_UP_TO` if left out. */
  readonly digestsAheadUpTo?: number
  /** For one read request to one replica. */
  readonly requestTimeoutMs: number
  /** For a round's own fetch, and again for the others' answers. */
  readonly roundTimeoutMs: number
}
