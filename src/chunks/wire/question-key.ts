import { type Question, rrsetKey } from '../../dns/index.ts'

/** How a question is named in maps, digests and pulls: the same at every member. */
export function questionKey(question: Question): string {
  return rrsetKey(question.name, question.type, question.class)
}
