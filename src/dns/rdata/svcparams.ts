/** SvcParams of SVCB and HTTPS: RFC 9460, with dohpath (RFC 9461) and ohttp (RFC 9540). */

import { badText } from '../errors.ts'
import { shown } from '../names/names-text.ts'
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from '../text/addresses.ts'
import { fromBase64, toBase64 } from '../text/digits.ts'
import { octetsOf, quotedText, type TokenCursor } from '../text/tokens.ts'
import type { RdataReader, RdataWriter } from './cursor.ts'

/** One parameter; `value` is its wire form. */
export interface SvcParam {
  readonly key: number
  readonly value: Uint8Array
}

export const SvcKey = {
  MANDATORY: 0,
  ALPN: 1,
  NO_DEFAULT_ALPN: 2,
  PORT: 3,
  IPV4HINT: 4,
  ECH: 5,
  IPV6HINT: 6,
  DOHPATH: 7,
  OHTTP: 8,
} as const

/** Section 14.3.1: 65535 is reserved, and stays so. */
const INVALID_KEY = 65_535

const KEY_NAMES = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath', 'ohttp']

/** Keys strictly ascending (section 2.2), each known value of its form, all mandatory keys there (section 8). */
export function readParams(reader: RdataReader): SvcParam[] {
  const params: SvcParam[] = []
  let last = -1
  while (reader.left > 0) {
    const key = reader.uint(2)
    if (key <= last) throw reader.fail('SvcParams are not in strictly ascending order')
    last = key
    const value = reader.take(reader.uint(2))
    const fault = faultOf(key, value)
    if (fault !== undefined) throw reader.fail(fault)
    params.push({ key, value })
  }
  const fault = faultOfAll(params)
  if (fault !== undefined) throw reader.fail(fault)
  return params
}

export function writeParams(writer: RdataWriter, params: readonly SvcParam[]): void {
  for (const { key, value } of params) {
    writer.uint(2, key)
    writer.uint(2, value.length)
    writer.bytes(value)
  }
}

export function svcParamsToText(params: readonly SvcParam[]): string {
  return params
    .map(({ key, value }) => {
      const text = valueText(key, value)
      return text === '' ? keyText(key) : `${keyText(key)}=${text}`
    })
    .join(' ')
}

/** In any order; a key may come once. Throws DNS_BAD_TEXT. */
export function svcParamsFromText(tokens: TokenCursor): SvcParam[] {
  const params = tokens.rest().map(({ text }) => readParam(text))
  params.sort((a, b) => a.key - b.key)
  for (let i = 1; i < params.length; i++) {
    if (params[i]!.key === params[i - 1]!.key) throw badText(`${keyText(params[i]!.key)} comes twice`)
  }
  const fault = faultOfAll(params)
  if (fault !== undefined) throw badText(fault)
  return params
}

/** What is wrong with a value, by the section that defines its key; undefined for keys unknown here. */
function faultOf(key: number, value: Uint8Array): string | undefined {
  const { length } = value
  switch (key) {
    case SvcKey.MANDATORY: {
      const keys = length % 2 === 0 ? keysOf(value) : []
      const ascending = keys.every((one, i) => one > (i === 0 ? 0 : keys[i - 1]!))
      return keys.length > 0 && ascending ? undefined : 'mandatory is not an ascending list of other keys'
    }
    case SvcKey.ALPN:
      return idsOf(value) === undefined ? 'alpn is not a list of protocol ids' : undefined
    case SvcKey.NO_DEFAULT_ALPN:
    case SvcKey.OHTTP:
      return length === 0 ? undefined : `${keyText(key)} has a value`
    case SvcKey.PORT:
      return length === 2 ? undefined : 'port is not two octets'
    case SvcKey.IPV4HINT:
      return length > 0 && length % 4 === 0 ? undefined : 'ipv4hint is not a list of addresses'
    case SvcKey.ECH:
    case SvcKey.DOHPATH:
      return length > 0 ? undefined : `${keyText(key)} is empty`
    case SvcKey.IPV6HINT:
      return length > 0 && length % 16 === 0 ? undefined : 'ipv6hint is not a list of addresses'
    case INVALID_KEY:
      return 'key65535 is reserved'
    default:
      return undefined
  }
}

function faultOfAll(params: readonly SvcParam[]): string | undefined {
  const keys = new Set(params.map(({ key }) => key))
  if (keys.has(SvcKey.NO_DEFAULT_ALPN) && !keys.has(SvcKey.ALPN)) return 'no-default-alpn without alpn (section 7.1.1)'
  const mandatory = params.find(({ key }) => key === SvcKey.MANDATORY)
  const missing = mandatory === undefined ? undefined : keysOf(mandatory.value).find((key) => !keys.has(key))
  return missing === undefined ? undefined : `mandatory key ${keyText(missing)} is missing`
}

