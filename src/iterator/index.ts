/**
 * The decisions of iteration, without any waiting: `recurse/` asks, these functions say what to make of it. In the order of a query:
 *
 * - `nextMinimised` says which name to ask for, `randomiseCase` in which case (0x20);
 * - `serversUsed`, `serversAt` and `configuredServers` make servers of a delegation, `pickServer` says which one, `timeoutFor` how long;
 * - `matchReply` says whether bytes are its reply; then `withLowerQuestion`, decoding, and `classify` for what it says;
 * - `afterReply`, `afterTimeout`, `afterRefusal` and `stepIpv6` are what is learnt from it.
 */
export { endpointText, familyOf, mayAsk, normalAddress, sameAddress } from './addresses.ts'
export { randomiseCase } from './caserandom.ts'
export { classify } from './classify.ts'
export { dnameTarget } from './dname.ts'
export { IPV6_UNKNOWN, type Ipv6Event, type Ipv6State, ipv6OnTrial, ipv6Usable, stepIpv6 } from './families.ts'
export { builtinHints, parseHints, type RootHint } from './hints.ts'
export { limits as iteratorLimits } from './limits.ts'
export { type Match, matchReply, type Sent, withLowerQuestion } from './match.ts'
export { type MinimiseMode, type MinimiseState, nextMinimised } from './minimise.ts'
export { addressesOf, glueOf } from './scrub.ts'
export {
  afterRefusal,
  afterReply,
  afterTimeout,
  type Candidate,
  firstTimeout,
  pickServer,
  sample,
  timeoutFor,
  UNKNOWN_SERVER,
} from './selection.ts'
export { configuredServers, serversAt, serversUsed } from './servers.ts'
export type { AddressRules, Asked, Extra, Reply, Server, ServerState } from './types.ts'
