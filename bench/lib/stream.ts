/** A stream of questions as many devices ask them: by popularity, at moments that know nothing of each other. */
import { seeded } from './stats.ts'
import type { AskQuestion } from './world-parts.ts'

/** Of the names that people look up (Jung et al. 2002, Breslau et al. 1999: 0.9 to 1). */
const ZIPF = 0.95

export interface Asking {
  readonly question: AskQuestion
  /** Ms after the start. */
  readonly at: number
}

export interface StreamOptions {
  readonly count: number
  /** Questions a second. */
  readonly rate: number
  readonly seed: number
}

/** `questions`: the most popular first. */
export function streamOf(questions: readonly AskQuestion[], { count, rate, seed }: StreamOptions): Asking[] {
  const chance = seeded(seed + 1_000)
  const weights = questions.map((_, rank) => 1 / (rank + 1) ** ZIPF)
  const total = weights.reduce((sum, one) => sum + one, 0)
  let at = 0
  return Array.from({ length: count }, () => {
    at += (-Math.log(1 - chance()) * 1_000) / rate
    let left = chance() * total
    const index = weights.findIndex((weight) => {
      left -= weight
      return left <= 0
    })
    return { question: questions[index === -1 ? 0 : index]!, at }
  })
}
