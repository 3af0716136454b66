/** What was asked for lately, the newest last: so many questions and no more. */
import type { Question } from '../../dns/index.ts'

export class HotQuestions {
  readonly #questions = new Map<string, { readonly question: Question; times: number }>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  note(question: Question): void {
    const key = `${question.type} ${question.name.key}`
    const known = this.#questions.get(key) ?? { question, times: 0 }
    known.times++
    this.#questions.delete(key)
    this.#questions.set(key, known)
    if (this.#questions.size > this.#most) this.#questions.delete(this.#questions.keys().next().value!)
  }

  /** What was asked for last comes first. `least`: so many times at least. */
  all(least: number): Question[] {
    return [...this.#questions.values()].flatMap(({ question, times }) => (times < least ? [] : [question])).reverse()
  }
}
