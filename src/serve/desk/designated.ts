/**
 * Discovery of designated resolvers (RFC 9462): who asks `_dns.resolver.arpa` for SVCB, or `_dns.` and the name of this server, is told over
 * which encrypted ways it answers, and of nothing else. Pure.
 */
import {
  addressRdata,
  Class,
  nameToText,
  parseName,
  prependLabel,
  type Question,
  type ResourceRecord,
  rdataFromText,
  sameName,
  Type,
} from '../../dns/index.ts'
import { isLoopback } from '../access/addresses.ts'
import type { BoundAddress } from '../types.ts'
import { DOH_PATH } from './doh.ts'

/** What a server is told by. */
export interface Designation {
  readonly name: string
  /** All that it listens on. */
  readonly addresses: readonly BoundAddress[]
}

const RESOLVER = parseName('_dns.resolver.arpa')
const TTL_SECONDS = 300
/** In the order in which clients should try them; of equal worth where they have one priority. */
const WAYS = [
  { protocol: 'tls', alpn: 'dot', more: '' },
  { protocol: 'https', alpn: 'h2,http/1.1', more: ` dohpath=${DOH_PATH}{?dns}` },
] as const

/** Undefined: the question is another one, or nothing is served. */
export function designatedRecords(question: Question, designation: Designation): readonly ResourceRecord[] | undefined {
  const { name, addresses } = designation
  if (question.type !== Type.SVCB || question.class !== Class.IN) return undefined
  const own = parseName(name)
  if (!sameName(question.name, RESOLVER) && !sameName(question.name, prependLabel('_dns', own))) return undefined
  const records = WAYS.flatMap(({ protocol, alpn, more }, index) =>
    portsOf(addresses, protocol).map((port): ResourceRecord => {
      const hints = hintsOf(addresses.filter((one) => one.protocol === protocol && one.port === port))
      const text = `${index + 1} ${nameToText(own)} alpn="${alpn}" port=${port}${hints}${more}`
      return {
        name: question.name,
        type: Type.SVCB,
        class: Class.IN,
        ttl: TTL_SECONDS,
        rdata: rdataFromText(Type.SVCB, text),
      }
    }),
  )
  return records.length === 0 ? undefined : records
}

function portsOf(addresses: readonly BoundAddress[], protocol: string): number[] {
  return [...new Set(addresses.filter((one) => one.protocol === protocol).map(({ port }) => port))]
}

/** Addresses of this machine alone, and those of one link, are of use to few. */
function hintsOf(addresses: readonly BoundAddress[]): string {
  const texts = addresses.map(({ address }) => address).filter((text) => !text.includes('%') && !isLoopback(text))
  const of = (type: number) => texts.filter((text) => addressRdata(text).type === type).join(',')
  const [ipv4, ipv6] = [of(Type.A), of(Type.AAAA)]
  return `${ipv4 === '' ? '' : ` ipv4hint=${ipv4}`}${ipv6 === '' ? '' : ` ipv6hint=${ipv6}`}`
}
