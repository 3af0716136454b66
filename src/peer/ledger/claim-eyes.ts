/** How a validator's node sees what the holder of a claimed domain shows: by its own iteration, past its cache, and past all ledgers. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Budget, type Clock } from '../../base/index.ts'
import { addressText, Class, type Name, nameToText, Type } from '../../dns/index.ts'
import type { ClaimEyes } from '../../ledger/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { isPrivateAddress, resolverLimits } from '../../resolver/index.ts'
import { claimPageLimits as limits } from '../limits.ts'

export interface ClaimEyesDeps {
  readonly recursor: Pick<Recursor, 'resolve'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Tests have a site elsewhere than at a public address, and a certificate of their own. */
  readonly site?: SitePlace
}

interface SitePlace {
  readonly port: number
  readonly tlsPort: number
  readonly mayVisit: (address: Uint8Array) => boolean
  /** PEM; undefined: the authorities that come with Node, the same at all validators of one release. */
  readonly authorities?: string
}

/** Nobody has a node look into the network that it stands in. */
const PUBLIC: SitePlace = { port: 80, tlsPort: 443, mayVisit: (address) => !isPrivateAddress(address) }

export function claimEyes({ recursor, clock, site = PUBLIC }: ClaimEyesDeps): ClaimEyes {
  return {
    async texts(name, signal) {
      return (await fetched(name, Type.TXT, signal)) ?? []
    },
    async page(zone, path, signal) {
      const addresses = (await fetched(zone, Type.A, signal)) ?? (await fetched(zone, Type.AAAA, signal)) ?? []
      const address = addresses.find(site.mayVisit)
      const host = nameToText(zone).replace(/\.$/, '')
      return address && pageAt({ address: addressText(address), host, path, site }, signal)
    },
  }

  /** RDATA; undefined: there is none, or none that validates. */
  async function fetched(name: Name, type: number, signal: AbortSignal): Promise<readonly Uint8Array[] | undefined> {
    const budget = new Budget(resolverLimits.REFRESH, () => clock.monotonic())
    const question = { name, type, class: Class.IN }
    const how = { origin: 'own', checkingDisabled: false, context: 'main', fresh: true } as const
    const { outcome, evidence } = await recursor.resolve({ question, budget, signal, ...how })
    const isOwn = outcome.kind === 'rrset' && outcome.rrset.type === type
    return isOwn && evidence.security !== 'bogus' ? outcome.rrset.rdatas : undefined
  }
}

interface Page {
  readonly address: string
  readonly host: string
  readonly path: string
  readonly site: SitePlace
}

/**
 * By HTTPS where the site has a certificate that counts, and what it says there is final; else by plain HTTP: a claim is what makes a certificate possible that no
 * authority gives. Undefined: nothing of use; another address is not gone to, whatever it says.
 */
async function pageAt({ address, host, path, site }: Page, signal: AbortSignal): Promise<string | undefined> {
  const { HEADER_BYTES, TLS_MS } = limits
  const options = { host: address, path, headers: { host, connection: 'close' }, agent: false, signal }
  const bounded = { ...options, maxHeaderSize: HEADER_BYTES }
  const tls = { ...bounded, port: site.tlsPort, servername: host, ca: site.authorities, timeout: TLS_MS }
  const secure = await replyOf((heard) => httpsRequest(tls, heard), tls)
  if (secure !== 'no reply') return secure.text
  const plain = await replyOf((heard) => httpRequest({ ...bounded, port: site.port }, heard), bounded)
  return plain === 'no reply' ? undefined : plain.text
}

type Send = (heard: (response: IncomingMessage) => void) => ReturnType<typeof httpRequest>

/** `no reply`: nobody there, no certificate that counts, or nothing in time. */
function replyOf(
  send: Send,
  { signal }: Pick<RequestOptions, 'signal'>,
): Promise<{ readonly text: string | undefined } | 'no reply'> {
  return new Promise((resolve) => {
    const request = send((response) => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (part: string) => {
        text += part
        if (text.length > limits.PAGE_BYTES) response.destroy()
      })
      response.on('close', () => {
        const isOfUse = response.statusCode === 200 && text.length <= limits.PAGE_BYTES
        resolve({ text: isOfUse ? text : undefined })
      })
      response.on('error', () => resolve({ text: undefined }))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve('no reply'))
    if (signal?.aborted) request.destroy()
    request.end()
  })
}
