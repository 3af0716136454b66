/** One signed answer as bytes: on disk, and on its way to another replica. With the links of its chain of trust, as far as they fit. Pure. */
import { isChordnsError } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { decodeOutcome, encodeOutcome, evidenceLimits, type Outcome, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { linkValues, readLinkRows } from '../wire/links.ts'
import { readBytes, readCbor, readInteger, readName, readRow } from '../wire/reading.ts'

/** What somebody says is signed. Nothing of it counts before it was verified; `expires` (unix ms) is only good for dropping it. */
export interface SignedClaim {
  readonly question: Question
  readonly outcome: Outcome
  readonly expires: number
  readonly links: readonly ProofLink[]
}

/** Rows of agreed entries have the versions below. */
const VERSION = 3

export function proofRowOf({ question, outcome, expires, links }: SignedClaim): Uint8Array {
  const { name, type, class: classNumber } = question
  const fields = [VERSION, name.wire, type, classNumber, encodeOutcome(outcome), expires] as const
  const room = limits.MAX_PROOF_ROW_BYTES - encodeCanonical([...fields, []]).length
  return encodeCanonical([...fields, linkValues(links, room)])
}

/** Undefined for what is no row of a signed answer, or of a version that is not known. */
export function readProofRow(bytes: Uint8Array): SignedClaim | undefined {
  try {
    const row = readRow(readCbor(bytes, limits.MAX_ARCHIVED_BYTES, 'row'), 7, 'row')
    const [version, name, type, classNumber, content, expires, links] = row
    if (version !== VERSION) return undefined
    return {
      question: {
        name: readName(name),
        type: readInteger(type, 0, 0xffff, 'type'),
        class: readInteger(classNumber, 1, 0xffff, 'class'),
      },
      outcome: decodeOutcome(readBytes(content, 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')),
      expires: readInteger(expires, 0, Number.MAX_SAFE_INTEGER, 'time'),
      links: readLinkRows(links),
    }
  } catch (error) {
    if (isChordnsError(error)) return undefined
    throw error
  }
}
