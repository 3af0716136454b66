/** Addresses and hardware addresses as leases and tables write them, in one form. Pure. */
import { addressRdata, addressText } from '../dns/index.ts'

/** Undefined for what is none. A zone (`%eth0`) is left out. */
export function normalIp(text: string): string | undefined {
  const [address = ''] = text.trim().split('%')
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(address)) return undefined
  try {
    return addressText(addressRdata(address).rdata)
  } catch {
    return undefined
  }
}

/** Six octets in lower case with colons; undefined for anything else, and for the address that nobody has. */
export function normalMac(text: string): string | undefined {
  const parts = text.trim().toLowerCase().split(/[:-]/)
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/.test(part))) return undefined
  const mac = parts.map((part) => part.padStart(2, '0')).join(':')
  return mac === '00:00:00:00:00:00' || mac === 'ff:ff:ff:ff:ff:ff' ? undefined : mac
}

/** Without their zone these mean nothing. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/.test(address) || address.startsWith('169.254.')
}
