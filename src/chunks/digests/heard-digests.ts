/** The digests of other replicas: requested, and held as long as they say something. A `chunk` here is the number of a section. */
import { type ChunkId, type Clock, isChordnsError, type PeerId, type RequestOptions } from '../../base/index.ts'
import { BoundedMap } from '../entries/bounded-map.ts'
import { limits } from '../limits.ts'
import {
  type DigestChanges,
  type DigestReply,
  type DigestStamp,
  decodeChangesReply,
  decodeStampedReply,
  encodeChangesRequest,
  encodeDigestRequest,
} from '../wire/digest-messages.ts'
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
  /** For a question: what is used least goes first when there is no room. */
  of(peer: PeerId, chunk: ChunkId): PeerDigest | undefined
  /** Without counting as a use. */
  peek(peer: PeerId, chunk: ChunkId): PeerDigest | undefined
  /** Requests the digests of some chunks of one peer, save those that are on their way. */
  request(peer: PeerId, chunks: readonly ChunkId[]): void
  /** The same for all that are wanted of the peer: only what has changed, where it has told all of them before. */
  refresh(peer: PeerId, chunks: readonly ChunkId[]): void
  readonly size: number
  readonly bytes: number
  /** Requests that went out. */
  readonly requested: number
}

export function createHeardDigests({ clock, send, stopping, faults }: HeardDigestsDeps): HeardDigests {
  const heard = new BoundedMap<PeerDigest>(limits.MAX_DIGESTS_BYTES)
  const onTheirWay = new Set<string>()
  /** Peers whose digests are refreshed as a whole. */
  const whole = new Map<PeerId, Whole>()
  let inFlight = 0
  let requested = 0

  function of(peer: PeerId, chunk: ChunkId): PeerDigest | undefined {
    return heard.get(keyOf(peer, chunk), 0)
  }

  function peek(peer: PeerId, chunk: ChunkId): PeerDigest | undefined {
    return heard.peek(keyOf(peer, chunk), 0)
  }

  /** It was told to be the same. */
  function renew(peer: PeerId, chunk: ChunkId): void {
    const before = peek(peer, chunk)
    if (before === undefined) put(peer, chunk, undefined)
    else heard.replace(keyOf(peer, chunk), { ...before, at: clock.monotonic() })
  }

  function put(peer: PeerId, chunk: ChunkId, digest: ChunkDigest | undefined): void {
    whole.get(peer)?.chunks.add(chunk)
    const bytes = (digest?.bits.length ?? 0) + limits.DIGEST_OVERHEAD_BYTES
    heard.set(keyOf(peer, chunk), { digest, at: clock.monotonic() }, bytes, Number.POSITIVE_INFINITY)
  }

  function hear(peer: PeerId, chunk: ChunkId, reply: DigestReply): void {
    if (reply === 'busy') return
    if (reply === 'same') renew(peer, chunk)
    else put(peer, chunk, reply === 'full' ? undefined : digestOf(reply.bits))
  }

  function request(peer: PeerId, chunks: readonly ChunkId[]): void {
    const wanted = chunks.filter((chunk) => !onTheirWay.has(keyOf(peer, chunk))).slice(0, limits.MAX_DIGESTS_AT_ONCE)
    if (wanted.length === 0 || inFlight >= limits.MAX_DIGEST_REQUESTS) return
    inFlight++
    requested++
    for (const chunk of wanted) onTheirWay.add(keyOf(peer, chunk))
    const rows = wanted.map((chunk) => ({ chunk, tag: peek(peer, chunk)?.digest?.tag ?? NOTHING }))
    void send(peer, encodeDigestRequest(rows), optionsOf(stopping))
      .then((body) => {
        const { replies, stamp } = decodeStampedReply(body)
        for (const [i, chunk] of wanted.entries()) hear(peer, chunk, replies[i] ?? 'busy')
        const isTold = wanted.every((_, i) => replies[i] !== undefined && replies[i] !== 'busy')
        stampWith(peer, wanted, isTold ? stamp : undefined)
      })
      .catch((error: unknown) => {
        if (isChordnsError(error, 'CHUNK_MALFORMED')) faults.add(peer)
        unstamp(peer)
        // It is not requested again at once. What was known before counts until it is too old.
        for (const chunk of wanted) if (peek(peer, chunk) === undefined) put(peer, chunk, undefined)
      })
      .finally(() => {
        inFlight--
        for (const chunk of wanted) onTheirWay.delete(keyOf(peer, chunk))
      })
  }

  /** A stamp holds for all that is held of the peer: an older one at worst tells something again. */
  function stampWith(peer: PeerId, told: readonly ChunkId[], stamp: DigestStamp | undefined): void {
    const one = whole.get(peer)
    if (one === undefined) return
    const toldNow = new Set(told)
    if ([...one.chunks].every((chunk) => toldNow.has(chunk))) one.stamp = stamp
    else if (stamp === undefined || one.stamp?.start !== stamp.start) one.stamp = undefined
  }

  function unstamp(peer: PeerId): void {
    const one = whole.get(peer)
    if (one !== undefined) one.stamp = undefined
  }

  function refresh(peer: PeerId, chunks: readonly ChunkId[]): void {
    if (whole.size > 2 * limits.MAX_DIGEST_REQUESTS) whole.clear()
    const one = whole.get(peer) ?? { chunks: new Set(chunks), stamp: undefined }
    whole.set(peer, one)
    if (one.stamp !== undefined && chunks.every((chunk) => peek(peer, chunk) !== undefined)) {
      requestChanges(peer, one, one.stamp)
      return
    }
    for (let at = 0; at < chunks.length; at += limits.MAX_DIGESTS_AT_ONCE)
      request(peer, chunks.slice(at, at + limits.MAX_DIGESTS_AT_ONCE))
  }

  function requestChanges(peer: PeerId, one: Whole, since: DigestStamp): void {
    if (onTheirWay.has(peer) || inFlight >= limits.MAX_DIGEST_REQUESTS) return
    inFlight++
    requested++
    onTheirWay.add(peer)
    void send(peer, encodeChangesRequest(since), optionsOf(stopping))
      .then((body) => hearChanges(peer, one, decodeChangesReply(body)))
      .catch((error: unknown) => {
        if (isChordnsError(error, 'CHUNK_MALFORMED')) faults.add(peer)
        unstamp(peer)
      })
      .finally(() => {
        inFlight--
        onTheirWay.delete(peer)
      })
  }

  function hearChanges(peer: PeerId, one: Whole, { rows, stamp }: DigestChanges): void {
    one.stamp = rows && stamp
    if (rows === undefined) return
    const changed = new Map(rows)
    for (const chunk of [...one.chunks]) {
      const reply = changed.get(chunk) ?? 'same'
      // It was pushed out by others meanwhile.
      if (reply === 'same' && peek(peer, chunk) === undefined) one.chunks.delete(chunk)
      else hear(peer, chunk, reply)
    }
  }

  return {
    of,
    peek,
    request,
    refresh,
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

/** What is held of a peer whose digests are refreshed as a whole. */
interface Whole {
  readonly chunks: Set<ChunkId>
  /** Of when all of them were as they are held, or earlier. */
  stamp: DigestStamp | undefined
}

function optionsOf(signal: AbortSignal): RequestOptions {
  return { timeoutMs: limits.DIGEST_TIMEOUT_MS, patienceMs: limits.DIGEST_PATIENCE_MS, signal }
}

const NOTHING = new Uint8Array()

function keyOf(peer: PeerId, chunk: ChunkId): string {
  return `${peer} ${chunk}`
}
