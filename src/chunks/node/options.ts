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
  /** For one read request to one replica. */
  readonly requestTimeoutMs: number
  /** For a round's own fetch, and again for the others' answers. */
  readonly roundTimeoutMs: number
}
