/** What several commands of `setup` need of the machine: where the configuration is, and programs that it runs. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { searchPath } from '../../config/index.ts'

export function configFile({ config }: { readonly config?: string | undefined }): string {
  if (config !== undefined) return resolve(config)
  return resolve(searchPath(process.env).find((path) => existsSync(path)) ?? 'resolver.config.json')
}

/** Says what did not work. */
export function run(command: readonly string[]): void {
  const [program = '', ...args] = command
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' })
  if (status === 0) return
  const why = error?.message ?? `exit code ${status}`
  process.stderr.write(`chordns: ${command.join(' ')} failed (${why}): run it by hand\n`)
}

/** Restarts the node if systemd runs it. False: somebody else has to. */
export function restartService(): boolean {
  const { status, error } = spawnSync('systemctl', ['is-active', '--quiet', SERVICE])
  if (status !== 0 || error !== undefined) return false
  run(['systemctl', 'restart', SERVICE])
  return true
}

const SERVICE = 'chordns'
