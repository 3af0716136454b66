/** DNS over HTTPS (RFC 8484): what a request asks for, and how long its reply may be kept. Pure. */
import { limits } from '../limits.ts'

/** The path that is served, and told to those who look for it (RFC 9461). */
export const DOH_PATH = '/dns-query'
export const DOH_TYPE = 'application/dns-message'

export type DohRequest =
  | { readonly kind: 'query'; readonly message: Uint8Array }
  /** The query is in the body. */
  | { readonly kind: 'body' }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 405 | 413 | 415 }

const HEADER_BYTES = 12
const DNS_PARAMETER = 'dns='
const BASE64URL = /^[A-Za-z0-9_-]*$/
const TYPE_OPT = 41
const TYPE_SOA = 6
/** Of an SOA, the last of its five numbers. */
const MINIMUM_BYTES = 4

/** `target`: path and query as the client sent them. */
export function readDohRequest(method: string, target: string, contentType: string | undefined): DohRequest {
  const [path, ...rest] = target.split('?')
  if (path !== DOH_PATH) return refused(404)
  if (method === 'POST') {
    const type = contentType?.split(';')[0]?.trim().toLowerCase()
    return type === DOH_TYPE ? { kind: 'body' } : refused(415)
  }
  if (method !== 'GET') return refused(405)
  const [query = ''] = rest
  // As all clients send it: nothing else, and nothing to decode.
  const isPlain =
    rest.length === 1 && query.startsWith(DNS_PARAMETER) && BASE64URL.test(query.slice(DNS_PARAMETER.length))
  const text = isPlain ? query.slice(DNS_PARAMETER.length) : new URLSearchParams(rest.join('?')).get('dns')
  if (text === null || !BASE64URL.test(text)) return refused(400)
  if (text.length > (limits.MAX_TCP_QUERY * 4) / 3 + 4) return refused(413)
  const message = Uint8Array.from(Buffer.from(text, 'base64url'))
  return message.length < limits.MIN_TCP_QUERY ? refused(400) : { kind: 'query', message }
}

function refused(status: Extract<DohRequest, { kind: 'refused' }>['status']): DohRequest {
  return { kind: 'refused', status }
}

/** Seconds that a cache of HTTP may keep a reply (RFC 8484 section 5.1). The bytes are of our own encoder. */
export function freshSeconds(reply: Uint8Array): number {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength)
  const rcode = reply[3]! & 15
  if (rcode !== 0 && rcode !== 3) return 0
  const [answers, authorities] = [view.getUint16(6), view.getUint16(8)]
  let at = HEADER_BYTES
  for (let i = 0; i < view.getUint16(4); i++) at = afterName(reply, at) + 4
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < answers + authorities; i++) {
    at = afterName(reply, at)
    const type = view.getUint16(at)
    const end = at + 10 + view.getUint16(at + 8)
    const ttl = view.getUint32(at + 4)
    if (i < answers && type !== TYPE_OPT) least = Math.min(least, ttl)
    // An absence is known as long as its SOA says (RFC 2308 section 5).
    if (i >= answers && answers === 0 && type === TYPE_SOA)
      least = Math.min(least, ttl, view.getUint32(end - MINIMUM_BYTES))
    at = end
  }
  return Number.isFinite(least) ? least : 0
}

function afterName(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at]! > 0 && bytes[at]! < 0xc0) at += bytes[at]! + 1
  return at + (bytes[at] === 0 ? 1 : 2)
}
