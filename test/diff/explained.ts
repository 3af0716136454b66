/** Differences that are meant: each with the reason and the RFC that leaves the choice to us. Keep it short. */
import type { Field, Replies } from './compare.ts'
import { questionText } from './questions.ts'
import type { Question } from './types.ts'

export interface Explanation {
  /** Of "name TYPE flags". */
  readonly pattern: RegExp
  readonly fields: readonly Field[]
  readonly reason: string
  /** Narrows it further, where the question alone does not say enough. */
  readonly when?: (replies: Replies) => boolean
}

const EXPLANATIONS: readonly Explanation[] = []

export function explanationOf(question: Question, replies: Replies, fields: readonly Field[]): Explanation | undefined {
  const text = questionText(question)
  return EXPLANATIONS.find(
    (one) =>
      one.pattern.test(text) && fields.every((field) => one.fields.includes(field)) && (one.when?.(replies) ?? true),
  )
}