function keysOf(value: Uint8Array): number[] {
  return Array.from({ length: value.length / 2 }, (_, i) => (value[2 * i]! << 8) | value[2 * i + 1]!)
}

/** Protocol ids, at least one and none empty (section 7.1.1). */
function idsOf(value: Uint8Array): Uint8Array[] | undefined {
  const ids: Uint8Array[] = []
  for (let at = 0; at < value.length; ) {
    const end = at + 1 + value[at]!
    if (end > value.length || end === at + 1) return undefined
    ids.push(value.subarray(at + 1, end))
    at = end
  }
  return ids.length > 0 ? ids : undefined
}

function keyText(key: number): string {
  return KEY_NAMES[key] ?? `key${key}`
}

function keyFromText(text: string): number {
  const known = KEY_NAMES.indexOf(text)
  if (known >= 0) return known
  const digits = /^key(0|[1-9]\d{0,4})$/.exec(text)?.[1]
  if (digits === undefined || Number(digits) >= INVALID_KEY) throw badText(`not a SvcParam key: ${shown(text)}`)
  return Number(digits)
}

function valueText(key: number, value: Uint8Array): string {
  switch (key) {
    case SvcKey.MANDATORY:
      return keysOf(value).map(keyText).join(',')
    case SvcKey.ALPN:
      return quotedText(joinList(idsOf(value) ?? []))
    case SvcKey.PORT:
      return String(keysOf(value)[0])
    case SvcKey.IPV4HINT:
      return pieces(value, 4).map(ipv4Text).join(',')
    case SvcKey.IPV6HINT:
      return pieces(value, 16).map(ipv6Text).join(',')
    case SvcKey.ECH:
      return toBase64(value)
    default:
      return value.length === 0 ? '' : quotedText(value)
  }
}

function readParam(token: string): SvcParam {
  const equals = token.indexOf('=')
  const key = keyFromText(equals < 0 ? token : token.slice(0, equals))
  const raw = equals < 0 ? '' : token.slice(equals + 1)
  const octets = octetsOf(raw.startsWith('"') ? raw.slice(1, -1) : raw)
  const value = valueFromText(key, octets)
  const fault = faultOf(key, value)
  if (fault !== undefined) throw badText(fault)
  if (value.length > 0xffff) throw badText(`${keyText(key)} is too long`)
  return { key, value }
}

function valueFromText(key: number, octets: Uint8Array): Uint8Array {
  const text = () => String.fromCharCode(...octets)
  const items = (parse: (item: string) => Uint8Array) =>
    Uint8Array.from(
      text()
        .split(',')
        .flatMap((item) => [...parse(item)]),
    )
  switch (key) {
    case SvcKey.MANDATORY: {
      const keys = text().split(',').map(keyFromText)
      return Uint8Array.from(keys.sort((a, b) => a - b).flatMap((one) => [one >> 8, one & 0xff]))
    }
    case SvcKey.ALPN: {
      const ids = splitList(octets)
      if (ids.some(({ length }) => length > 255)) throw badText('a protocol id is longer than 255 octets')
      return Uint8Array.from(ids.flatMap((id) => [id.length, ...id]))
    }
    case SvcKey.PORT: {
      if (!/^\d{1,5}$/.test(text()) || Number(text()) > 0xffff) throw badText(`not a port: ${shown(text())}`)
      return Uint8Array.of(Number(text()) >> 8, Number(text()) & 0xff)
    }
    case SvcKey.IPV4HINT:
      return items(parseIpv4)
    case SvcKey.IPV6HINT:
      return items(parseIpv6)
    case SvcKey.ECH:
      return fromBase64(text())
    default:
      return octets
  }
}

const COMMA = 0x2c
const BACKSLASH = 0x5c

/** Appendix A.1: commas and backslashes inside an item are escaped before the text as a whole is. */
function joinList(items: readonly Uint8Array[]): Uint8Array {
  const octets: number[] = []
  for (const [i, item] of items.entries()) {
    if (i > 0) octets.push(COMMA)
    for (const octet of item) octets.push(...(octet === COMMA || octet === BACKSLASH ? [BACKSLASH, octet] : [octet]))
  }
  return Uint8Array.from(octets)
}

function splitList(octets: Uint8Array): number[][] {
  const items: number[][] = [[]]
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i]!
    if (octet === COMMA) items.push([])
    else if (octet !== BACKSLASH) items.at(-1)!.push(octet)
    else if (++i < octets.length) items.at(-1)!.push(octets[i]!)
    else throw badText('a list ends in a backslash')
  }
  return items
}

function pieces(value: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: value.length / size }, (_, i) => value.subarray(i * size, (i + 1) * size))
}
