/**
 * What answers at the site of a claimed domain (D67): it opens what validators have sealed to the owner's key, for one claim and for nothing else. It runs for as long as the
 * claim is open, behind the web server of the domain.
 */
import { createServer, type Server } from 'node:http'
import { ChordnsError, type Endpoint, errorText, fromHex, toHex } from '../../base/index.ts'
import { openSealed } from '../../crypto/sealed.ts'
import { CLAIM_SECRET_BYTES, CLAIM_SECRET_PATH, claimFromBytes, claimSecretContext } from '../../ledger/index.ts'
import { claimPageLimits as limits } from '../limits.ts'
import type { DomainPlace } from './domains.ts'
import { loadOwnerSeed } from './zone-keys.ts'

export interface ClaimAnswers {
  readonly address: Endpoint
  /** Secrets that it has told. */
  readonly told: () => number
  close(): Promise<void>
}

/** `value`: of the open claim, hex. Rejects with CLAIM_LISTEN, USAGE, KEY_* and LEDGER_MALFORMED. */
export async function answerClaim(
  file: string,
  { chainId, label }: DomainPlace,
  value: string,
  listen: Endpoint,
): Promise<ClaimAnswers> {
  const claim = claimFromBytes(fromHex(value))
  if ('state' in claim) throw new ChordnsError('USAGE', 'the claim is over', {})
  const seed = await loadOwnerSeed(file)
  const context = claimSecretContext(chainId, label, claim.challenge)
  let told = 0
  const server = createServer(
    { maxHeaderSize: limits.HEADER_BYTES, requestTimeout: limits.ANSWER_TIMEOUT_MS },
    (request, response) => {
      const sealed = request.method === 'GET' ? CLAIM_SECRET_PATH.exec(request.url ?? '')?.[1] : undefined
      const secret = sealed === undefined ? undefined : openSealed(seed, context, fromHex(sealed))
      const isTold = secret?.length === CLAIM_SECRET_BYTES
      if (isTold) told++
      response.writeHead(isTold ? 200 : 404, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
      response.end(isTold ? `${toHex(secret)}\n` : '')
    },
  )
  server.maxConnections = limits.ANSWER_CONNECTIONS
  const address = await bound(server, listen)
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { address, told: () => told, close }
}

function bound(server: Server, { address, port }: Endpoint): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new ChordnsError('CLAIM_LISTEN', `${address} port ${port}: ${errorText(error)}`, { address, port })),
    )
    server.listen(port, address, () => {
      const found = server.address()
      resolve({ address, port: typeof found === 'object' && found !== null ? found.port : port })
    })
  })
}
