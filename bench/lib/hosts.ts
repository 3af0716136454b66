/**
 * Machines for peers: each a network namespace with one interface, whose other end is here; this namespace is the router between
 * them. Not a bridge: all namespaces of a machine share one table of neighbours, and fifty on a bridge overflow it. A
 * namespace lives as long as the small process in it, so that nothing is left of a run that was killed.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { HostAnswer, HostCommand } from './host-process.ts'

const PROCESS = fileURLToPath(new URL('./host-process.ts', import.meta.url))
/** The router, which has the authorities too. */
const HERE = '10.78.255.254'
/** Longer than the slowest look-up of a peer. */
const ANSWER_MS = 60_000

export interface Host {
  readonly address: string
  /** The interface of the router that its cable ends at. */
  readonly port: string
  /** Put before a command: runs it on this machine. */
  readonly prefix: readonly string[]
  /** The JSON that a server on this machine's loopback interface answers. */
  get(port: number, path: string): Promise<unknown>
  /** Ms that this machine waits until that address has refused a connection: a round trip, and what the programs need. Median of many. */
  refused(address: string): Promise<number>
  /** Pulls the cable: from now on nobody hears from it, not even that its connections have ended. */
  cut(): void
}

export class Hosts {
  readonly #hosts: LiveHost[] = []

  /** Inside a network namespace of the benchmark's own. `authorities`: a range, all of whose addresses are here. */
  static begin(authorities: string): Hosts {
    ip('addr', 'add', `${HERE}/32`, 'dev', 'lo')
    ip('route', 'add', 'local', authorities, 'dev', 'lo')
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    return new Hosts()
  }

  async add(index: number): Promise<Host> {
    const host = await LiveHost.begin(`host${index}`, `10.78.${Math.floor(index / 250)}.${1 + (index % 250)}`)
    this.#hosts.push(host)
    return host
  }

  async end(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.end()))
  }
}

class LiveHost implements Host {
  readonly address: string
  readonly port: string
  readonly prefix: readonly string[]
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (body: string) => void; reject: (error: Error) => void }>()
  readonly #ended: Promise<void>
  #next = 1

  static async begin(port: string, address: string): Promise<LiveHost> {
    const host = new LiveHost(port, address)
    // It runs there as soon as it answers.
    await host.#tell({ op: 'run', command: ['ip', 'link', 'set', 'lo', 'up'] })
    ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(host.#process.pid))
    ip('link', 'set', port, 'up')
    ip('route', 'add', address, 'dev', port)
    // What remains when the cable is pulled: packets vanish, and no router says that there is no way.
    ip('route', 'add', 'blackhole', address, 'metric', '4096')
    await host.#tell({ op: 'run', command: ['ip', 'addr', 'add', `${address}/32`, 'dev', 'eth0'] })
    await host.#tell({ op: 'run', command: ['ip', 'link', 'set', 'eth0', 'up'] })
    await host.#tell({ op: 'run', command: ['ip', 'route', 'add', HERE, 'dev', 'eth0'] })
    await host.#tell({ op: 'run', command: ['ip', 'route', 'add', 'default', 'via', HERE] })
    return host
  }

  private constructor(port: string, address: string) {
    this.address = address
    this.port = port
    this.#process = spawn('unshare', ['--net', process.execPath, PROCESS], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.prefix = ['nsenter', `--net=/proc/${this.#process.pid}/ns/net`]
    this.#process.on('message', (message) => {
      const answer = message as HostAnswer
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('error' in answer) waiting?.reject(new Error(`${address}: ${answer.error}`))
      else waiting?.resolve(answer.body)
    })
    this.#ended = new Promise((resolve) => {
      const over = (why: string) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the machine ${address} ended: ${why}`))
        this.#waiting.clear()
        resolve()
      }
      this.#process.once('error', ({ message }) => over(message))
      this.#process.once('exit', (code, signal) => over(`${code ?? signal}`))
    })
  }

  async get(port: number, path: string): Promise<unknown> {
    return JSON.parse(await this.#tell({ op: 'get', url: `http://127.0.0.1:${port}${path}` }))
  }

  async refused(address: string): Promise<number> {
    return Number(await this.#tell({ op: 'refused', address }))
  }

  cut(): void {
    ip('link', 'set', this.port, 'down')
  }

  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    await this.#ended
  }

  #tell(command: HostCommand): Promise<string> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`${this.address}: no answer to ${JSON.stringify(command)}`))
      }, ANSWER_MS)
      this.#waiting.set(id, {
        resolve: (body) => {
          clearTimeout(timer)
          resolve(body)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#process.send({ id, command }, (error) => {
        if (error !== null) this.#waiting.get(id)?.reject(error)
      })
    })
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
