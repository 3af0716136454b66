/** Some processes with some members each: begins them, waits until they are one ring, and ends them whatever happens. */
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command, Member, Seen, Timing } from './commands.ts'

const PER_PROCESS = 10
/**
 * Members that join at once: each costs hand-shakes with all others, some milliseconds of CPU on both sides, and whoever waits
 * longer than hello may take is hung up on and comes back.
 */
const AT_ONCE = 2
const ANSWER_MS = 900_000

export interface CrewOptions {
  readonly size: number
  readonly ringId: string
  readonly kads: readonly number[]
  readonly pubsub?: boolean
  readonly ring: Timing
  readonly perProcess?: number
  /** How long they may take to find each other. Ms. */
  readonly joinMs: number
  /** As in `start`. */
  readonly far?: number
}

export class Crew {
  readonly members: Member[] = []
  readonly #hands: Hand[] = []

  /** The first process begins the ring, the others join through its first member. Ends all of them when one fails. */
  static async begin(options: CrewOptions, say: (line: string) => void): Promise<Crew> {
    const crew = new Crew()
    try {
      await crew.#begin(options, say)
      return crew
    } catch (error) {
      await crew.end()
      throw error
    }
  }

  async #begin(
    { size, ringId, kads, ring, joinMs, far, pubsub = false, perProcess = PER_PROCESS }: CrewOptions,
    say: (line: string) => void,
  ): Promise<void> {
    const names = Array.from({ length: size }, (_, i) => `member-${i}`)
    const start = { op: 'start', ringId, kads, pubsub, ring, ...(far !== undefined && { far }) } as const
    const first = this.#hire()
    const [founder] = await first.tell<Member[]>({ ...start, names: names.slice(0, 1), bootstrap: [] })
    this.members.push(founder!)
    const bootstrap = [founder!.address]
    const groups: string[][] = []
    for (let at = 1; at < size; at += perProcess) groups.push(names.slice(at, at + perProcess))
    for (const group of groups) {
      const hand = this.#hire()
      const began = performance.now()
      for (let i = 0; i < group.length; i += AT_ONCE) {
        this.members.push(...(await hand.tell<Member[]>({ ...start, names: group.slice(i, i + AT_ONCE), bootstrap })))
        await this.#until(joinMs, ({ joined }) => joined, [hand])
      }
      const took = Math.round(performance.now() - began)
      say(`${this.members.length} of ${size} members have joined, the last ${group.length} within ${took} ms`)
    }
    const settled = await this.#until(joinMs, ideal(this.members))
    say(`one ring of ${size} after ${Math.round(settled / 1_000)} s`)
  }

  seen(): Promise<Seen[]> {
    return this.all<Seen[]>({ op: 'seen' }).then((parts) => parts.flat())
  }

  /** The same command to every process, one after the other or all at once. */
  async all<T>(command: Command, atOnce = true): Promise<T[]> {
    if (atOnce) return Promise.all(this.#hands.map((hand) => hand.tell<T>(command)))
    const results: T[] = []
    for (const hand of this.#hands) results.push(await hand.tell<T>(command))
    return results
  }

  /** To the process that has this member. */
  async tellOne<T>(name: string, command: Command): Promise<T> {
    const at = this.members.findIndex((member) => member.name === name)
    const hand = this.#hands.find((one) => one.holds(this.members[at]!.name))
    if (hand === undefined) throw new Error(`no process has ${name}`)
    return hand.tell<T>(command)
  }

  async end(): Promise<void> {
    await Promise.all(this.#hands.map((hand) => hand.dismiss()))
  }

  /** Waits until every member satisfies this; returns how long it took, ms. Throws with what is missing. */
  async #until(limitMs: number, done: (seen: Seen) => boolean, hands = this.#hands): Promise<number> {
    const began = performance.now()
    for (;;) {
      const seen = (await Promise.all(hands.map((hand) => hand.tell<Seen[]>({ op: 'seen' })))).flat()
      const open = seen.filter((one) => !done(one))
      if (open.length === 0) return performance.now() - began
      if (performance.now() - began > limitMs)
        throw new Error(`${open.length} of ${seen.length} members are not ready: ${JSON.stringify(open.slice(0, 3))}`)
      await pause(hands.length === 1 ? 100 : 1_000)
    }
  }

  #hire(): Hand {
    const hand = new Hand()
    this.#hands.push(hand)
    return hand
  }
}

/** Every member knows all, and points where it must: what a look-up at rest begins with. */
function ideal(members: readonly Member[]): (seen: Seen) => boolean {
  const ids = members.map(({ id }) => id).sort()
  const size = ids.length
  const length = Math.min(16, size - 1)
  return ({ joined, members: known, id, predecessor, successors }) => {
    const at = ids.indexOf(id)
    const wanted = Array.from({ length }, (_, i) => ids[(at + 1 + i) % size])
    return (
      joined &&
      known === size &&
      (size === 1 || predecessor === ids[(at - 1 + size) % size]) &&
      wanted.join() === successors.join()
    )
  }
}

/** One process. */
class Hand {
  readonly #process: ChildProcess
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }
  >()
  readonly #names = new Set<string>()
  readonly #ended: Promise<void>
  #next = 1

  constructor() {
    this.#process = fork(new URL('./process.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#process.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    this.#ended = new Promise((resolve) => {
      this.#process.on('exit', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`a process with members ended (${code})`))
        this.#waiting.clear()
        resolve()
      })
    })
  }

  holds(name: string): boolean {
    return this.#names.has(name)
  }

  tell<T>(command: Command): Promise<T> {
    if (command.op === 'start') for (const name of command.names) this.#names.add(name)
    const id = this.#next++
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${command.op}`)), ANSWER_MS)
      this.#waiting.set(id, {
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result as T)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      if (!this.#process.connected) reject(new Error('a process with members is gone'))
      else this.#process.send({ id, command })
    })
  }

  async dismiss(): Promise<void> {
    if (this.#process.connected) await this.tell({ op: 'stop' }).catch(() => {})
    const forced = setTimeout(() => this.#process.kill('SIGKILL'), 10_000)
    await this.#ended
    clearTimeout(forced)
  }
}
