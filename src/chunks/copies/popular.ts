/** The marks that this node believes: each by a replica of the name's chunk, by this node's own table. */
import type { ChunkId, Clock } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import { chunkOfHint, type NameHint, type PopularMark, verifyMark } from './mark.ts'

export interface PopularDeps {
  readonly clock: Clock
  readonly ringId: string
  readonly scheme: SignatureScheme
  readonly chunkBits: number
  readonly seatsOfChunk: (chunk: ChunkId) => Seats
}

interface Known {
  readonly mark: PopularMark
  /** When this node learned of it. Monotonic ms. */
  readonly learned: number
}

export interface Popular {
  /** 0: not popular, as far as this node knows. */
  levelOf(hint: NameHint): number
  /** The mark of one signer. */
  ofSigner(hint: NameHint, signer: Uint8Array): PopularMark | undefined
  /** False when it is not believed, or nothing new. */
  take(mark: PopularMark): boolean
  /** What this node learned within this time, the latest first. */
  learnedWithin(ms: number): readonly PopularMark[]
  /** All in the order of hints, after this one. */
  page(after: string, most: number): readonly PopularMark[]
  readonly size: number
}

export function createPopular({ clock, ringId, scheme, chunkBits, seatsOfChunk }: PopularDeps): Popular {
  /** By hint: one of each signer, the latest learned last. */
  const known = new Map<NameHint, Known[]>()
  let size = 0

  const nowSeconds = () => clock.now() / 1_000
  const isTimely = ({ at }: PopularMark) =>
    at > nowSeconds() - limits.MARK_SECONDS && at <= nowSeconds() + limits.MARK_AHEAD_SECONDS
  const timely = (hint: NameHint) => (known.get(hint) ?? []).filter(({ mark }) => isTimely(mark))
  const isOf = (signer: Uint8Array) => {
    const key = signer.join()
    return ({ mark }: Known) => mark.signer.join() === key
  }

  function put(hint: NameHint, list: Known[]): void {
    size += list.length - (known.get(hint)?.length ?? 0)
    known.delete(hint)
    if (list.length > 0) known.set(hint, list)
  }

  function makeRoom(): void {
    for (const hint of [...known.keys()]) {
      if (size < limits.MAX_MARKS) return
      put(hint, timely(hint))
    }
    for (const hint of known.keys()) {
      if (size < limits.MAX_MARKS) return
      put(hint, [])
    }
  }

  function take(mark: PopularMark): boolean {
    const { hint, signer } = mark
    if (!isTimely(mark)) return false
    const others = timely(hint)
    const before = others.find(isOf(signer))
    if (before !== undefined && before.mark.at >= mark.at) return false
    const { members } = seatsOfChunk(chunkOfHint(hint, chunkBits))
    if (!members.some(({ publicKey }) => publicKey.join() === signer.join())) return false
    if (!verifyMark(ringId, scheme, mark)) return false
    makeRoom()
    // A replica that goes may leave one behind: a name has no more than it has seats, and one.
    const kept = others.filter((one) => one !== before).slice(-members.length)
    put(hint, [...kept, { mark, learned: clock.monotonic() }])
    return true
  }

  return {
    levelOf: (hint) => timely(hint).reduce((level, { mark }) => Math.max(level, mark.level), 0),
    ofSigner: (hint, signer) => timely(hint).find(isOf(signer))?.mark,
    take,
    learnedWithin(ms) {
      const since = clock.monotonic() - ms
      const out: PopularMark[] = []
      // A name whose mark came last is last.
      for (const list of [...known.values()].reverse()) {
        if (list.at(-1)!.learned < since) break
        for (const { mark, learned } of list) if (learned >= since && isTimely(mark)) out.push(mark)
      }
      return out
    },
    page(after, most) {
      const hints = [...known.keys()].filter((hint) => hint > after).sort()
      const out: PopularMark[] = []
      for (const hint of hints) {
        const marks = timely(hint)
        if (out.length + marks.length > most) break
        out.push(...marks.map(({ mark }) => mark))
      }
      return out
    },
    get size() {
      return size
    },
  }
}
