/** Names as NSEC3 chains order them: for whoever keeps NSEC3 records and looks for the right one (RFC 5155 section 5). */
import { type Budget, latin1 } from '../base/index.ts'
import { nsec3Digest } from '../crypto/index.ts'
import { canonicalName, type Name } from '../dns/index.ts'
import { hashPrice, type Nsec3Record } from './nsec3.ts'

export type Nsec3Params = Pick<Nsec3Record, 'iterations' | 'salt'>

/** 20 octets as a latin1 string, as in `Nsec3Record.owner`. Throws BUDGET_SPENT. */
export function nsec3Hash(name: Name, { iterations, salt }: Nsec3Params, budget: Budget): string {
  budget.take('hashes', hashPrice(iterations, salt.length))
  return latin1(nsec3Digest(canonicalName(name).wire, salt, iterations))
}
