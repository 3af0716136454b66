/**
 * What tests ask of peers that run. By the commands of their users where the test is about what these show; over the status address, as
 * the commands do it, where it looks again and again: a process that begins and ends is a second of work.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { STATUS_HEADER } from '../../../src/observe/index.ts'
import { chunkView, lookupView, statusView } from '../../../src/observe/views.ts'
import type { PeerProcess } from '../../world/cluster.ts'

export const CLI = fileURLToPath(new URL('../../../bin/sources.mjs', import.meta.url))
const run = promisify(execFile)

/** What a command prints. Rejects where it fails. */
export async function said(...args: readonly string[]): Promise<string> {
  return (await run(process.execPath, [CLI, ...args])).stdout
}

export async function saidJson(...args: readonly string[]): Promise<unknown> {
  return JSON.parse(await said(...args, '--json'))
}

/** For the end of a command: which node it asks. */
export const nodeOf = (peer: PeerProcess) => ['--node', `127.0.0.1:${peer.statusPort}`]

export const statusOf = async (peer: PeerProcess) => statusView.parse(await getJson(peer, '/status'))
export const chunkOf = async (peer: PeerProcess, name: string) =>
  chunkView.parse(await getJson(peer, `/chunk?name=${name}`))
export const lookup = async (peer: PeerProcess, name: string, type = 'A') =>
  lookupView.parse(await getJson(peer, `/lookup?name=${name}&type=${type}&explain=1`))

export const peerId = (peer: PeerProcess) => peer.multiaddr.split('/p2p/')[1]!

/**
 * Ports come back: a connection that is kept open may be to a process that was killed, and the first try finds that out. Seen, too: a request that was given to
 * such a connection as it was closed, and was never heard of again.
 */
export async function getJson(peer: PeerProcess, path: string, tries = 3): Promise<unknown> {
  try {
    const headers = { [STATUS_HEADER]: '1', connection: 'close' }
    const signal = AbortSignal.timeout(ANSWER_MS)
    const response = await fetch(`http://127.0.0.1:${peer.statusPort}${path}`, { headers, signal })
    return await response.json()
  } catch (error) {
    if (tries <= 1)
      throw new Error(`${path} of peer ${peer.index}: no answer\n${peer.log().slice(-2_000)}`, { cause: error })
    await pause(200)
    return getJson(peer, path, tries - 1)
  }
}

/** Says something to a peer, once. */
export async function postJson(peer: PeerProcess, path: string, body: string): Promise<unknown> {
  const headers = { [STATUS_HEADER]: '1' }
  const signal = AbortSignal.timeout(ANSWER_MS)
  const response = await fetch(`http://127.0.0.1:${peer.statusPort}${path}`, { method: 'POST', headers, body, signal })
  return response.json()
}

/**
 * How long tests wait for what must come. It says nothing of how fast a node is: the machine may be slow, and busy otherwise. A test of
 * how fast something is measures it, and says so.
 */
export const PATIENCE_MS = 240_000
/** The same for one answer of a node. */
const ANSWER_MS = 60_000
/** Between two looks: longer and longer, since looking takes time of those that are waited for. */
const LOOK_AGAIN_MS = [50, 400] as const

/**
 * Tries until `look` finds something that is neither undefined nor false, and returns it. What throws has not come yet: an `expect` says
 * by its failure what was seen last, which is shown when time is over. `detail` adds to that.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  detail: () => string = () => '',
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + timeoutMs
  const [first, last] = LOOK_AGAIN_MS
  for (let pauseMs: number = first; ; pauseMs = Math.min(last, 1.3 * pauseMs)) {
    let failure: unknown
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      failure = error
    }
    if (performance.now() > end) {
      const last = failure instanceof Error ? `, last: ${failure.message}` : ''
      throw new Error(`not in time: ${what}${last}\n${detail()}`, { cause: failure })
    }
    await pause(pauseMs)
  }
}

/** Tries until `check` throws no more. */
export async function comesTrue(
  what: string,
  check: () => Promise<void> | void,
  detail?: () => string,
  timeoutMs?: number,
): Promise<void> {
  const look = async () => {
    await check()
    return true
  }
  await until(what, look, detail, timeoutMs)
}

/** A line with this text has been read: what a node says in answers may be heard before what it says in its log. */
export async function hasLogged(peer: PeerProcess, text: string): Promise<void> {
  const log = () => peer.log()
  await until(
    `"${text}" in the log of peer ${peer.index}`,
    () => log().includes(text),
    () => log().slice(-3_000),
  )
}

/** All have joined, and know each other. */
export async function allKnow(peers: readonly PeerProcess[]): Promise<void> {
  await until(`${peers.length} members known to all`, async () => {
    const views = await Promise.all(peers.map(statusOf))
    const seen = views.map(({ ring }) => (ring?.joined === true ? ring.members.length : 0))
    if (seen.every((count) => count === peers.length)) return true
    throw new Error(`they know ${seen.join(', ')}`)
  })
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
