/**
 * Commands in this process: what `chordns` prints and how it ends, without the second of work that a process takes to begin. For what is
 * looked at again and again. What a test is about is typed as its user types it, and is a process.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { main } from '../../../src/cli/main.ts'

const STREAMS = ['stdout', 'stderr'] as const

interface Written {
  stdout: string
  stderr: string
}

/** Which command of this process speaks: several may be under way. */
const speaking = new AsyncLocalStorage<Written>()

for (const name of STREAMS) {
  const stream = process[name]
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean
  stream.write = (...args: readonly unknown[]): boolean => {
    const written = speaking.getStore()
    if (written === undefined) return write(...args)
    written[name] += String(args[0])
    return true
  }
}

/** What it prints. Rejects where it fails, as a process does: with the exit code, and what it wrote. */
export async function shownHere(...args: readonly string[]): Promise<string> {
  const written: Written = { stdout: '', stderr: '' }
  const code = await speaking.run(written, () => main(args))
  if (code === 0) return written.stdout
  throw Object.assign(new Error(`chordns ${args.join(' ')}: ${written.stderr}`), { code, ...written })
}
