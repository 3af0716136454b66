/** The rules of a chain's own governance: data on the chain, which its members change (N44, M21). */
import { type CborField, type CborValue, encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { DEFAULT_RULES, limits } from './limits.ts'

const { readCbor, readRow, readInteger, readBoolean, readUtf8 } = ledgerReader
const RULES_KEY = Uint8Array.of(1)
const utf8 = new TextEncoder()

/** Times in ms of block time; what each means: `DEFAULT_RULES`. */
export interface GovernanceRules {
  readonly complaints: number
  readonly periodMs: number
  readonly motionMs: number
  readonly waitMs: number
  readonly repairMs: number
  readonly holdMs: number
  /** Whoever joins is a backup without seat until more than half of all promote it (N14). */
  readonly promotion: boolean
  /** What the chain's people have to say of their policy: words, or where they stand. */
  readonly text: string
}

export function readRules(own: StateReader): GovernanceRules {
  const value = own.get(RULES_KEY)
  return value === undefined
    ? { ...DEFAULT_RULES, text: '' }
    : rulesFromValue(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'rules'))
}

export function writeRules(own: Draft, rules: GovernanceRules): void {
  own.set(RULES_KEY, encodeCanonical(rulesToValue(rules)))
}

export function rulesToValue(rules: GovernanceRules): CborValue {
  const { complaints, periodMs, motionMs, waitMs, repairMs, holdMs, promotion, text } = rules
  return [complaints, periodMs, motionMs, waitMs, repairMs, holdMs, promotion, utf8.encode(text)]
}

/** Throws LEDGER_MALFORMED. */
export function rulesFromValue(value: CborField): GovernanceRules {
  const row = readRow(value, 8, 'rules')
  const term = (at: number, least: number, most: number) => readInteger(row[at], least, most, 'term')
  return {
    complaints: readInteger(row[0], limits.LEAST_COMPLAINTS, limits.MOST_COMPLAINTS, 'complaints'),
    periodMs: term(1, limits.LEAST_TERM_MS, limits.MOST_TERM_MS),
    motionMs: term(2, limits.LEAST_TERM_MS, limits.MOST_REVIEW_MS),
    waitMs: term(3, 0, limits.MOST_REVIEW_MS),
    repairMs: term(4, 0, limits.MOST_TERM_MS),
    holdMs: term(5, 0, limits.MOST_TERM_MS),
    promotion: readBoolean(row[6], 'promotion'),
    text: readUtf8(row[7], limits.MAX_TEXT, 'text'),
  }
}
