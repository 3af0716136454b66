/** How a validator's node sees what the holder of a claimed domain shows: by its own iteration, past its cache, and past all ledgers. */
import { request as httpRequest } from 'node:http'
import { Budget, type Clock } from '../../base/index.ts'
import { addressText, Class, type Name, nameToText, Type } from '../../dns/index.ts'
import { CLAIM_PATH, type ClaimEyes } from '../../ledger/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { isPrivateAddress, resolverLimits } from '../../resolver/index.ts'
import { claimPageLimits } from '../limits.ts'

export interface ClaimEyesDeps {
  readonly recursor: Pick<Recursor, 'resolve'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Tests have a site elsewhere than at port 80 of a public address. */
  readonly site?: { readonly port: number; readonly mayVisit: (address: Uint8Array) => boolean }
}

/** Nobody has a node look into the network that it stands in. */
const PUBLIC = { port: 80, mayVisit: (address: Uint8Array) => !isPrivateAddress(address) }

export function claimEyes({ recursor, clock, site = PUBLIC }: ClaimEyesDeps): ClaimEyes {
  return {
    async texts(name, signal) {
      return (await fetched(name, Type.TXT, signal)) ?? []
    },
    async page(zone, signal) {
      const addresses = (await fetched(zone, Type.A, signal)) ?? (await fetched(zone, Type.AAAA, signal)) ?? []
      const address = addresses.find(site.mayVisit)
      const host = nameToText(zone).replace(/\.$/, '')
      return address && pageAt({ address: addressText(address), port: site.port, host }, signal)
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

interface Site {
  readonly address: string
  readonly port: number
  readonly host: string
}

/** Plain HTTP: the claim is what makes a certificate possible. Undefined: nothing of use; another address is not gone to, whatever it says. */
function pageAt({ address, port, host }: Site, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { host: address, port, path: CLAIM_PATH, headers: { host, connection: 'close' }, agent: false }
    const request = httpRequest({ ...options, signal, maxHeaderSize: claimPageLimits.HEADER_BYTES }, (response) => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (part: string) => {
        text += part
        if (text.length > claimPageLimits.PAGE_BYTES) response.destroy()
      })
      response.on('close', () => {
        resolve(response.statusCode === 200 && text.length <= claimPageLimits.PAGE_BYTES ? text : undefined)
      })
      response.on('error', () => resolve(undefined))
    })
    request.on('error', () => resolve(undefined))
    request.end()
  })
}
