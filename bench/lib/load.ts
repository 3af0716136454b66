/** What the processes that make load have in common: what they are told, what they say, and whether an answer is right. */

export interface LoadOrder {
  readonly address: string
  readonly port: number
  readonly names: number
  readonly zone: string
  readonly seconds: number
  readonly sockets: number
  readonly window: number
  /** With OPT; over UDP with letters in random case (0x20), too. */
  readonly edns: boolean
  /** The other side sends back what it gets: only that is checked. */
  readonly isEcho: boolean
  /** Default: udp. */
  readonly protocol?: 'udp' | 'tcp' | 'tls'
  /** OPT with DO, and an answer with a signature: the names are signed. */
  readonly dnssec?: boolean
  /** Of so many questions one is for a name that nobody has asked for; 0: none. */
  readonly missEvery?: number
  /** Part of those names, so that no two rounds have the same. */
  readonly salt?: string
}

export interface LoadResult {
  readonly qps: number
  readonly ok: number
  readonly wrong: number
  readonly lost: number
  readonly p50us: number
  readonly p99us: number
}

export const OPT = Uint8Array.of(0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0)
export const OPT_DO = Uint8Array.of(0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 0)
const HEADER_BYTES = 12
const TYPE_A = 1
const TYPE_RRSIG = 46

/**
 * Id and question as asked, NOERROR, one address as it stands in the zone, with a signature where one was asked for; OPT if the question had it. The
 * query begins at `from` of `query`.
 */
export function isRight(
  reply: Uint8Array,
  at: number,
  size: number,
  query: Uint8Array,
  from: number,
  { edns, dnssec = false }: Pick<LoadOrder, 'edns' | 'dnssec'>,
): boolean {
  const wantsOpt = edns || dnssec
  if ((reply[at + 2]! & 0x82) !== 0x80 || (reply[at + 3]! & 15) !== 0 || reply[at + 7] !== (dnssec ? 2 : 1))
    return false
  if (wantsOpt && reply[at + 11]! < 1) return false
  let name = HEADER_BYTES
  while (query[from + name]! > 0) name += query[from + name]! + 1
  const questionEnd = name + 5
  if (reply[at] !== query[from] || reply[at + 1] !== query[from + 1]) return false
  for (let i = HEADER_BYTES; i < questionEnd; i++) if (reply[at + i] !== query[from + i]) return false
  const first = record(reply, at, questionEnd)
  const isA = (one: number) => reply[at + one] === 0 && reply[at + one + 1] === TYPE_A
  if (!dnssec) return size >= first + 14 && isA(first) && isAddress(reply, at + first)
  const second = record(reply, at, first + 10 + ((reply[at + first + 8]! << 8) | reply[at + first + 9]!))
  const [address, signature] = isA(first) ? [first, second] : [second, first]
  return isA(address) && isAddress(reply, at + address) && reply[at + signature + 1] === TYPE_RRSIG
}

/** Behind the owner: labels as far as they stand there, then a pointer or the root. */
function record(reply: Uint8Array, at: number, from: number): number {
  let end = from
  while (reply[at + end]! > 0 && reply[at + end]! < 0xc0) end += reply[at + end]! + 1
  return end + (reply[at + end] === 0 ? 1 : 2)
}

/** 192.0.2.7, behind type, class and TTL. */
function isAddress(reply: Uint8Array, at: number): boolean {
  return (
    reply[at + 9] === 4 &&
    reply[at + 10] === 192 &&
    reply[at + 11] === 0 &&
    reply[at + 12] === 2 &&
    reply[at + 13] === 7
  )
}
