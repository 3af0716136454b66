/** A network namespace with addresses of its own: real root addresses can live there, and nothing leaves it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'

export class Namespace {
  readonly name: string
  readonly #children: ChildProcess[] = []
  readonly #etc: string

  constructor(label: string) {
    // Not the process: each file of the usual run counts its processes from 1.
    this.name = `chordns-${label}-${randomBytes(4).toString('hex')}`
    this.#etc = `/etc/netns/${this.name}`
    execFileSync('ip', ['netns', 'add', this.name])
    this.run('ip', ['link', 'set', 'lo', 'up'])
  }

  /** `ip netns exec` shows this file as /etc/resolv.conf inside. */
  resolvConf(text: string): void {
    mkdirSync(this.#etc, { recursive: true })
    writeFileSync(`${this.#etc}/resolv.conf`, text)
  }

  addAddress(address: string): void {
    this.run('ip', [
      'addr',
      'add',
      `${address}/${address.includes(':') ? 128 : 32}`,
      'dev',
      'lo',
      ...(address.includes(':') ? ['nodad'] : []),
    ])
  }

  run(command: string, args: readonly string[], options: { readonly input?: string } = {}): string {
    return execFileSync('ip', ['netns', 'exec', this.name, command, ...args], {
      encoding: 'utf8',
      timeout: 240_000,
      ...(options.input !== undefined && { input: options.input }),
    })
  }

  /** Starts a program that runs until `close`. */
  spawn(command: string, args: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.push(child)
    return child
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map(end))
    execFileSync('ip', ['netns', 'del', this.name])
    rmSync(this.#etc, { recursive: true, force: true })
  }
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

/** True when namespaces can be made here and the programs are installed. */
export function available(...programs: readonly string[]): boolean {
  if (process.getuid?.() !== 0) return false
  return ['ip', ...programs].every((program) => {
    try {
      execFileSync('which', [program], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}
