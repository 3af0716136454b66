/** `$dnsrewrite`: what is answered instead, in AdGuard's two forms: `1.2.3.4`, `NXDOMAIN`, `name`, and `RCODE;TYPE;VALUE`. */
import { isChordnsError } from '../../base/index.ts'
import { addressRdata, parseName, parseZone, Rcode, ROOT, Type, typeFromText } from '../../dns/index.ts'
import type { Rewrite } from '../rules.ts'

const RCODES: Readonly<Record<string, number>> = {
  NOERROR: Rcode.NOERROR,
  NXDOMAIN: Rcode.NXDOMAIN,
  REFUSED: Rcode.REFUSED,
  SERVFAIL: Rcode.SERVFAIL,
}

/** Undefined: it cannot be read. */
export function readRewrite(value: string): Rewrite | undefined {
  const [first = '', second, ...rest] = value.split(';')
  try {
    return second === undefined ? shortForm(first) : fullForm(first, second, rest.join(';'))
  } catch (error) {
    if (isChordnsError(error, 'DNS_BAD_TEXT')) return undefined
    throw error
  }
}

function shortForm(value: string): Rewrite | undefined {
  const rcode = RCODES[value]
  if (rcode !== undefined) return onlyRcode(rcode)
  if (/^[A-Z]+$/.test(value) || value === '') return undefined
  return /^[\d.]+$/.test(value) || value.includes(':')
    ? withRecord(addressRdata(value))
    : { ...onlyRcode(Rcode.NOERROR), alias: parseName(value.toLowerCase()).wire }
}

function fullForm(rcodeText: string, typeText: string, value: string): Rewrite | undefined {
  const rcode = RCODES[rcodeText.toUpperCase()]
  if (rcode === undefined) return undefined
  if (rcode !== Rcode.NOERROR) return onlyRcode(rcode)
  if (typeText === '') return value === '' ? onlyRcode(rcode) : undefined
  const type = typeFromText(typeText.toUpperCase())
  if (type === undefined) return undefined
  if (type === Type.CNAME) return { ...onlyRcode(rcode), alias: parseName(value.toLowerCase()).wire }
  const [record] = parseZone(`x. 0 IN ${typeText} ${type === Type.TXT ? quoted(value) : value}`, { origin: ROOT })
  return record === undefined ? undefined : withRecord(record)
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').slice(0, 255)}"`
}

export function onlyRcode(rcode: number): Rewrite {
  return { rcode, records: [], alias: undefined }
}

function withRecord({ type, rdata }: { readonly type: number; readonly rdata: Uint8Array }): Rewrite {
  return { rcode: Rcode.NOERROR, records: [{ type, rdata }], alias: undefined }
}
