/** Follows aliases link by link; each link has its own evidence. */
import { type Budget, ChordnsError, type Clock } from '../base/index.ts'
import {
  cnameTarget,
  type ExtendedError,
  isSubdomain,
  type Name,
  type Question,
  type RRset,
  sameName,
  Type,
} from '../dns/index.ts'
import type { Finding } from '../evidence/index.ts'
import { dnameTarget } from '../recurse/index.ts'
import { limits } from './limits.ts'
import type { LinkResolver } from './link/types.ts'
import type { ResolveRequest } from './types.ts'

export interface Link {
  readonly finding: Finding
  /** The CNAME that a DNAME stands for (RFC 6672 section 3.1); never signed. */
  readonly synthesised: RRset | undefined
  /** The chain ends here, since the next name would be too long: YXDOMAIN. */
  readonly isTooLong: boolean
  /** Such as that it is stale. */
  readonly ede: readonly ExtendedError[]
  /** False: other clients may get something else. */
  readonly isForAll?: boolean
}

/**
 * Adds the links to `links` as they come, so that they are there when a later one fails. Rejects with what the link resolver
 * rejects with, or CNAME_LOOP, CNAME_TOO_LONG; BUDGET_SPENT when the question's time is over.
 */
export async function follow(
  clock: Clock,
  resolveLink: LinkResolver,
  request: ResolveRequest,
  budget: Budget,
  links: Link[],
): Promise<void> {
  const seen = new Set<string>()
  let question: Question = request.question
  // One deadline for the whole question, whatever it is waiting for.
  const control = new AbortController()
  const onAbort = () => control.abort(request.signal.reason)
  request.signal.addEventListener('abort', onAbort, { once: true })
  const deadline = clock.after(budget.timeLeft(), () => control.abort())
  try {
    for (;;) {
      if (seen.has(question.name.key)) throw new ChordnsError('CNAME_LOOP', 'the CNAME chain loops', {})
      if (seen.size > limits.MAX_CNAME_CHAIN)
        throw new ChordnsError('CNAME_TOO_LONG', 'the CNAME chain is too long', {})
      seen.add(question.name.key)
      const {
        finding,
        ede,
        isForAll = true,
      } = await resolveLink({
        question,
        checkingDisabled: request.checkingDisabled,
        client: request.client,
        budget,
        signal: control.signal,
        onStep: request.onStep,
      })
      const alias = aliasOf(finding, question)
      const isTooLong = alias !== undefined && alias.target === undefined
      links.push({ finding, ede, isForAll, isTooLong, synthesised: alias?.synthesised })
      if (alias?.target === undefined || question.type === Type.CNAME) return
      question = { ...question, name: alias.target }
    }
  } catch (error) {
    if (control.signal.aborted && !request.signal.aborted)
      throw new ChordnsError('BUDGET_SPENT', 'the budget of this question is spent: time', { resource: 'time' })
    throw error
  } finally {
    deadline()
    request.signal.removeEventListener('abort', onAbort)
  }
}

interface Alias {
  /** Undefined: a DNAME leads to a name that is too long (RFC 6672 section 2.2). */
  readonly target: Name | undefined
  readonly synthesised: RRset | undefined
}

function aliasOf({ outcome }: Finding, { name, type }: Question): Alias | undefined {
  if (outcome.kind !== 'rrset') return undefined
  const { rrset } = outcome
  if (rrset.type === type && sameName(rrset.name, name)) return undefined
  if (rrset.type === Type.CNAME) return { target: cnameTarget(rrset.rdatas[0]!), synthesised: undefined }
  if (rrset.type !== Type.DNAME || name.labels <= rrset.name.labels || !isSubdomain(name, rrset.name)) return undefined
  const target = dnameTarget(name, rrset.name, rrset.rdatas[0]!)
  if (target === undefined) return { target: undefined, synthesised: undefined }
  const synthesised: RRset = { ...rrset, name, type: Type.CNAME, rdatas: [target.wire], signatures: [] }
  return { target, synthesised }
}
