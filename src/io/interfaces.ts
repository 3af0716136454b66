/** The addresses of this machine. */
import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Of interfaces that are up. An address of a link has the name of its interface: `fe80::1%eth0`. Throws where the system does not say. */
export function localAddresses(): { readonly address: string; readonly scope: number }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map((one) => {
      const scope = one.family === 'IPv6' ? one.scopeid : 0
      return { address: scope === 0 ? one.address : `${one.address}%${name}`, scope }
    }),
  )
}

/** False for an address that this machine does not have; true where the system does not say. */
export function hasAddress(address: string): boolean {
  try {
    const wanted = new BlockList()
    wanted.addAddress(address, isIPv6(address) ? 'ipv6' : 'ipv4')
    const ours = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
    return ours.some(({ address: one, family }) => wanted.check(one, family === 'IPv6' ? 'ipv6' : 'ipv4'))
  } catch {
    return true
  }
}
