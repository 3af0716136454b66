/** What is answered without recursion (RD=0) although it is not this node's own. Pure. */
import { Class, type Question, Type } from '../dns/index.ts'

/**
 * The name servers of the root, which `dig +trace` begins with. They are the same everywhere, so that nobody learns by them what
 * was asked here (cache snooping); of all other names that would be so.
 */
export function isPublic({ name, type, class: classNumber }: Question): boolean {
  return name.labels === 0 && type === Type.NS && classNumber === Class.IN
}
