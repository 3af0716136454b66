/** kea-leases4.csv and kea-leases6.csv: columns by the names of the first line; a later line on an address replaces the earlier ones. Pure. */
import { normalIp, normalMac } from '../addresses.ts'
import type { FactsRead } from '../facts.ts'
import { FactList } from './fact-list.ts'

/** `now`: Unix seconds. */
export function readKea(text: string, now: number): FactsRead {
  const list = new FactList()
  let columns: ReadonlyMap<string, number> | undefined
  for (const [line, number] of list.lines(text)) {
    const fields = line.split(',')
    // Each file that Kea has cleaned up begins anew.
    if (fields[0] === 'address') {
      columns = new Map(fields.map((name, at) => [name.trim(), at]))
      continue
    }
    const field = (name: string) => fields[columns?.get(name) ?? -1]?.trim() ?? ''
    const ip = normalIp(field('address'))
    if (columns === undefined || ip === undefined) {
      list.fault(number, columns === undefined ? 'a lease before the names of the columns' : 'no address')
      continue
    }
    // A prefix that was delegated (type 2) is no address of a device.
    if (field('lease_type') === '2') continue
    // A line that is being written ends early.
    if (columns.has('expire') && field('expire') === '') continue
    const expires = columns.has('expire') ? Number(field('expire')) : Number.POSITIVE_INFINITY
    // 0: in use; the others are declined, over or given back. A lifetime of 0 is how a lease is taken out.
    const isOver = field('state') !== '0' && field('state') !== ''
    if (isOver || field('valid_lifetime') === '0' || expires < now) {
      list.remove(ip)
      continue
    }
    const name = unescaped(field('hostname')).replace(/\.$/, '')
    list.add({ address: ip, mac: normalMac(field('hwaddr')), name: name === '' ? undefined : name })
  }
  return list.read()
}

/** Kea writes a comma in a name as `&#x2c`. */
function unescaped(text: string): string {
  return text.replace(/&#x([0-9a-f]{2});?/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
