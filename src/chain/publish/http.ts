/** What stands below `/ledger/` on the status address: files of each chain, and the desk of the witness. No socket is touched here. */
import { toHex } from '../../base/index.ts'
import { ChainFiles, type PublishedChain, type Turn } from './files.ts'
import type { WitnessDesk } from './witness-desk.ts'

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const PREFIX = '/ledger/'
const utf8 = new TextEncoder()

export class LedgerPages {
  readonly #chains = new Map<string, ChainFiles>()
  readonly #turn: Turn
  readonly #witness: WitnessDesk | undefined

  /** `witness`: undefined when no outside log is configured. */
  constructor(turn: Turn, witness?: WitnessDesk) {
    this.#turn = turn
    this.#witness = witness
  }

  publish(chain: PublishedChain): void {
    this.#chains.set(toHex(chain.headers.chainId), new ChainFiles(chain, this.#turn))
  }

  /** `path`: without the query. */
  async answer(method: string, path: string, body: Uint8Array): Promise<HttpReply> {
    if (path === `${PREFIX}add-checkpoint`) return this.#add(method, body)
    const [id = '', ...rest] = path.slice(PREFIX.length).split('/')
    const file = path.startsWith(PREFIX) ? await this.#chains.get(id)?.file(rest.join('/')) : undefined
    if (file === undefined) return plain(404, 'no such file')
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET', { allow: 'GET, HEAD' })
    const cache = file.immutable ? 'public, max-age=31536000, immutable' : 'public, max-age=10'
    return { status: 200, headers: { 'content-type': file.type, 'cache-control': cache }, body: file.bytes }
  }

  async #add(method: string, body: Uint8Array): Promise<HttpReply> {
    if (this.#witness === undefined) return plain(404, 'no witness')
    if (method !== 'POST') return plain(405, 'only POST', { allow: 'POST' })
    const reply = await this.#witness.add(body)
    return {
      status: reply.status,
      headers: { 'content-type': reply.type, 'cache-control': 'no-store' },
      body: utf8.encode(reply.body),
    }
  }
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: utf8.encode(`${text}\n`),
  }
}
