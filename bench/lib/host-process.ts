/** The process that a machine of `hosts.ts` lives in: sets it up, and asks servers on its loopback interface for its parent. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export type HostCommand =
  | { readonly op: 'run'; readonly command: readonly [string, ...string[]] }
  | { readonly op: 'get'; readonly url: string }

export type HostAnswer =
  | { readonly id: number; readonly body: string }
  | { readonly id: number; readonly error: string }

const run = promisify(execFile)

async function perform(command: HostCommand): Promise<string> {
  if (command.op === 'run') {
    const [program, ...args] = command.command
    return (await run(program, args)).stdout
  }
  // Without keep-alive: the server may close an idle connection just when it is used again.
  return (await fetch(command.url, { headers: { connection: 'close', 'x-chordns': '1' } })).text()
}

process.on('message', ({ id, command }: { id: number; command: HostCommand }) => {
  const answer = (answer: HostAnswer) => process.send?.(answer)
  perform(command).then(
    (body) => answer({ id, body }),
    (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
