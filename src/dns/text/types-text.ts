/** Mnemonics of types, classes, rcodes and opcodes; unknown numbers as RFC 3597 section 5 spells them. */
import { Class, Opcode, Rcode, Type } from '../types.ts'

/** Types that have a mnemonic but no place in the project otherwise. From the IANA registry. */
const MORE_TYPES: Readonly<Record<string, number>> = {
  MD: 3,
  MF: 4,
  MB: 7,
  MG: 8,
  MR: 9,
  WKS: 11,
  MINFO: 14,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  'NSAP-PTR': 23,
  PX: 26,
  GPOS: 27,
  EID: 31,
  NIMLOC: 32,
  ATMA: 34,
  A6: 38,
  SINK: 40,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  DSYNC: 66,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  NXNAME: 128,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
  TA: 32768,
  DLV: 32769,
}

const typeNumbers = new Map<string, number>([...Object.entries(Type), ...Object.entries(MORE_TYPES)])
const typeNames = new Map([...typeNumbers].map(([text, number]) => [number, text]))
const classNames = new Map<number, string>(Object.entries(Class).map(([text, number]) => [number, text]))
const rcodeNames = new Map<number, string>([
  ...Object.entries(Rcode).map(([text, number]): [number, string] => [number, text]),
  [11, 'DSOTYPENI'],
  [17, 'BADKEY'],
  [18, 'BADTIME'],
  [19, 'BADMODE'],
  [20, 'BADNAME'],
  [21, 'BADALG'],
  [22, 'BADTRUNC'],
])
const opcodeNames = new Map<number, string>([
  ...Object.entries(Opcode).map(([text, number]): [number, string] => [number, text]),
  [6, 'DSO'],
])

/** `A`, or `TYPE65280` for a number without a mnemonic. */
export function typeToText(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`
}

/** A mnemonic or `TYPEnnn`, in any case; undefined if it is neither. */
export function typeFromText(text: string): number | undefined {
  const upper = text.toUpperCase()
  return typeNumbers.get(upper) ?? numbered(upper, 'TYPE')
}

export function classToText(number: number): string {
  return classNames.get(number) ?? `CLASS${number}`
}

/** `IN`, `CH`, `HS`, `NONE`, `ANY` or `CLASSnnn`, in any case; undefined if it is none. */
export function classFromText(text: string): number | undefined {
  const upper = text.toUpperCase()
  for (const [number, name] of classNames) if (name === upper) return number
  return numbered(upper, 'CLASS')
}

export function rcodeToText(rcode: number): string {
  return rcodeNames.get(rcode) ?? `RCODE${rcode}`
}

export function opcodeToText(opcode: number): string {
  return opcodeNames.get(opcode) ?? `OPCODE${opcode}`
}

function numbered(text: string, prefix: string): number | undefined {
  if (!text.startsWith(prefix)) return undefined
  const digits = text.slice(prefix.length)
  if (!/^\d{1,5}$/.test(digits)) return undefined
  const number = Number(digits)
  return number <= 0xffff ? number : undefined
}
