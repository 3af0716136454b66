/** The addresses of this machine. */
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
