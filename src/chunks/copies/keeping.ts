/** The copies that this node keeps of popular names for others: what it has, else what it reads one level below. */
import { type Clock, type PeerId, SteadyTime } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { BoundedMap } from '../entries/bounded-map.ts'
import { limits } from '../limits.ts'
import { type ChunkReply, encodeReply } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { hintOf } from './mark.ts'
import type { Popular } from './popular.ts'
import type { Stated } from './stated.ts'

/** What stands alone, whoever gives it. */
export type StandingReply = Extract<ChunkReply, { readonly kind: 'entry' | 'proof' }>

export interface Copy {
  readonly reply: StandingReply
  /** Unix ms. */
  readonly expires: number
}

export interface KeepingDeps {
  readonly clock: Clock
  readonly popular: Pick<Popular, 'levelOf'>
  readonly stated: Pick<Stated, 'counted'>
  readonly stopping: AbortSignal
}

export interface KeepingHooks {
  /** Reads of a copy of this level, 0: of a replica. `reads`: how many this one stands for. Rejects with ABORTED only. */
  readonly fill: (question: Question, level: number, reads: number, signal: AbortSignal) => Promise<Copy | undefined>
}

export interface Keeping {
  /** A member reads of this node as of a copy of this level; `reads`: how many its request stands for. */
  answer(from: PeerId, question: Question, level: number, reads: number): Promise<ChunkReply>
  stats(): { readonly copies: number; readonly copyReads: number; readonly copyFills: number }
}

const UNKNOWN: ChunkReply = { kind: 'unknown' }

export function createKeeping({ clock, popular, stated, stopping }: KeepingDeps, { fill }: KeepingHooks): Keeping {
  /** Until when they last by steady time: what a replica gave seconds of lasts no longer where the wall clock is set back. */
  const copies = new BoundedMap<Copy & { readonly ends: number }>(limits.MAX_COPY_BYTES)
  const steady = new SteadyTime(clock)
  /** Reads that were served since the copy was filled last; and until when nothing is read again, since there was nothing. */
  const served = new Map<string, number>()
  const vain = new Map<string, number>()
  const filling = new Map<string, Promise<Copy | undefined>>()
  let copyReads = 0
  let copyFills = 0

  async function filled(key: string, question: Question, level: number): Promise<Copy | undefined> {
    const reads = Math.min(limits.MAX_READS_OF_A_COPY, Math.max(1, served.get(key) ?? 1))
    served.delete(key)
    copyFills++
    const late = new AbortController()
    const cancel = clock.after(limits.FILL_MS, () => late.abort())
    const copy = await fill(question, level, reads, AbortSignal.any([stopping, late.signal])).catch(() => undefined)
    cancel()
    if (copy === undefined) bounded(vain, key, clock.monotonic() + limits.VAIN_FILL_MS)
    else {
      const ends = copy.expires + steady.shift
      copies.set(key, { ...copy, ends }, bytesOf(copy), ends)
    }
    return copy
  }

  /** By the wall clock of now, by which what is certified ends whenever that is. */
  function kept(key: string): Copy | undefined {
    const now = clock.now()
    const copy = copies.get(key, now + steady.shift)
    if (copy === undefined) return undefined
    if (copy.reply.kind === 'entry') return copy.expires > now ? copy : undefined
    return { ...copy, expires: copy.ends - steady.shift }
  }

  return {
    async answer(from, question, level, reads) {
      // Nobody has this node read what no replica has called popular.
      const hint = hintOf(question.name)
      if (level < 1 || popular.levelOf(hint) < level) return UNKNOWN
      const key = questionKey(question)
      copyReads++
      let copy = kept(key)
      const expires = copy?.expires ?? clock.now() + limits.VAIN_FILL_MS
      const counted = stated.counted({ hint, key, from, level: level + 1, reads, expires })
      bounded(served, key, (served.get(key) ?? 0) + counted)
      if (copy === undefined) {
        if ((vain.get(key) ?? 0) > clock.monotonic()) return UNKNOWN
        let read = filling.get(key)
        if (read === undefined) {
          if (filling.size >= limits.MAX_FILLS) return { kind: 'busy' }
          read = filled(key, question, level - 1).finally(() => filling.delete(key))
          filling.set(key, read)
        }
        copy = await read
      }
      return copy === undefined ? UNKNOWN : asOfNow(copy, clock.now())
    },
    stats: () => ({ copies: copies.size, copyReads, copyFills }),
  }
}

/** A copy lives no longer for having been kept. */
function asOfNow({ reply, expires }: Copy, now: number): ChunkReply {
  if (reply.kind === 'entry') return reply
  const seconds = Math.floor((expires - now) / 1_000)
  return seconds > 0 ? { ...reply, seconds } : UNKNOWN
}

function bytesOf({ reply }: Copy): number {
  return limits.DECODED_FACTOR * encodeReply(reply).length
}

function bounded(map: Map<string, number>, key: string, value: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > limits.MAX_WARM) map.delete(map.keys().next().value!)
}
