/** Which names an operator means who has one forgotten. Pure. */
import { fromLatin1 } from '../../base/index.ts'
import type { Reach } from '../../cache/index.ts'
import { isSubdomain, type Name, nameFromWire } from '../../dns/index.ts'

/** `key` is that of a name. */
export function isReached(key: string, name: Name, reach: Reach): boolean {
  if (reach === 'name' || !key.endsWith(name.key)) return key === name.key
  return isSubdomain(nameFromWire(fromLatin1(key)), name)
}
