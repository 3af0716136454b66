/**
 * The kinds of field that RDATA is made of. Each kind is four functions: from wire, to wire, to text, from text.
 * `rdata/table.ts` says which kinds a type has, in order; everything else follows.
 */
import { fromHex, toHex } from '../../base/index.ts'
import { badText } from '../errors.ts'
import { nameToText, shown } from '../names/names-text.ts'
import { ipv4Text, ipv6Text, parseIpv4, parseIpv6 } from '../text/addresses.ts'
import { fromBase32hex, fromBase64, toBase32hex, toBase64 } from '../text/digits.ts'
import { octetsOf, quotedText, type TokenCursor } from '../text/tokens.ts'
import { parsePeriod } from '../text/ttl.ts'
import { typeFromText, typeToText } from '../text/types-text.ts'
import type { Name } from '../types.ts'
import { readBitmap, writeBitmap } from './bitmap.ts'
import type { RdataReader, RdataWriter } from './cursor.ts'
import { type Location, locationFromText, locationToText, readLocation, writeLocation } from './loc.ts'
import { readParams, type SvcParam, svcParamsFromText, svcParamsToText, writeParams } from './svcparams.ts'
import { timeFromText, timeToText } from './time.ts'

export interface FieldKind<V> {
  /** Octets on the wire where that never changes; what the structure check goes by. */
  readonly size?: number
  read(reader: RdataReader): V
  write(writer: RdataWriter, value: V): void
  toText(value: V): string
  fromText(tokens: TokenCursor, field: string): V
}

const kind = <V>(definition: FieldKind<V>): FieldKind<V> => definition

const uint = (octets: 1 | 2 | 4): FieldKind<number> => ({
  size: octets,
  read: (reader) => reader.uint(octets),
  write: (writer, value) => writer.uint(octets, value),
  toText: String,
  fromText: (tokens, field) => tokens.number(field, 2 ** (8 * octets) - 1),
})

/** A number that text may name; it is written as a number, which every tool reads. */
const named = (octets: 1 | 2, names: Readonly<Record<string, number>>): FieldKind<number> => ({
  ...uint(octets),
  fromText: (tokens, field) => {
    const value = names[tokens.peek()?.text.toUpperCase() ?? '']
    if (value === undefined) return tokens.number(field, 2 ** (8 * octets) - 1)
    tokens.next(field)
    return value
  },
})

/** RFC 4034 appendix A.1 and the IANA registry of DNSSEC algorithm numbers. */
const ALGORITHMS = {
  DELETE: 0,
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
}

/** RFC 4398 section 2.1. */
const CERTIFICATE_TYPES = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
}

const joined = (tokens: TokenCursor): string =>
  tokens
    .rest()
    .map(({ text }) => text)
    .join('')

const hexOf = (text: string): Uint8Array => {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw badText(`not hexadecimal: ${shown(text)}`)
  return fromHex(text)
}

const characterString = (tokens: TokenCursor, field: string): Uint8Array => {
  const octets = octetsOf(tokens.next(field).text)
  if (octets.length > 255) throw badText(`${field} is longer than 255 octets`)
  return octets
}

const hardware = (octets: 6 | 8): FieldKind<Uint8Array> => ({
  size: octets,
  read: (reader) => reader.take(octets),
  write: (writer, value) => writer.bytes(value),
  toText: (value) => Array.from(value, (octet) => octet.toString(16).padStart(2, '0')).join('-'),
  fromText: (tokens, field) => {
    const { text } = tokens.next(field)
    const parts = text.split('-')
    if (parts.length !== octets || !parts.every((part) => /^[0-9a-fA-F]{2}$/.test(part))) {
      throw badText(`${field} takes ${octets} pairs of hexadecimal digits with hyphens, not ${shown(text)}`)
    }
    return Uint8Array.from(parts, (part) => Number.parseInt(part, 16))
  },
})

const address = (
  octets: 4 | 16,
  toText: (bytes: Uint8Array) => string,
  parse: (text: string) => Uint8Array,
): FieldKind<string> => ({
  size: octets,
  read: (reader) => toText(reader.take(octets)),
  write: (writer, value) => writer.bytes(parse(value)),
  toText: (value) => value,
  fromText: (tokens, field) => toText(parse(tokens.next(field).text)),
})

