/** The short form of `npm run test:diff`: 500 questions of Unbound, BIND, Knot Resolver and chordns, on a signed Internet in a namespace. */
import { expect, it } from 'vitest'
import { canRun, PROGRAMS, runDifferential } from '../diff/harness.ts'
import { detailsOf, summaryOf, tableOf } from '../diff/report.ts'

/** Without the fast path all of it is asked a second time: fewer of the same questions show whether that makes a difference. */
const QUESTIONS = process.env['CHORDNS_SERVE_FAST'] === 'false' ? 120 : 500
const runnable = canRun()
if (!runnable) console.warn(`skipped: the differential test needs root, ip, and ${PROGRAMS.join(', ')}`)

it.skipIf(!runnable)(
  `agrees with what two of Unbound, BIND and Knot Resolver agree to, and fails no name that one finds, in ${QUESTIONS} questions`,
  async () => {
    const run = await runDifferential({ questions: QUESTIONS, seed: 1, progress: () => {} })
    console.log(tableOf(run))
    expect(detailsOf(run)).toBe('')
    // A run in which nothing worked would have no differences either.
    const { same, referencesDiffer } = summaryOf(run)
    expect(run.questions).toBe(QUESTIONS)
    expect(run.validates).toBe(true)
    expect(same).toBeGreaterThan(0.7 * QUESTIONS)
    expect(referencesDiffer).toBeLessThan(0.2 * QUESTIONS)
  },
)
