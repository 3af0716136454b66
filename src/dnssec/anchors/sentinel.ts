/** The root key sentinel: names whose answer tells the asker which root keys this resolver trusts. RFC 8509. */
import { firstLabel, type Question, Type } from '../../dns/index.ts'

const LABEL = /^root-key-sentinel-(is|not)-ta-(\d{5})$/

export interface SentinelState {
  /** Key tags of the root keys that are trusted now. */
  readonly rootTags: readonly number[]
  /** The answer's own verdict: only a validated answer is replaced. */
  readonly secure: boolean
  readonly checkingDisabled: boolean
}

/** True when the answer must be SERVFAIL instead of what was found (section 2.2). */
export function sentinelFails(question: Question, { rootTags, secure, checkingDisabled }: SentinelState): boolean {
  if (!secure || checkingDisabled || (question.type !== Type.A && question.type !== Type.AAAA)) return false
  const match = LABEL.exec(String.fromCharCode(...firstLabel(question.name)).toLowerCase())
  if (match === null) return false
  const trusted = rootTags.includes(Number(match[2]))
  return match[1] === 'is' ? !trusted : trusted
}
