/** Customers of a registrar and their tokens, in a file of which the front keeps hashes only. */
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { ChordnsError, fromHex, toHex } from '../../base/index.ts'
import { sha256, timingSafeEqual } from '../../crypto/index.ts'
import { readTextFile, replaceTextFile } from '../../io/index.ts'
import { limits } from './limits.ts'

const LINE = /^([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})$/

interface Client {
  readonly name: string
  readonly hash: Uint8Array
}

/** Each line is `NAME:SHA-256 of the token`; what begins with # is a comment. Throws REGISTRAR_CLIENTS, FILE_UNREADABLE. */
export function parseClients(file: string): readonly Client[] {
  const text = readTextFile(file) ?? ''
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  if (text.length > limits.MAX_CLIENTS_FILE || lines.length > limits.MAX_CLIENTS)
    throw bad(file, `more than ${limits.MAX_CLIENTS} customers`)
  return lines.map((line, index) => {
    const [, name, hash] = LINE.exec(line.trim()) ?? []
    if (name === undefined || hash === undefined) throw bad(file, `customer ${index + 1} is not NAME:HASH`)
    return { name, hash: fromHex(hash) }
  })
}

/** Adds a customer, or gives one that is there another token. Resolves with the token, which is nowhere else. Throws REGISTRAR_CLIENTS, FILE_*. */
export async function addClient(file: string, name: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const line = `${name}:${toHex(hashOf(token))}`
  if (!LINE.test(line)) throw bad(file, `${name} is no name of a customer: letters, digits, ".", "_" and "-"`)
  parseClients(file)
  const others = (readTextFile(file) ?? '').split('\n').filter((one) => one !== '' && !one.startsWith(`${name}:`))
  await replaceTextFile(file, `${[...others, line].join('\n')}\n`)
  return token
}

/** Looks at the file again when it has changed, so that a customer is let in, or out, without a restart. */
export class Clients {
  readonly #file: string
  #seen = ''
  #clients: readonly Client[] = []

  /** Throws REGISTRAR_CLIENTS, FILE_UNREADABLE. */
  constructor(file: string) {
    this.#file = file
    this.#look()
  }

  get count(): number {
    return this.#clients.length
  }

  /** Undefined: nobody has this token. */
  nameOf(token: string): string | undefined {
    this.#look()
    const hash = hashOf(token)
    return this.#clients.find((one) => timingSafeEqual(one.hash, hash))?.name
  }

  #look(): void {
    const stat = statSync(this.#file, { throwIfNoEntry: false, bigint: true })
    const seen = stat === undefined ? 'none' : `${stat.mtimeNs} ${stat.size} ${stat.ino}`
    if (seen === this.#seen) return
    this.#clients = parseClients(this.#file)
    this.#seen = seen
  }
}

function hashOf(token: string): Uint8Array {
  return sha256(new TextEncoder().encode(token))
}

function bad(file: string, why: string) {
  return new ChordnsError('REGISTRAR_CLIENTS', `${file}: ${why}`, { file })
}
