/** What is owed to which peer: entries that it missed, to be offered again. Bounded; beyond that nothing is remembered. Pure. */
import type { PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { questionKey } from '../wire/question-key.ts'

export class Debts {
  readonly #byPeer = new Map<PeerId, Map<string, Question>>()
  #size = 0

  /** Entries that are owed, over all peers. */
  get size(): number {
    return this.#size
  }

  peers(): PeerId[] {
    return [...this.#byPeer.keys()]
  }

  /** False when no more is remembered. */
  add(peer: PeerId, question: Question): boolean {
    if (this.#size >= limits.MAX_OWED_RECORDS) return false
    const key = questionKey(question)
    const ofPeer = this.#byPeer.get(peer) ?? new Map<string, Question>()
    if (!ofPeer.has(key)) this.#size++
    ofPeer.set(key, question)
    this.#byPeer.set(peer, ofPeer)
    return true
  }

  /** Forgets what is owed to a peer, entry after entry, as they are asked for. */
  *settle(peer: PeerId): Generator<Question> {
    const ofPeer = this.#byPeer.get(peer)
    if (ofPeer === undefined) return
    for (const [key, question] of ofPeer) {
      ofPeer.delete(key)
      this.#size--
      if (ofPeer.size === 0) this.#byPeer.delete(peer)
      yield question
    }
  }
}
