/** The digests of other replicas: requested, and held as long as they say something. */
import { type ChunkId, type Clock, isChordnsError, type PeerId, type RequestOptions } from '../../base/index.ts'
import { BoundedMap } from '../entries/bounded-map.ts'
import { limits } from '../limits.ts'
import { type DigestReply, decodeDigestReply, encodeDigestRequest } from '../wire/digest-messages.ts'
import type { Faults } from '../wire/faults.ts'
import type { Send } from '../wire/request.ts'
import { type ChunkDigest, digestOf } from './digest.ts'

export interface HeardDigestsDeps {
  readonly clock: Clock
  readonly send: Send
  readonly stopping: AbortSignal
  readonly faults: Faults
}

export interface PeerDigest {
  /** Undefined: the peer has more than a digest holds, or says nothing. */
  readonly digest: ChunkDigest | undefined
  /** Monotonic ms. */
  readonly at: number
}

export interface HeardDigests {
  of(peer: PeerId, chunk: ChunkId): PeerDigest | undefined
  /** Requests the digests of some chunks of one peer, save those that are on their way. */
  request(peer: PeerId, chunks: readonly ChunkId[]): void
  readonly size: number
  readonly bytes: number
  /** Requests that went out. */
  readonly requested: number
}

export function createHeardDigests({ clock, send, stopping, faults }: HeardDigestsDeps): HeardDigests {
  const heard = new BoundedMap<PeerDigest>(limits.MAX_DIGESTS_BYTES)
  const onTheirWay = new Set<string>()
  let inFlight = 0
  let requested = 0

  function of(peer: PeerId, chunk: ChunkId): PeerDigest | undefined {
    return heard.get(keyOf(peer, chunk), 0)
  }

  function put(peer: PeerId, chunk: ChunkId, digest: ChunkDigest | undefined): void {
    const bytes = (digest?.bits.length ?? 0) + limits.DIGEST_OVERHEAD_BYTES
    heard.set(keyOf(peer, chunk), { digest, at: clock.monotonic() }, bytes, Number.POSITIVE_INFINITY)
  }

  function hear(peer: PeerId, chunk: ChunkId, reply: DigestReply): void {
    if (reply === 'busy') return
    if (reply === 'full') put(peer, chunk, undefined)
    else put(peer, chunk, reply === 'same' ? of(peer, chunk)?.digest : digestOf(reply.bits))
  }

  function request(peer: PeerId, chunks: readonly ChunkId[]): void {
    const wanted = chunks.filter((chunk) => !onTheirWay.has(keyOf(peer, chunk))).slice(0, limits.MAX_DIGESTS_AT_ONCE)
    if (wanted.length === 0 || inFlight >= limits.MAX_DIGEST_REQUESTS) return
    inFlight++
    requested++
    for (const chunk of wanted) onTheirWay.add(keyOf(peer, chunk))
    const rows = wanted.map((chunk) => ({ chunk, tag: of(peer, chunk)?.digest?.tag ?? NOTHING }))
    const options: RequestOptions = {
      timeoutMs: limits.DIGEST_TIMEOUT_MS,
      patienceMs: limits.DIGEST_PATIENCE_MS,
      signal: stopping,
    }
    void send(peer, encodeDigestRequest(rows), options)
      .then((body) => {
        const replies = decodeDigestReply(body)
        for (const [i, chunk] of wanted.entries()) hear(peer, chunk, replies[i] ?? 'busy')
      })
      .catch((error: unknown) => {
        if (isChordnsError(error, 'CHUNK_MALFORMED')) faults.add(peer)
        // It is not requested again at once. What was known before counts until it is too old.
        for (const chunk of wanted) if (of(peer, chunk) === undefined) put(peer, chunk, undefined)
      })
      .finally(() => {
        inFlight--
        for (const chunk of wanted) onTheirWay.delete(keyOf(peer, chunk))
      })
  }

  return {
    of,
    request,
    get size() {
      return heard.size
    },
    get bytes() {
      return heard.bytes
    },
    get requested() {
      return requested
    },
  }
}

const NOTHING = new Uint8Array()

function keyOf(peer: PeerId, chunk: ChunkId): string {
  return `${peer} ${chunk}`
}
