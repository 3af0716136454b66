/** The process that a machine of `hosts.ts` lives in: sets it up, and asks servers on its loopback interface for its parent. */
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'

export type HostCommand =
  | { readonly op: 'run'; readonly command: readonly [string, ...string[]] }
  | { readonly op: 'get'; readonly url: string }
  | { readonly op: 'refused'; readonly address: string }

export type HostAnswer =
  | { readonly id: number; readonly body: string }
  | { readonly id: number; readonly error: string }

const run = promisify(execFile)
/** Nobody listens there. */
const CLOSED_PORT = 9
const TRIES = 200

async function perform(command: HostCommand): Promise<string> {
  if (command.op === 'run') {
    const [program, ...args] = command.command
    return (await run(program, args)).stdout
  }
  if (command.op === 'refused') return String(await refused(command.address))
  // Without keep-alive: the server may close an idle connection just when it is used again.
  return (await fetch(command.url, { headers: { connection: 'close', 'x-chordns': '1' } })).text()
}

async function refused(host: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < TRIES; i++) {
    const began = performance.now()
    await new Promise<void>((resolve) => connect({ host, port: CLOSED_PORT }).once('error', () => resolve()))
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)[TRIES / 2]!
}

process.on('message', ({ id, command }: { id: number; command: HostCommand }) => {
  const answer = (answer: HostAnswer) => process.send?.(answer)
  perform(command).then(
    (body) => answer({ id, body }),
    (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
