/** Whether an address is one of a zone's servers, as this node came to know them. It only looks into the cache. */
import type { Cache } from '../../cache/index.ts'
import { addressRdata, addressText, Class, type Name, sameName, Type } from '../../dns/index.ts'

const MAIN = 'main'

/** `address`: as the socket names it. Of a zone whose delegation is not known nobody is. */
export function isServerOf(cache: Cache, zone: Name, address: string, now: number): boolean {
  const delegation = cache.delegation(MAIN, zone, now)?.delegation
  if (delegation === undefined || !sameName(delegation.zone, zone)) return false
  const wanted = normal(address)
  const isIt = (known: string) => normal(known) === wanted
  return delegation.nameServers.some(
    (server) =>
      delegation.addresses.get(server.key)?.some(isIt) === true || cachedAddresses(cache, server, now).some(isIt),
  )
}

function cachedAddresses(cache: Cache, name: Name, now: number): string[] {
  return [Type.A, Type.AAAA].flatMap((type) => {
    const outcome = cache.get(MAIN, { name, type, class: Class.IN }, now)?.outcome
    return outcome?.kind === 'rrset' && outcome.rrset.type === type ? outcome.rrset.rdatas.map(addressText) : []
  })
}

/** One text for one address; IPv4 as a socket for both families names it, too. */
function normal(address: string): string {
  const bare = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
  return addressText(addressRdata(bare).rdata)
}
