/**
 * Who may ask the status API: on loopback programs of this machine, not the web pages of others that its browser shows; elsewhere who has signed in.
 * Pure. A page can send requests to 127.0.0.1, and can give its own name that address (DNS rebinding). So the Host must be
 * an address (of loopback, where no password is asked for), what a browser says of the page must not name another site, and whatever looks something
 * up or changes something needs a header: a page may send one of its own only after a preflight, which is never granted. Who has signed in sends
 * a token in a header, too: unlike a cookie, a browser never adds it to what another page sends, or gives it to another port.
 */
import type { IncomingHttpHeaders } from 'node:http'

/** Any value will do. */
export const STATUS_HEADER = 'x-chordns'

/**
 * Handles one path; the query parameters are the caller's. Throws a ChordnsError to answer 400. `body`: the text that came with the request, empty
 * where the route takes none.
 */
export type StatusHandler = (
  query: URLSearchParams,
  signal: AbortSignal,
  body: string,
  asker: StatusAsker,
) => Promise<unknown> | unknown

/** Who asks: whoever has signed in, and where they came in. */
export interface StatusAsker {
  readonly isOwner: boolean
  readonly isOpen: boolean
}

export interface StatusRoute {
  readonly method: 'GET' | 'POST'
  readonly needsHeader: boolean
  /** Who has signed in. `owner`: on loopback, too; `nobody`: nowhere, since it is the way to sign in. Left out: where the door is not open. */
  readonly isFor?: 'owner' | 'nobody'
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

/** Changes or tells what not every program of this machine may: only who has shown that the node is theirs. */
export function owns(handle: StatusHandler): StatusRoute {
  return { method: 'POST', needsHeader: true, isFor: 'owner', handle }
}

/** Of whoever the door lets in at all, signed in or not. */
export function forAnybody(route: StatusRoute): StatusRoute {
  return { ...route, isFor: 'nobody' }
}

/** For who has not signed in, by a body of at most so many bytes. */
export function signsIn(bodyBytes: number, handle: StatusHandler): StatusRoute {
  return { method: 'POST', needsHeader: true, isFor: 'nobody', bodyBytes, handle }
}

/** Where requests come in. */
export interface StatusDoor {
  /** Whoever reaches it may ask for most: it is on loopback. */
  readonly isOpen: boolean
  readonly scheme: 'http' | 'https'
  readonly allowsHost: (host: string | undefined) => boolean
  /** By the header `Authorization`. */
  readonly isOwner: (authorization: string | undefined) => boolean
}

/** On loopback, with nobody to sign in. */
export const LOOPBACK_DOOR: StatusDoor = {
  isOpen: true,
  scheme: 'http',
  allowsHost: isLoopbackHost,
  isOwner: () => false,
}

/** A reply that goes on until its reader has gone: server-sent events. */
export class StreamReply {
  /** `send`: false when the reader is too slow, and the text was not sent. The signal ends it. */
  readonly begin: (send: (text: string) => boolean, signal: AbortSignal) => void

  constructor(begin: StreamReply['begin']) {
    this.begin = begin
  }
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
  readonly status: 401 | 403 | 404 | 405
  readonly code: 'SIGN_IN' | 'FORBIDDEN' | 'NOT_FOUND' | 'METHOD'
  readonly message: string
}

/** Undefined: the route may be handled. `route` undefined: there is no such path. */
export function refusalOf(
  { method, headers }: StatusRequest,
  route: StatusRoute | undefined,
  door: StatusDoor = LOOPBACK_DOOR,
): Refusal | undefined {
  const stranger = strangerRefusal(headers, door)
  if (stranger !== undefined) return stranger
  if (route === undefined) return { status: 404, code: 'NOT_FOUND', message: 'no such path' }
  if (method !== route.method) return { status: 405, code: 'METHOD', message: `only ${route.method}` }
  if (route.needsHeader && headers[STATUS_HEADER] === undefined)
    return forbidden(`the header "${STATUS_HEADER}: 1" is missing: without it a web page could ask, too`)
  const isAsked = route.isFor === 'owner' || (!door.isOpen && route.isFor !== 'nobody')
  if (isAsked && !door.isOwner(headers.authorization))
    return { status: 401, code: 'SIGN_IN', message: 'sign in first: `chordns dashboard` says how' }
  return undefined
}

/** Of a page of another site, or under a name that somebody gave this address. */
export function strangerRefusal(headers: IncomingHttpHeaders, door: StatusDoor = LOOPBACK_DOOR): Refusal | undefined {
  if (!door.allowsHost(headers.host))
    return forbidden(
      door.isOpen ? 'the Host is not a loopback address' : 'the Host is no address, nor the name of this server',
    )
  return isFromAnotherSite(headers, door) ? forbidden('a page of another site asks') : undefined
}

function forbidden(message: string): Refusal {
  return { status: 403, code: 'FORBIDDEN', message }
}

/** `localhost`, 127.0.0.0/8 or [::1], with any port. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)
}

/** An address, which no other site can have as its name, or one of these names. */
export function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return false
  const bare = host.replace(/:\d{1,5}$/, '').toLowerCase()
  return names.includes(bare) || /^\d{1,3}(\.\d{1,3}){3}$/.test(bare) || /^\[[0-9a-f:.]+\]$/.test(bare)
}

/** Another port of this machine is another site: what listens there may be anybody's. */
function isFromAnotherSite({ host, origin, ...headers }: IncomingHttpHeaders, { scheme }: StatusDoor): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'none' && site !== 'same-origin') return true
  return origin !== undefined && origin !== `${scheme}://${host}`
}
