import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { carry } from '../../../src/cli/common/ledger-client.ts'

const ACCOUNT = '11'.repeat(32)
const NONCE_MARK = 3
/** In no block that is remembered. */
const LOST = -1

interface Ledger {
  /** What the node says of the account, one answer after the other; the last one stays. */
  readonly nonces: number[]
  /** The number that validators expect. */
  readonly expected: number
  /** Marks of blocks, for each transaction that is taken; 0 where none is left. */
  readonly marks?: number[]
}

describe('a transaction that another one of its account overtakes', () => {
  let server: Server
  const handed: string[] = []

  async function nodeWith({ nonces, expected, marks = [] }: Ledger) {
    handed.length = 0
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://node')
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', (): unknown => {
        const say = (status: number, value: unknown) => response.writeHead(status).end(JSON.stringify(value))
        if (pathname === '/ledgers/account') {
          const nonce = nonces.length > 1 ? nonces.shift()! : nonces[0]!
          return say(200, { chain: 'root', account: ACCOUNT, nonce, next: nonce, balance: 0, fresh: true })
        }
        if (pathname === '/ledgers/outcome') {
          const code = marks.shift() ?? 0
          return say(200, code === LOST ? null : { height: 9, code, fee: 0, detail: '' })
        }
        handed.push(body)
        if (Number.parseInt(body, 16) < expected)
          return say(400, { error: { code: 'LEDGER_OVERTAKEN', message: 'another came in between' } })
        return say(200, { chain: 'root', transaction: body })
      })
    })
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go))
    return { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
  }

  async function carried(ledger: Ledger) {
    const node = await nodeWith(ledger)
    const make = (nonce: number) => ({ bytes: nonce.toString(16).padStart(2, '0'), id: '22'.repeat(32) })
    return carry({ node, chain: 'root', account: ACCOUNT, make, waitMs: 1_000 })
  }

  afterEach(async () => new Promise((go) => server.close(go)))

  it('is made anew once the node knows of the newer number, although it does not at once', async () => {
    expect(await carried({ nonces: [5, 5, 5, 6], expected: 6 })).toMatchObject({ nonce: 6, outcome: { code: 0 } })
    expect(handed).toEqual(['05', '06'])
  })

  it('is made anew when its block marks it so', async () => {
    expect(await carried({ nonces: [5, 6], expected: 5, marks: [NONCE_MARK] })).toMatchObject({ nonce: 6 })
    expect(handed).toEqual(['05', '06'])
  })

  it('is not made anew, but said to be unclear, when its number is used and nobody remembers it', async () => {
    await expect(carried({ nonces: [5, 6], expected: 5, marks: [LOST] })).rejects.toMatchObject({
      code: 'LEDGER_OVERTAKEN',
      message: expect.stringContaining('nobody remembers'),
    })
    expect(await carried({ nonces: [5], expected: 5, marks: [LOST] })).toMatchObject({ nonce: 5, outcome: null })
    expect(handed).toEqual(['05'])
  })

  it('is given up when others come in between time and again', async () => {
    await expect(carried({ nonces: [1, 2, 3, 4, 5, 6], expected: 99 })).rejects.toMatchObject({
      code: 'LEDGER_OVERTAKEN',
    })
    expect(handed.length).toBe(4)
  })
})
