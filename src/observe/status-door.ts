/**
 * Who may ask the status API, which has no password: programs on this machine, not the web pages that its browser shows.
 * Pure. A page can send requests to 127.0.0.1, and can give its own name that address (DNS rebinding). So the Host must be
 * a loopback address, what a browser says of the page must not name another site, and whatever looks something up or
 * changes something needs a header: a page may send one of its own only after a preflight, which is never granted.
 */
import type { IncomingHttpHeaders } from 'node:http'

/** Any value will do. */
export const STATUS_HEADER = 'x-chordns'

/**
 * Handles one path; the query parameters are the caller's. Throws a ChordnsError to answer 400. `body`: the text that came with the request, empty
 * where the route takes none.
 */
export type StatusHandler = (query: URLSearchParams, signal: AbortSignal, body: string) => Promise<unknown> | unknown

export interface StatusRoute {
  readonly method: 'GET' | 'POST'
  readonly needsHeader: boolean
  /** Bytes of a body that it reads; left out: none. */
  readonly bodyBytes?: number
  readonly handle: StatusHandler
}

/** Tells what the node knows of itself, at no cost. */
export function reads(handle: StatusHandler): StatusRoute {
  return { method: 'GET', needsHeader: false, handle }
}

/** Asks others, costs work, or tells what was asked for. */
export function looksUp(handle: StatusHandler): StatusRoute {
  return { method: 'GET', needsHeader: true, handle }
}

/** Changes something. */
export function acts(handle: StatusHandler): StatusRoute {
  return { method: 'POST', needsHeader: true, handle }
}

/** Changes something, by a body of at most so many bytes. */
export function takes(bodyBytes: number, handle: StatusHandler): StatusRoute {
  return { method: 'POST', needsHeader: true, bodyBytes, handle }
}

/** A reply that is no JSON. */
export class PlainReply {
  readonly status: number
  readonly contentType: string
  readonly text: string

  constructor(status: number, contentType: string, text: string) {
    this.status = status
    this.contentType = contentType
    this.text = text
  }
}

export interface StatusRequest {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

export interface Refusal {
  readonly status: 403 | 404 | 405
  readonly code: 'FORBIDDEN' | 'NOT_FOUND' | 'METHOD'
  readonly message: string
}

/** Undefined: the route may be handled. `route` undefined: there is no such path. */
export function refusalOf({ method, headers }: StatusRequest, route: StatusRoute | undefined): Refusal | undefined {
  const stranger = strangerRefusal(headers)
  if (stranger !== undefined) return stranger
  if (route === undefined) return { status: 404, code: 'NOT_FOUND', message: 'no such path' }
  if (method !== route.method) return { status: 405, code: 'METHOD', message: `only ${route.method}` }
  if (route.needsHeader && headers[STATUS_HEADER] === undefined)
    return forbidden(`the header "${STATUS_HEADER}: 1" is missing: without it a web page could ask, too`)
  return undefined
}

/** Of a page of another site, or under a name that somebody gave this address. */
export function strangerRefusal(headers: IncomingHttpHeaders): Refusal | undefined {
  if (!isLoopbackHost(headers.host)) return forbidden('the Host is not a loopback address')
  return isFromAnotherSite(headers) ? forbidden('a page of another site asks') : undefined
}

function forbidden(message: string): Refusal {
  return { status: 403, code: 'FORBIDDEN', message }
}

/** `localhost`, 127.0.0.0/8 or [::1], with any port. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)
}

/** Another port of this machine is another site: what listens there may be anybody's. */
function isFromAnotherSite({ host, origin, ...headers }: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'none' && site !== 'same-origin') return true
  return origin !== undefined && origin !== `http://${host}`
}
