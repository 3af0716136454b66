/** Programs in the namespace, each with a log file; one that ends early is an error that shows its log. */
import type { ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from '../interop/namespace.ts'

export class Programs {
  readonly namespace: Namespace
  readonly #logs: string
  readonly #ended = new Map<string, number | null>()
  #stopping = false

  constructor(namespace: Namespace, dir: string) {
    this.namespace = namespace
    this.#logs = join(dir, 'logs')
    mkdirSync(this.#logs, { recursive: true })
  }

  /** The child's stderr goes to its log; stdout too, unless the caller reads it. */
  start(name: string, command: string, args: readonly string[], options: { stdout?: 'read' } = {}): ChildProcess {
    const child = this.namespace.spawn(command, args)
    const log = createWriteStream(this.logOf(name))
    child.stderr!.pipe(log, { end: false })
    if (options.stdout !== 'read') child.stdout!.pipe(log, { end: false })
    child.once('exit', (code) => {
      this.#ended.set(name, code)
      log.end()
    })
    return child
  }

  run(command: string, args: readonly string[]): string {
    return this.namespace.run(command, args)
  }

  logOf(name: string): string {
    return join(this.#logs, `${name}.log`)
  }

  /** Throws when a program has ended that should run. */
  checkAlive(): void {
    for (const [name, code] of this.#ended) {
      if (this.#stopping) return
      const log = readFileSync(this.logOf(name), 'utf8').split('\n').slice(-15).join('\n')
      throw new Error(`${name} ended with ${code}:\n${log}`)
    }
  }

  async close(): Promise<void> {
    this.#stopping = true
    await this.namespace.close()
  }
}
