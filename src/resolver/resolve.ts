/** A stub's question from start to end: local names first, then link after link along the CNAMEs, then one answer. */
import { ChordnsError, errorText, isChordnsError } from '../base/index.ts'
import { Ede, type ExtendedError, Rcode } from '../dns/index.ts'
import { compose } from './compose.ts'
import { follow, type Link } from './follow.ts'
import { createLinkResolver, type LinkModules, type LinkResolver, newBudget } from './link.ts'
import type { ResolverOptions } from './options.ts'
import { specialAnswer } from './special.ts'
import type { Resolution, ResolveRequest, Resolver } from './types.ts'

export function createResolver(modules: LinkModules, options: ResolverOptions): Resolver {
  const resolveLink = createLinkResolver(modules, options)
  return { resolve: (request) => resolve(modules, resolveLink, request) }
}

async function resolve(modules: LinkModules, resolveLink: LinkResolver, request: ResolveRequest): Promise<Resolution> {
  const local = specialAnswer(request.question)
  if (local !== undefined) {
    request.onStep?.({ kind: 'local', question: request.question, detail: local.detail })
    return {
      rcode: local.rcode,
      answers: local.answers,
      authorities: local.authorities,
      security: 'insecure',
      provenance: 'local',
      ede: [],
      findings: [],
      authoritative: true,
    }
  }
  if (!request.recursionDesired) return failure(Rcode.REFUSED, [], [])
  const budget = newBudget(modules.clock)
  const links: Link[] = []
  try {
    await follow(modules, resolveLink, request, budget, links)
  } catch (error) {
    if (isChordnsError(error, 'ABORTED') && request.signal.aborted) throw error
    modules.log.debug({ error: errorText(error) }, 'question failed')
    return failure(
      error instanceof ChordnsError && error.code === 'DNAME_TOO_LONG' ? Rcode.YXDOMAIN : Rcode.SERVFAIL,
      extendedErrors(error),
      links,
    )
  }
  return compose(links, request, modules.clock.now())
}

function failure(rcode: number, ede: readonly ExtendedError[], links: readonly Link[]): Resolution {
  return {
    rcode,
    answers: [],
    authorities: [],
    security: 'indeterminate',
    provenance: undefined,
    ede,
    findings: links.map((link) => link.finding),
    authoritative: false,
  }
}

/** Every failure tells the stub why (RFC 8914). */
function extendedErrors(error: unknown): readonly ExtendedError[] {
  if (!(error instanceof ChordnsError)) return [{ code: Ede.OTHER, text: 'internal error' }]
  const detail = error.detail as { readonly ede?: readonly ExtendedError[] }
  if (detail.ede !== undefined && detail.ede.length > 0) return detail.ede
  if (error.code === 'RESOLVER_BUSY') return [{ code: Ede.NOT_READY, text: error.message }]
  return [{ code: Ede.OTHER, text: error.message }]
}
