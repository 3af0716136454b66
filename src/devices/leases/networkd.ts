/** What the DHCP server of systemd-networkd keeps: JSON with a list `Leases`, whose addresses are lists of octets. Pure. */
import { normalIp, normalMac } from '../addresses.ts'
import type { FactsRead } from '../facts.ts'
import { limits } from '../limits.ts'
import { FactList } from './fact-list.ts'

/** `now`: Unix seconds. */
export function readNetworkd(text: string, now: number): FactsRead {
  const list = new FactList()
  const leases = leasesOf(text)
  if (leases === undefined) {
    list.fault(1, 'no leases of systemd-networkd')
    return list.read()
  }
  leases.slice(0, limits.MAX_FACTS).forEach((lease, at) => {
    const { Address, HardwareAddress, Hostname, ExpirationRealtimeUSec } = isRecord(lease) ? lease : {}
    const octets = octetsOf(Address, 4)
    const address = octets && normalIp(octets.join('.'))
    if (address === undefined) {
      list.fault(at + 1, 'a lease without an address')
      return
    }
    if (typeof ExpirationRealtimeUSec === 'number' && ExpirationRealtimeUSec / 1e6 < now) return
    const mac = octetsOf(HardwareAddress, 6)?.map((octet) => octet.toString(16))
    const name = typeof Hostname === 'string' && Hostname !== '' ? Hostname : undefined
    list.add({ address, mac: mac && normalMac(mac.join(':')), name })
  })
  return list.read()
}

function leasesOf(text: string): readonly unknown[] | undefined {
  if (text.length > limits.MAX_FILE_CHARACTERS) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const leases = isRecord(value) ? value['Leases'] : undefined
    return Array.isArray(leases) ? leases : undefined
  } catch {
    return undefined
  }
}

function octetsOf(value: unknown, length: number): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length !== length) return undefined
  return value.every((one): one is number => Number.isInteger(one) && one >= 0 && one <= 255) ? value : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
