/**
 * One read of a name brings what the replica has of its other types as well: a browser asks for A, AAAA and HTTPS at once, and all
 * three are in one chunk. What came along is kept for a moment and weighed, with its own evidence, when its question is asked;
 * nothing of it goes anywhere before.
 */
import type { Clock, PeerId } from '../../base/index.ts'
import { type Question, Type } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { BesideReply, ChunkReply } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'

/** Types that are asked together. */
const TOGETHER: readonly number[] = [Type.A, Type.AAAA, Type.HTTPS]

/** The questions that are likely to be asked along with this one. */
export function besideOf({ name, type, class: dnsClass }: Question): Question[] {
  if (!TOGETHER.includes(type)) return []
  return TOGETHER.filter((other) => other !== type).map((other) => ({ name, type: other, class: dnsClass }))
}

export interface Companion {
  readonly peer: PeerId
  readonly reply: ChunkReply
}

export class Companions {
  readonly #clock: Clock
  readonly #heard = new Map<string, Companion & { readonly at: number }>()
  /** Reads under way, by name. */
  readonly #reading = new Map<string, Promise<unknown>>()
  /** Types of a name that were answered by what came along: their replicas have not heard that they are asked for. */
  readonly #used = new Map<string, Set<number>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The read of another type of this name that is under way: what it brings may be enough. */
  reading(question: Question): Promise<unknown> | undefined {
    return TOGETHER.includes(question.type) ? this.#reading.get(question.name.key) : undefined
  }

  /** Says to others that this read is under way. */
  during<T>(question: Question, read: Promise<T>): Promise<T> {
    const { key } = question.name
    if (!TOGETHER.includes(question.type) || this.#reading.has(key)) return read
    const settled = read.then(
      () => {},
      () => {},
    )
    this.#reading.set(key, settled)
    void settled.then(() => this.#reading.delete(key))
    return read
  }

  /** What came beside an answer. */
  put(question: Question, peer: PeerId, reply: ChunkReply): void {
    const { beside = [], links } = reply as Partial<Extract<ChunkReply, { kind: 'entry' }>>
    const wanted = besideOf(question)
    for (const one of beside) {
      const about = wanted.find(({ type }) => type === one.type)
      if (about === undefined) continue
      const at = this.#clock.monotonic()
      const key = questionKey(about)
      this.#heard.delete(key)
      this.#heard.set(key, { peer, reply: { ...one.reply, ...(links !== undefined && { links }) }, at })
      if (this.#heard.size > limits.MAX_COMPANIONS) this.#heard.delete(this.#heard.keys().next().value!)
    }
  }

  /** What came along for this question a moment ago; once. It lives no longer for having waited here. */
  take(question: Question): Companion | undefined {
    const key = questionKey(question)
    const heard = this.#heard.get(key)
    this.#heard.delete(key)
    if (heard === undefined) return undefined
    const waitedMs = this.#clock.monotonic() - heard.at
    if (waitedMs > limits.COMPANION_MS) return undefined
    const { peer, reply } = heard
    if (reply.kind !== 'proof') return { peer, reply }
    return { peer, reply: { ...reply, seconds: Math.max(0, reply.seconds - Math.ceil(waitedMs / 1_000)) } }
  }

  /** A question was answered by what came along. */
  use({ name, type }: Question): void {
    const used = this.#used.get(name.key) ?? new Set()
    this.#used.delete(name.key)
    this.#used.set(name.key, used.add(type))
    if (this.#used.size > limits.MAX_COMPANIONS) this.#used.delete(this.#used.keys().next().value!)
  }

  /** Types of this name that were used since a replica heard of it last. */
  takeUsed(question: Question): number[] {
    if (!TOGETHER.includes(question.type)) return []
    const used = this.#used.get(question.name.key)
    this.#used.delete(question.name.key)
    return [...(used ?? [])].filter((type) => type !== question.type)
  }
}

/** Of what a replica says of another type only that which stands alone goes along. */
export function standing(type: number, word: ChunkReply): BesideReply[] {
  return word.kind === 'entry' || word.kind === 'proof' ? [{ type, reply: word }] : []
}
