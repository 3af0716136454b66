/** A network namespace for one run: port 53 on every loopback address, and nothing leaves it. */
import { execFileSync, spawn } from 'node:child_process'

const MARK = 'CHORDNS_BENCH_NAMESPACE'

export const insideNamespace = (): boolean => process.env[MARK] === '1'

/** Why this machine cannot make one; undefined when it can. */
export function namespaceProblem(): string | undefined {
  try {
    execFileSync('unshare', [...unshareArguments(), 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'needs unshare (util-linux), ip (iproute2), and root or unprivileged user namespaces'
  }
}

/** Runs this very command again, inside. Resolves with its exit code. */
export function runInside(script: string, args: readonly string[]): Promise<number> {
  const child = spawn(
    'unshare',
    [...unshareArguments(), 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, script, ...args],
    { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } },
  )
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

export function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Without root a user namespace gives the right to make a network namespace. */
function unshareArguments(): readonly string[] {
  return process.getuid?.() === 0 ? ['--net'] : ['--map-root-user', '--net']
}
