/** Members that lie about records: each takes the place of a node's own answer to those who ask it. */
import type { PeerId } from '../../../src/base/index.ts'
import { chunkOf } from '../../../src/chunks/index.ts'
import {
  type ChunkReply,
  type ChunkRequest,
  decodeReply,
  decodeRequest,
  encodeReply,
} from '../../../src/chunks/wire/messages.ts'
import type { Signer } from '../../../src/crypto/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { paper } from '../../chunks/world.ts'
import type { Habit } from './plan.ts'

export interface LiarModules {
  readonly signer: Signer
  readonly now: () => number
  readonly lie: (question: Question) => Outcome
  /** Of the ring; default: 8. */
  readonly chunkBits?: number
  /** Keys of all members, to forge for. */
  readonly keys: () => readonly Uint8Array[]
  /** Another question that everybody knows. */
  readonly other: (question: Question) => Question
  readonly count: (what: string) => void
}

/** Answers a chunk message in the place of `honest`. */
export type Liar = (from: PeerId, body: Uint8Array, honest: () => Promise<Uint8Array>) => Promise<Uint8Array>

export function createLiar(habit: Habit, modules: LiarModules): Liar {
  const { signer, count } = modules
  /** First answers, shown for ever after. */
  const kept = new Map<string, Uint8Array>()
  const { chunkBits = 8 } = modules
  const mine = (question: Question, outcome: Outcome, change = {}) =>
    paper(signer, question, outcome, modules.now(), { chunk: chunkOf(question.name, chunkBits), ...change })
  const vote = (request: ChunkRequest): Uint8Array => {
    const { question } = request
    const outcome = modules.lie(question)
    const change = request.kind === 'round' ? { nonce: request.nonce } : {}
    return encodeReply({ kind: 'vote', observation: mine(question, outcome, change), outcome })
  }
  const tricks: Record<
    Habit,
    (from: PeerId, request: ChunkRequest, honest: () => Promise<Uint8Array>) => Promise<Uint8Array>
  > = {
    silent: () => new Promise(() => {}),
    async forging(_, { question }) {
      const outcome = modules.lie(question)
      // Its own signature is good; under the others' names it puts the same bytes.
      const own = mine(question, outcome)
      const observations = modules.keys().map((observer) => ({ ...own, observer }))
      return encodeReply({ kind: 'entry', certificate: { kind: 'agreed', contents: [], observations }, outcome })
    },
    async stale(_, request, honest) {
      const key = `${request.kind} ${request.question.name.key}`
      const now = await honest()
      const first = kept.get(key)
      if (first !== undefined) return first
      if (isWord(now)) kept.set(key, now)
      return now
    },
    async selective(from, request, honest) {
      return from.charCodeAt(from.length - 1) % 2 === 0 ? honest() : vote(request)
    },
    async wrongChunk(_, { question }) {
      const other = modules.other(question)
      const outcome = modules.lie(other)
      return encodeReply({ kind: 'vote', observation: mine(other, outcome), outcome })
    },
    async lying(_, request) {
      return vote(request)
    },
  }
  return async (from, body, honest) => {
    const request = decodeRequest(body)
    // What it is told it takes as anybody does; it lies to those who ask.
    if (request.kind !== 'read' && request.kind !== 'round') return honest()
    count(`lie ${habit}`)
    return tricks[habit](from, request, honest)
  }
}

function isWord(body: Uint8Array): boolean {
  const reply: ChunkReply = decodeReply(body)
  return reply.kind === 'vote' || reply.kind === 'entry'
}
