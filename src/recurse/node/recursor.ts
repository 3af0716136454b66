/** Puts the parts of a recursor together. */
import type { Finding } from '../../evidence/index.ts'
import { Inference } from '../denials/infer.ts'
import { FlightTable } from '../job/flights.ts'
import type { RecursorDeps, ValidationOptions } from '../job/options.ts'
import type { RecurseRequest, Recursor } from '../job/types.ts'
import { MAIN } from '../job/zones.ts'
import { linksTo } from '../trust/given.ts'
import { Trust } from '../trust/trust.ts'
import { WrongClock } from '../trust/wrong-clock.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { ownDelegation } from '../walk/own-delegation.ts'
import { Primer } from '../walk/prime.ts'
import { createEngine } from './engine.ts'
import { createFetch } from './fetch.ts'
import { resolveValidated, validateCopy } from './validated.ts'
import type { ValidatingDeps } from './validating.ts'

/** Resolves by asking authoritative servers, and nobody else. Sends nothing before the first question. */
export function createRecursor(deps: RecursorDeps): Recursor {
  const engine = createEngine(deps)
  const primer = new Primer(engine)
  const flights = new FlightTable<Finding>(engine.monotonic, engine.limits.GIVE_WAY_MS)
  const fetchTask = createFetch(engine, primer, flights)
  const fetch: ValidatingDeps['fetch'] = (request, context, more = {}) =>
    fetchTask({ request, context, depth: 0, parent: undefined, ...more })
  const validating = deps.validation === undefined ? undefined : validatingDeps(engine, deps.validation, fetch)
  const contextFor = (request: RecurseRequest) => request.context ?? engine.zones.contextOf(request.question)

  return {
    resolve: (request) => {
      const context = contextFor(request)
      return validating === undefined ? fetch(request, context) : resolveValidated(validating, request, context)
    },
    validate: async (finding, request, links = []) =>
      validating === undefined ? finding : validateCopy(validating, finding, request, links),
    infer: (request) => validating?.inference.answer(request, contextFor(request)),
    links: (name, from) => linksTo(engine, MAIN, name, from),
    knownCut: (name) => validating?.trust.deepestCut(name),
    delegation: (zone, request) => ownDelegation(engine, zone, request, (inner) => fetch(inner, inner.context ?? MAIN)),
    validates: validating !== undefined,
    anchors: () => deps.validation?.anchors() ?? [],
    prime: (signal) => primer.prime(signal),
    contextOf: (question) => engine.zones.contextOf(question),
    forget: (name, reach) => {
      engine.servers.forgetUseless(name, reach)
      if (name.labels === 0) primer.forget()
      return validating?.trust.forgetAt(name, reach) ?? 0
    },
    stats: () => ({ ...engine.counters, inFlight: flights.size }),
  }
}

function validatingDeps(
  engine: WalkEngine,
  options: ValidationOptions,
  fetch: ValidatingDeps['fetch'],
): ValidatingDeps {
  const { limits, now, monotonic, outage } = engine
  const trust = new Trust(options, { limits, now, monotonic, moves: () => outage.moves })
  const wrongClock = new WrongClock(engine, options)
  return { engine, trust, inference: new Inference(engine, trust), wrongClock, fetch }
}
