/** Tells a zone that asks for it that its data did not validate (RFC 9567). */
import { Budget } from '../../base/index.ts'
import type { ExtendedError, Question } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { RecurseRequest } from '../job/types.ts'
import type { ServersEngine } from '../servers/engine.ts'

/** Sent in the background, and over TCP, so that nobody can send a report with our address. A report that fails is only logged. */
export function reportBogus(
  engine: ServersEngine,
  question: Question,
  ede: readonly ExtendedError[],
  fetch: (request: RecurseRequest) => Promise<Finding>,
): void {
  const report = engine.reporting?.reportFor(question, ede)
  if (report === undefined) return
  const { REPORT_QUERIES: queries, REPORT_BYTES: bytes, REPORT_MS: timeMs } = engine.limits
  const budget = new Budget({ queries, bytes, timeMs, signatures: 0, hashes: 0 }, engine.monotonic)
  const signal = new AbortController().signal
  fetch({ question: report, budget, signal, origin: 'any', checkingDisabled: true, tcpOnly: true }).catch(
    (error: unknown) => engine.deps.log.debug({ failure: error }, 'an error report was not taken'),
  )
}
