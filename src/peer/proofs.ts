/** What the ring's replies are checked with: this node's own validation, and the links that it can give to others. */
import { Budget, type BudgetLimits, type Clock, isChordnsError } from '../base/index.ts'
import type { ProofSource } from '../chunks/index.ts'
import { isBogusFailure, type Recursor } from '../recurse/index.ts'

/** For one proof that a peer brought: links of the chain that nobody sent are fetched; the answer itself never is. */
const VERIFY: BudgetLimits = { queries: 12, bytes: 60_000, timeMs: 3_000, signatures: 32, hashes: 200 }

export function proofSource(recursor: Recursor, clock: Clock): ProofSource {
  return {
    async verify(finding, links, signal) {
      const budget = new Budget(VERIFY, () => clock.monotonic())
      try {
        const request = { budget, signal, origin: 'any', checkingDisabled: false } as const
        const judged = await recursor.validate(finding, request, links)
        return judged.evidence.security === 'secure' ? judged : 'unproven'
      } catch (error) {
        if (isChordnsError(error, 'BUDGET_SPENT')) return 'unproven'
        if (isBogusFailure(error)) return 'bogus'
        if (isChordnsError(error, 'RECURSE_FAILED')) return 'unproven'
        throw error
      }
    },
    links: (question, from) => recursor.links(question.name, from),
    knownCut: (question) => recursor.knownCut(question.name),
  }
}
