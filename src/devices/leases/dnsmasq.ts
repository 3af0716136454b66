/** dnsmasq.leases: `EXPIRES MAC ADDRESS NAME CLIENT-ID`, and below a line `duid ...` the same for IPv6 with an IAID in the place of the MAC. Pure. */
import { normalIp, normalMac } from '../addresses.ts'
import type { FactsRead } from '../facts.ts'
import { FactList } from './fact-list.ts'

/** `now`: Unix seconds. */
export function readDnsmasq(text: string, now: number): FactsRead {
  const list = new FactList()
  for (const [line, number] of list.lines(text)) {
    const [expires = '', hardware = '', address = '', name = '*'] = line.trim().split(/\s+/)
    if (expires === 'duid') continue
    const ip = normalIp(address)
    if (!/^\d{1,12}$/.test(expires) || ip === undefined) {
      list.fault(number, 'no lease of dnsmasq')
      continue
    }
    // 0: for ever.
    if (expires !== '0' && Number(expires) < now) continue
    // Another type of hardware stands before the address: 06-02:00:...
    const mac = normalMac(hardware.replace(/^[0-9a-f]{2}-(?=[^:]*:)/i, ''))
    list.add({ address: ip, mac, name: name === '*' ? undefined : name })
  }
  return list.read()
}
