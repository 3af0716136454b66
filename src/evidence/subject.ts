/**
 * What is observed: an answer, or the delegation of a zone. A delegation is asked for as type 0 of the zone's name: that type
 * is never data (RFC 6895 section 3.1: it stands for SIG(0)), so that no question of a stub can mean it, a signature under one
 * never counts for the other, and both are kept, read and handed over alike (docs/decisions/0034).
 */
import { Class, type Name, type Question } from '../dns/index.ts'

const DELEGATION_TYPE = 0

/** NS, DS and glue of `zone` as its parent says them. */
export function delegationQuestion(zone: Name): Question {
  return { name: zone, type: DELEGATION_TYPE, class: Class.IN }
}

export function isDelegation(question: Question): boolean {
  return question.type === DELEGATION_TYPE
}
