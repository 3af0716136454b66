/** Questions to servers in the namespace, through a process of ours that lives there. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ADDRESSES } from './addresses.ts'
import type { Done, Job } from './asker.ts'
import type { Programs } from './programs.ts'
import type { Internet } from './sign.ts'
import type { Flags, Reply } from './types.ts'

const ASKER = fileURLToPath(new URL('asker.ts', import.meta.url))
/** The client waits twice this: resolvers give up after about 10 s, and what comes later is a failure to any client. */
const PATIENCE_MS = 6_000

export class Asker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #next = 0

  constructor(namespace: string) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, ASKER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const { id, reply } = JSON.parse(line) as Done
      this.#waiting.get(id)?.(reply)
      this.#waiting.delete(id)
    })
  }

  ask(
    address: string,
    question: { readonly name: string; readonly type: string; readonly flags: Flags },
    options: { readonly rd?: boolean; readonly timeoutMs?: number } = {},
  ): Promise<Reply> {
    const { name, type, flags } = question
    const id = this.#next++
    const job: Job = {
      id,
      address,
      name,
      type,
      flags,
      rd: options.rd ?? true,
      timeoutMs: options.timeoutMs ?? PATIENCE_MS,
    }
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) return reject(new Error('the asker has ended'))
      this.#waiting.set(id, resolve)
      this.#child.stdin!.write(`${JSON.stringify(job)}\n`)
    })
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin!.end()
    this.#child.kill('SIGTERM')
    await ended
  }
}

const PLAIN: Flags = { edns: true, do: false, cd: false, ad: false }

/** Waits until every zone is served on every address of its server. Throws after `timeoutMs`, and names what is missing. */
export async function serversReady(
  asker: Asker,
  programs: Programs,
  internet: Internet,
  timeoutMs = 120_000,
): Promise<void> {
  let missing = internet.zones.flatMap(({ plan }) =>
    plan.odd === undefined ? ADDRESSES[plan.server].map((address) => ({ address, origin: plan.origin })) : [],
  )
  for (const end = Date.now() + timeoutMs; ; ) {
    programs.checkAlive()
    const checked = await Promise.all(
      missing.map(async (one) => {
        const question = { name: one.origin, type: 'SOA', flags: PLAIN }
        const { rcode, answers } = await asker.ask(one.address, question, { rd: false, timeoutMs: 2_000 })
        return rcode === 'NOERROR' && answers.length > 0 ? [] : [one]
      }),
    )
    missing = checked.flat()
    if (missing.length === 0) return
    if (Date.now() > end)
      throw new Error(`not served: ${missing.map(({ origin, address }) => `${origin} @${address}`).join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

/** Waits until the resolver answers for itself: a name that needs no server. */
export async function resolverReady(
  asker: Asker,
  programs: Programs,
  address: string,
  timeoutMs = 120_000,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; ; ) {
    programs.checkAlive()
    const { rcode } = await asker.ask(address, { name: 'localhost.', type: 'A', flags: PLAIN }, { timeoutMs: 500 })
    if (rcode !== 'TIMEOUT') return
    if (Date.now() > end) throw new Error(`the resolver on ${address} does not answer`)
  }
}
