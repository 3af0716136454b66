/** What goes wrong in a world, as its plan says: each fault when its time has come. */
import type { EntrySummary } from '../../../src/chunks/entries/entry.ts'
import { seatsOfChunk } from '../../../src/chunks/seats/seats.ts'
import { Guests } from './guests.ts'
import { addressesOf, type Machine } from './machine.ts'
import type { Fault } from './plan.ts'
import type { World } from './world.ts'

const JOINED_MS = 12_000
/** Entries of the last run are read, and whoever signed them is known. */
const REMEMBERED_MS = 15_000

export class Faults {
  readonly guests: Guests
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.guests = new Guests(world)
  }

  strike(fault: Extract<Fault, { at: number }>): void {
    switch (fault.kind) {
      case 'join':
        this.#join()
        return
      case 'leave': {
        const machine = this.#world.machines[fault.node]
        if (machine?.isUp === true && this.#world.up().length > 2) void machine.leave()
        return
      }
      case 'crash':
        this.#crash(fault)
        return
      case 'restart':
        void this.#restart(fault)
        return
      case 'invite':
        this.guests.invite(fault)
        return
      case 'clock': {
        const machine = this.#world.machines[fault.node]
        this.#world.count('clocks moved')
        this.#world.slackMs = Math.max(this.#world.slackMs, Math.abs(fault.byMs))
        if (machine !== undefined) machine.aheadMs += fault.byMs
        return
      }
      case 'move':
        this.#world.count('records moved')
        this.#world.internet.move()
        return
      default:
        this.#world.count(fault.kind === 'disk' ? `disk ${fault.what}` : fault.kind)
        this.#world.clock.after(fault.until - fault.at, this.#begin(fault))
    }
  }

  /** What lasts for a while begins; what is returned ends it. */
  #begin(fault: Extract<Fault, { until: number }>): () => void {
    const weather = this.#world.weather
    switch (fault.kind) {
      case 'cut':
      case 'clog': {
        const [from, to] = [fault.from, fault.to].map((side) =>
          side.flatMap((i) => this.#world.machines[i]?.peer ?? []),
        )
        return fault.kind === 'cut' ? this.#world.network.cut(from!, to!) : this.#world.network.clog(from!, to!)
      }
      case 'slow':
        this.#world.space.factor *= fault.factor
        return () => {
          this.#world.space.factor /= fault.factor
        }
      case 'narrow':
        weather.bytesPerSecond = fault.bytesPerSecond
        return () => {
          weather.bytesPerSecond = undefined
        }
      case 'loss':
      case 'duplicates':
      case 'reorder':
        weather[fault.kind] = fault.rate
        return () => {
          weather[fault.kind] = 0
        }
      case 'disk':
        return this.#breakDisk(fault)
      case 'deceived':
        this.#world.forging.set(fault.node, fault.how)
        return () => this.#world.forging.delete(fault.node)
      case 'offline':
        this.#world.offline.add(fault.node)
        return () => this.#world.offline.delete(fault.node)
      case 'strangers':
        return this.#knock(fault)
    }
  }

  #breakDisk({ node, what }: Extract<Fault, { kind: 'disk' }>): () => void {
    const faults = this.#world.machines[node]?.faults
    const set = (is: boolean) => {
      if (faults === undefined) return
      if (what === 'full') faults.isFull = is
      else if (what === 'forgetful') faults.isForgetful = is
      else faults.failing = is ? 0.2 : 0
    }
    set(true)
    return () => set(false)
  }

  /** Hosts that are no members, each in a network of its own, open connections to one node after the other, and say nothing. */
  #knock({ hosts, perSecond }: Extract<Fault, { kind: 'strangers' }>): () => void {
    let isOver = false
    const knock = (host: string, at: number) => {
      if (isOver) return
      this.#world.network.knock(host, this.#world.machines[at % this.#world.machines.length]!.address)
      this.#world.clock.after(1_000 / perSecond, () => knock(host, at + 1))
    }
    for (let i = 0; i < hosts; i++) knock(`198.51.${i}.7`, i)
    return () => {
      isOver = true
    }
  }

  #join(): void {
    const up = this.#world.up()
    const to =
      up[this.#world.stream(`joining ${this.#world.machines.length}`).below(Math.max(1, up.length))]?.index ?? 0
    this.#world.count('joins')
    const machine = this.#world.add()
    this.#world.start(machine, addressesOf(0, 1, to))
    // Nothing is wrong but strangers and liars: whoever comes is let in at once.
    if (this.#world.plan.faults.some(({ kind }) => !['join', 'strangers', 'liar', 'move'].includes(kind))) return
    this.#world.clock.after(JOINED_MS, () => {
      if (machine.isUp && !machine.life!.rooms.ring.status().joined)
        this.#world.violated('joining', `${machine.index} is kept out for ${JOINED_MS / 1_000} s`)
    })
  }

  /** What a node held when its process was killed it holds again, soon after its start. */
  #remembers(machine: Machine, held: readonly EntrySummary[]): void {
    const { lives } = machine
    const hadBadDisk = this.#world.plan.faults.some((fault) => fault.kind === 'disk' && fault.node === machine.index)
    if (hadBadDisk) return
    this.#world.clock.after(REMEMBERED_MS, () => {
      if (machine.lives !== lives || machine.life === undefined) return
      const { chunks, ring } = machine.life.rooms
      for (const { key, chunk, expires } of held) {
        if (expires < machine.now() + 1_000 || !seatsOfChunk(ring, chunk, this.#world.plan.chunkBits).mine) continue
        this.#world.count('entries held after a kill')
        if (chunks.entryOf(key) === undefined) this.#world.violated('disk', `${machine.index} has lost ${key}`)
      }
    })
  }

  /** It hands over what it holds, and is there again soon. */
  async #restart({ node, downMs }: Extract<Fault, { kind: 'restart' }>): Promise<void> {
    const machine = this.#world.machines[node]
    if (machine?.isUp !== true) return
    await machine.leave()
    this.#world.clock.after(downMs, () => {
      this.#world.count('restarts in turn')
      this.#world.start(machine, addressesOf(0, 1, 2))
    })
  }

  #crash({ node, how, effects, downMs, loses }: Extract<Fault, { kind: 'crash' }>): void {
    const machine = this.#world.machines[node]
    if (machine?.isUp !== true || (downMs === undefined && this.#world.up().length <= 2)) return
    machine.crash(how, effects, (held) => {
      if (downMs === undefined) return
      if (loses === 'votes') {
        this.#world.count('votes lost')
        machine.loseVotes()
      }
      this.#world.clock.after(downMs, () => {
        if (machine.life !== undefined) return
        this.#world.count('restarts')
        this.#world.start(machine, addressesOf(0, 1, 2))
        if (how === 'process') this.#remembers(machine, held)
      })
    })
  }
}
