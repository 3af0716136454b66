/** What this node answers to the requests of other replicas about chains. */
import { type Clock, type PeerId, toHex } from '../../base/index.ts'
import { type CheckCharges, Rates } from '../../chunks/index.ts'
import type { ChainBook } from '../disk/book.ts'
import { limits } from '../limits.ts'
import { peersOfGroup } from '../state/descriptor.ts'
import type { Accusing } from './accusing.ts'
import type { Founding } from './founding.ts'
import type { ChainsReply, ChainsRequest } from './messages.ts'
import type { Post } from './requests.ts'
import type { RunningChains } from './running-chains.ts'

export interface ChainAnswersDeps {
  readonly clock: Clock
  readonly book: ChainBook
  readonly running: RunningChains
  readonly founding: Founding
  readonly post: Post
  readonly checks: CheckCharges
  readonly accusing: Accusing
}

export class ChainAnswers {
  readonly #deps: ChainAnswersDeps
  readonly #bytes: Rates
  readonly #wakes: Rates
  readonly #opens: Rates
  refused = 0

  constructor(deps: ChainAnswersDeps) {
    const rate = (perSecond: number, burst: number) => new Rates(deps.clock, perSecond, burst, limits.MAX_RATED)
    this.#deps = deps
    this.#bytes = rate(limits.BYTES_PER_SECOND, limits.BYTES_BURST)
    this.#wakes = rate(limits.WAKES_PER_SECOND, limits.WAKES_BURST)
    this.#opens = rate(limits.OPENS_PER_SECOND, limits.OPENS_BURST)
  }

  /** `size`: bytes of the request. */
  answer(from: PeerId, request: ChainsRequest, size: number): ChainsReply {
    const { founding, checks } = this.#deps
    if (!this.#bytes.spend(from, size) || this.#deps.checks.isSpent(from)) return { kind: 'busy' }
    if (request.kind === 'message') return this.#answerMessage(from, request.chainId, request.bytes)
    if (!this.#opens.spend(from)) return { kind: 'busy' }
    if (request.kind === 'evidence') {
      const { evidence } = request
      return checks.during(from, () => this.#deps.accusing.take(evidence)) ? { kind: 'ack' } : this.#refuse()
    }
    if (request.kind === 'inquire') return founding.answerInquiry(request.chunk, request.group)
    const { descriptor, proof } = request
    if (checks.during(from, () => founding.consider(from, descriptor, proof)) === 'refused') return this.#refuse()
    const current = founding.current(descriptor.chunk)
    return current === undefined ? { kind: 'ack' } : { kind: 'chain', ...founding.present(current) }
  }

  #answerMessage(from: PeerId, chainId: Uint8Array, bytes: Uint8Array): ChainsReply {
    const { book, running, founding, post, checks } = this.#deps
    const known = book.get(toHex(chainId))
    if (known === undefined) return { kind: 'unknown' }
    if (!peersOfGroup(known.descriptor).has(from)) return this.#refuse()
    const open = running.get(known.id) ?? (this.#wakes.spend(from) ? running.wake(known, true) : undefined)
    if (open === undefined) return { kind: 'busy' }
    if (!checks.during(from, () => open.receive(from, bytes))) this.refused++
    const current = founding.current(known.descriptor.chunk)
    // It may not know that the group is on another one.
    const elsewhere = current !== undefined && current !== known && current.group === known.group
    return elsewhere && post.mayTell(known, from) ? { kind: 'chain', ...founding.present(current) } : { kind: 'ack' }
  }

  #refuse(): ChainsReply {
    this.refused++
    return { kind: 'refused' }
  }
}
