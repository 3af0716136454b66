/**
 * Fetches a list by HTTP into a file. The host is resolved by the node itself: the machine's resolver is this node, and would have to wait for it. Bounded in bytes and
 * time, whatever the server says of its length.
 */
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import ipaddr from 'ipaddr.js'
import { ChordnsError, errorText } from '../../base/index.ts'
import { limits } from '../limits.ts'

/** What a server said of the text that is there already. */
export interface CopyMarks {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

export interface DownloadDeps {
  /** Addresses of a host, as texts. */
  readonly resolve: (host: string, signal: AbortSignal) => Promise<readonly string[]>
  /** Undefined: there is no text yet. */
  readonly known: CopyMarks | undefined
  readonly maxBytes: number
  /** Addresses that nothing is fetched from, by whatever name. Left out: none. */
  readonly refuses?: ((address: string) => boolean) | undefined
  readonly signal: AbortSignal
  /** Left out: as long as a long list takes over a slow line. */
  readonly patience?: Patience
}

/** Ms. */
export interface Patience {
  readonly all: number
  /** A server that says nothing for so long is given up. */
  readonly idle: number
}

const PATIENCE: Patience = { all: limits.LIST_FETCH_MS, idle: limits.LIST_IDLE_MS }

/** Undefined: what is there has not changed. Rejects with LIST_FETCH, and then `file` is not there. */
export async function download(url: string, file: string, deps: DownloadDeps): Promise<CopyMarks | undefined> {
  const { patience = PATIENCE } = deps
  const control = AbortSignal.any([deps.signal, AbortSignal.timeout(patience.all)])
  try {
    const response = await request(url, { ...deps, patience, signal: control }, 0)
    if (response.statusCode === 304) {
      response.destroy()
      return undefined
    }
    await store(response, file, deps.maxBytes, control)
    const { etag, 'last-modified': lastModified } = response.headers
    return { etag, lastModified }
  } catch (error) {
    await rm(file, { force: true })
    if (error instanceof ChordnsError) throw error
    const why = control.aborted && !deps.signal.aborted ? 'it takes too long' : errorText(error)
    throw failed(url, why, error)
  }
}

/** A list that another box has named must not lead to what trusts this machine. */
export function isThisMachine(address: string): boolean {
  return !ipaddr.isValid(address) || ['loopback', 'unspecified', 'linkLocal'].includes(ipaddr.process(address).range())
}

const REFUSED = 'its address is this machine itself'

function failed(url: string, why: string, cause?: unknown): ChordnsError {
  return new ChordnsError('LIST_FETCH', `${url}: ${why}`, { url, why }, { cause })
}

async function request(
  url: string,
  deps: DownloadDeps & { readonly patience: Patience },
  redirects: number,
): Promise<IncomingMessage> {
  const target = new URL(url)
  // No look-up is made of an address.
  const literal = target.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && deps.refuses?.(literal) === true) throw failed(url, REFUSED)
  const get = target.protocol === 'https:' ? httpsGet : httpGet
  const { etag, lastModified } = deps.known ?? { etag: undefined, lastModified: undefined }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = get(
      target,
      {
        lookup: lookupBy(deps),
        signal: deps.signal,
        timeout: deps.patience.idle,
        // One request an hour needs no connection that stays.
        agent: false,
        headers: {
          'user-agent': 'chordns',
          'accept-encoding': 'gzip',
          ...(etag !== undefined && { 'if-none-match': etag }),
          ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
        },
      },
      resolve,
    )
    sent.once('timeout', () => sent.destroy(new Error('the server says nothing')))
    sent.on('error', reject)
  })
  const { statusCode = 0, headers } = response
  if (statusCode === 200 || (statusCode === 304 && deps.known !== undefined)) return response
  // What else it says is not read: it may be without end.
  response.destroy()
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined)
    throw failed(url, `HTTP status ${statusCode}`)
  if (redirects === limits.MAX_REDIRECTS) throw failed(url, 'too many redirections')
  const next = new URL(headers.location, target)
  if (next.protocol !== 'https:' && next.protocol !== target.protocol) throw failed(url, `leads to ${next.protocol}`)
  return request(next.href, deps, redirects + 1)
}

/** In the form that sockets ask for addresses in. */
function lookupBy({ resolve, refuses, signal }: DownloadDeps): LookupFunction {
  return (host, options, done) => {
    resolve(host, signal).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
        const [first] = found
        if (addresses.some((address) => refuses?.(address) === true)) done(new Error(REFUSED), '', 0)
        else if (first === undefined) done(new Error(`no address of ${host}`), '', 0)
        else if (options.all === true) done(null, found)
        else done(null, first.address, first.family)
      },
      (error: unknown) => done(new Error(`no address of ${host}: ${errorText(error)}`), '', 0),
    )
  }
}

async function store(response: IncomingMessage, file: string, maxBytes: number, signal: AbortSignal): Promise<void> {
  const promised = Number(response.headers['content-length'] ?? 0)
  if (promised > maxBytes) {
    response.destroy()
    throw new Error(`${promised} bytes, more than ${maxBytes}`)
  }
  let bytes = 0
  const bounded = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new Error(`more than ${maxBytes} bytes`))
      else done(null, chunk)
    },
  })
  const isPacked = response.headers['content-encoding'] === 'gzip'
  const to = createWriteStream(file, { mode: 0o600 })
  if (isPacked) await pipeline(response, createGunzip(), bounded, to, { signal })
  else await pipeline(response, bounded, to, { signal })
  if (!response.complete) throw new Error('the text ended early')
}
