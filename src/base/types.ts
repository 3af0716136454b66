/** Branded ids, so that a mix-up does not compile. */
declare const brand: unique symbol
export type Brand<T, B extends string> = T & { readonly [brand]: B }

/** Calling it twice is harmless. */
export type Cancel = () => void

/** The text form of a libp2p peer id: it commits to the peer's Ed25519 public key. */
export type PeerId = Brand<string, 'PeerId'>

/** 32 bytes on the Chord ring, as 64 lower-case hex digits: string order is ring order. */
export type RingId = Brand<string, 'RingId'>

/** Index of a chunk: 0 <= chunk < 2^chunkBits. */
export type ChunkId = Brand<number, 'ChunkId'>

export const asPeerId = (text: string): PeerId => text as PeerId
export const asRingId = (hex: string): RingId => hex as RingId
export const asChunkId = (index: number): ChunkId => index as ChunkId