export const KINDS = {
  u8: uint(1),
  u16: uint(2),
  u32: uint(4),

  /** A DNSSEC algorithm. */
  algorithm: named(1, ALGORITHMS),

  certificateType: named(2, CERTIFICATE_TYPES),

  /** Seconds; text may use the units of zone files. */
  period: kind<number>({
    ...uint(4),
    fromText: (tokens, field) => {
      const { text } = tokens.next(field)
      const seconds = parsePeriod(text)
      if (seconds === undefined) throw badText(`${field} must be a number of seconds, not ${shown(text)}`)
      return seconds
    },
  }),

  type: kind<number>({
    ...uint(2),
    toText: typeToText,
    fromText: (tokens, field) => {
      const { text } = tokens.next(field)
      const type = typeFromText(text)
      if (type === undefined) throw badText(`${field} must be a type, not ${shown(text)}`)
      return type
    },
  }),

  /** Seconds since 1970 modulo 2^32 (RFC 4034 section 3.1.5). */
  time: kind<number>({
    ...uint(4),
    toText: timeToText,
    fromText: (tokens, field) => timeFromText(tokens.next(field).text),
  }),

  name: kind<Name>({
    read: (reader) => reader.name(),
    write: (writer, value) => writer.bytes(value.wire),
    toText: nameToText,
    fromText: (tokens, field) => tokens.name(field),
  }),

  ipv4: address(4, ipv4Text, parseIpv4),
  ipv6: address(16, ipv6Text, parseIpv6),

  /** One <character-string>. */
  string: kind<Uint8Array>({
    read: (reader) => reader.counted(),
    write: (writer, value) => writer.counted(value),
    toText: quotedText,
    fromText: characterString,
  }),

  /** One or more <character-string>s up to the end. */
  strings: kind<readonly Uint8Array[]>({
    read: (reader) => {
      const strings = [reader.counted()]
      while (reader.left > 0) strings.push(reader.counted())
      return strings
    },
    write: (writer, value) => {
      for (const string of value) writer.counted(string)
    },
    toText: (value) => value.map(quotedText).join(' '),
    fromText: (tokens, field) => {
      const strings = [characterString(tokens, field)]
      while (!tokens.done) strings.push(characterString(tokens, field))
      return strings
    },
  }),

  /** The tag of CAA: letters and digits, at least one (RFC 8659 section 4.1). */
  tag: kind<string>({
    read: (reader) => {
      const octets = reader.counted()
      const text = String.fromCharCode(...octets)
      if (!/^[0-9a-zA-Z]+$/.test(text)) throw reader.fail('a CAA tag is one or more letters and digits')
      return text
    },
    write: (writer, value) => writer.counted(octetsOf(value)),
    toText: (value) => value,
    fromText: (tokens, field) => {
      const { text } = tokens.next(field)
      if (!/^[0-9a-zA-Z]{1,255}$/.test(text)) throw badText(`${field} takes letters and digits, not ${shown(text)}`)
      return text
    },
  }),

  /** All octets that are left, as one quoted text. */
  quotedRest: kind<Uint8Array>({
    read: (reader) => reader.rest(),
    write: (writer, value) => writer.bytes(value),
    toText: quotedText,
    fromText: (tokens, field) => octetsOf(tokens.next(field).text),
  }),

  hexRest: kind<Uint8Array>({
    read: (reader) => reader.rest(),
    write: (writer, value) => writer.bytes(value),
    toText: (value) => toHex(value).toUpperCase(),
    fromText: (tokens) => hexOf(joined(tokens)),
  }),

  base64Rest: kind<Uint8Array>({
    read: (reader) => reader.rest(),
    write: (writer, value) => writer.bytes(value),
    toText: toBase64,
    fromText: (tokens) => fromBase64(joined(tokens)),
  }),

  /** The salt of NSEC3: a length octet and octets; `-` when empty (RFC 5155 section 3.3). */
  salt: kind<Uint8Array>({
    read: (reader) => reader.counted(),
    write: (writer, value) => writer.counted(value),
    toText: (value) => (value.length === 0 ? '-' : toHex(value).toUpperCase()),
    fromText: (tokens, field) => {
      const { text } = tokens.next(field)
      const salt = text === '-' ? new Uint8Array() : hexOf(text)
      if (salt.length > 255) throw badText(`${field} is longer than 255 octets`)
      return salt
    },
  }),

  /** The next hashed owner of NSEC3 (RFC 5155 section 3.3). */
  base32Counted: kind<Uint8Array>({
    read: (reader) => {
      const hash = reader.counted()
      if (hash.length === 0) throw reader.fail('an empty hash')
      return hash
    },
    write: (writer, value) => writer.counted(value),
    toText: toBase32hex,
    fromText: (tokens, field) => {
      const hash = fromBase32hex(tokens.next(field).text)
      if (hash.length === 0 || hash.length > 255) throw badText(`${field} is 1 to 255 octets`)
      return hash
    },
  }),

  /** Types present, ascending (RFC 4034 section 4.1.2). */
  types: kind<readonly number[]>({
    read: readBitmap,
    write: writeBitmap,
    toText: (value) => value.map(typeToText).join(' '),
    fromText: (tokens) => {
      const types = tokens.rest().map(({ text }) => {
        const type = typeFromText(text)
        if (type === undefined) throw badText(`not a type: ${shown(text)}`)
        return type
      })
      return [...new Set(types)].sort((a, b) => a - b)
    },
  }),

  params: kind<readonly SvcParam[]>({
    read: readParams,
    write: writeParams,
    toText: svcParamsToText,
    fromText: svcParamsFromText,
  }),

  location: kind<Location>({
    read: readLocation,
    write: writeLocation,
    toText: locationToText,
    fromText: locationFromText,
  }),

  eui48: hardware(6),
  eui64: hardware(8),
} as const

export type KindName = keyof typeof KINDS

/** What a view holds for a field of this kind. */
export type KindValue<K extends KindName> = ReturnType<(typeof KINDS)[K]['read']>
