/** One validation: what is to be validated, and by which means links may be had. */
import type { Budget } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Need } from '../../dnssec/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import type { IterationStep } from '../job/types.ts'
import type { GivenLinks } from './given.ts'

/** What is to be validated, and for whom. */
export interface ValidationTask {
  readonly finding: Finding
  readonly context: CacheContext
  readonly budget: Budget
  /** Fetches without validating: the links of the chain validate each other. `avoid`: as `FetchCopy` says. */
  readonly fetch: (question: Question, fresh: boolean, avoid: ReadonlySet<string>) => Promise<Finding>
  readonly onStep: ((step: IterationStep) => void) | undefined
  /** Links that came beside the finding, from whoever brought it. */
  readonly given?: GivenLinks
  /** A link that cannot be fetched, as the ring has it: it has to validate like any other. */
  readonly agreedLink?: ((need: Need) => Promise<Outcome | undefined>) | undefined
}
