/** The neighbour table of the kernel: which hardware address has which IP address now. Pure. */
import { normalIp, normalMac } from './addresses.ts'
import type { DeviceFact } from './facts.ts'
import { limits } from './limits.ts'

/** /proc/net/arp, which has IPv4 alone: `ADDRESS TYPE FLAGS MAC MASK DEVICE`. */
export function readArp(text: string): DeviceFact[] {
  return text.split('\n').flatMap((line): DeviceFact[] => {
    const [ip = '', , flags = '', hardware = ''] = line.trim().split(/\s+/)
    // Flag 2: it was answered.
    return (Number(flags) & 2) === 0 ? [] : factOf(ip, hardware)
  })
}

/** `ip -j neigh`: `[{"dst": ADDRESS, "lladdr": MAC, "state": ["REACHABLE"]}]`. */
export function readNeighbours(json: string): DeviceFact[] {
  let rows: unknown
  try {
    rows = JSON.parse(json)
  } catch {
    return []
  }
  if (!Array.isArray(rows)) return []
  return rows.slice(0, limits.MAX_FACTS).flatMap((row: unknown): DeviceFact[] => {
    if (typeof row !== 'object' || row === null) return []
    const { dst, lladdr, state } = row as Readonly<Record<string, unknown>>
    if (typeof dst !== 'string' || typeof lladdr !== 'string') return []
    return Array.isArray(state) && state.includes('FAILED') ? [] : factOf(dst, lladdr)
  })
}

function factOf(ip: string, hardware: string): DeviceFact[] {
  const [address, mac] = [normalIp(ip), normalMac(hardware)]
  return address === undefined || mac === undefined ? [] : [{ source: 'neighbour', address, mac, name: undefined }]
}
