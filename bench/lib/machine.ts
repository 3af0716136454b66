/** Where and when a figure was measured: without it the figure means nothing. */
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly date: string
  readonly git: string
  readonly node: string
  readonly system: string
  readonly cpu: string
  readonly cores: number
  readonly memoryMiB: number
  /** One-minute load when the run began: others may share the machine. */
  readonly load: number
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    git: gitHash(),
    node: process.version,
    system: `${type()} ${release()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    load: loadavg()[0] ?? 0,
  }
}

/** With `-dirty` when sources differ from the commit; `unknown` outside a repository. */
export function gitHash(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: import.meta.dirname,
    }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':/src')
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : '-dirty'}`
  } catch {
    // No git, or a package without its history: the figure is still worth having.
    return 'unknown'
  }
}
