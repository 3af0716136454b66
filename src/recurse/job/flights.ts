/**
 * Equal questions in flight are one piece of work. It belongs to none of its callers: it lives while any of them waits, and is
 * aborted when the last one goes. Work that waits for other work is a graph, and an edge that would close a circle is refused:
 * name servers of two zones that live in each other would otherwise wait for each other for ever.
 */
import { aborted, WorkMap } from '../../base/index.ts'
import type { IterationStep } from './types.ts'

export class Flight {
  readonly #controller = new AbortController()
  readonly #listeners = new Set<(step: IterationStep) => void>()
  readonly #waitsFor = new Set<Flight>()
  /** Monotonic ms. */
  readonly begun: number
  waiters = 0

  constructor(begun: number) {
    this.begun = begun
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  readonly report = (step: IterationStep): void => {
    for (const listener of this.#listeners)
      try {
        listener(step)
      } catch {
        // The work is everybody's: whoever cannot hear of it is told no more.
        this.#listeners.delete(listener)
      }
  }

  /** False: nobody hears of steps now, and their texts need not be made. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  abort(): void {
    this.#controller.abort()
  }

  listen(listener: (step: IterationStep) => void): void {
    this.#listeners.add(listener)
  }

  unlisten(listener: (step: IterationStep) => void): void {
    this.#listeners.delete(listener)
  }

  waitFor(other: Flight): void {
    this.#waitsFor.add(other)
  }

  stopWaitingFor(other: Flight): void {
    this.#waitsFor.delete(other)
  }

  /** True when this work is `other`, or waits for it over any number of steps. */
  dependsOn(other: Flight, seen: Set<Flight> = new Set()): boolean {
    if (this === other) return true
    if (seen.has(this)) return false
    seen.add(this)
    for (const next of this.#waitsFor) if (next.dependsOn(other, seen)) return true
    return false
  }
}

export interface Waiter {
  readonly signal: AbortSignal
  readonly onStep?: ((step: IterationStep) => void) | undefined
  /** The work that asks, when it is not a client. */
  readonly parent?: Flight | undefined
}

interface Running<T> {
  readonly flight: Flight
  readonly result: Promise<T>
  /** Ends it with this error for all who wait. */
  readonly fail: (error: Error) => void
}

export class FlightTable<T> {
  readonly #monotonic: () => number
  readonly #giveWayMs: number
  /** The oldest first. */
  readonly #byKey = new WorkMap<string, Running<T>>()

  /** Where there is no room, work that is older than `giveWayMs` gives way to new work. */
  constructor(monotonic: () => number, giveWayMs: number) {
    this.#monotonic = monotonic
    this.#giveWayMs = giveWayMs
  }

  get size(): number {
    return this.#byKey.size
  }

  /** Whether a question would be merged, begin, or close a circle. */
  state(key: string, parent: Flight | undefined): 'new' | 'running' | 'circle' {
    const running = this.#byKey.get(key)
    if (running === undefined) return 'new'
    return parent !== undefined && running.flight.dependsOn(parent) ? 'circle' : 'running'
  }

  /** False when so many are in work, and none is old enough to give way; one that is fails with `error`. */
  makeRoom(most: number, error: () => Error): boolean {
    if (this.#byKey.size < most) return true
    const [key, oldest] = this.#byKey.first()!
    if (this.#monotonic() - oldest.flight.begun < this.#giveWayMs) return false
    this.#byKey.delete(key)
    oldest.fail(error())
    oldest.flight.abort()
    return true
  }

  /** Waits for the work of this key, and begins it if nobody has. Rejects with ABORTED when the waiter's signal fires. */
  join(key: string, waiter: Waiter, begin: (flight: Flight) => Promise<T>): Promise<T> {
    let running = this.#byKey.get(key)
    if (running === undefined) {
      const flight = new Flight(this.#monotonic())
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      // Begun a microtask later, so that the work finds itself in the map when it asks for the same.
      Promise.resolve()
        .then(() => begin(flight))
        .then(resolve, reject)
      running = { flight, result: promise, fail: reject }
      const mine = running
      this.#byKey.set(key, mine)
      const forget = () => {
        if (this.#byKey.get(key) === mine) this.#byKey.delete(key)
      }
      mine.result.then(forget, forget)
    }
    return this.#wait(key, running.flight, running.result, waiter)
  }

  #wait(key: string, flight: Flight, result: Promise<T>, waiter: Waiter): Promise<T> {
    const { signal, onStep, parent } = waiter
    flight.waiters++
    if (onStep !== undefined) flight.listen(onStep)
    parent?.waitFor(flight)
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', onAbort)
        if (onStep !== undefined) flight.unlisten(onStep)
        parent?.stopWaitingFor(flight)
        flight.waiters--
      }
      const onAbort = () => {
        leave()
        if (flight.waiters === 0) {
          // Whoever asks next begins anew, instead of joining work that is being given up.
          if (this.#byKey.get(key)?.flight === flight) this.#byKey.delete(key)
          flight.abort()
        }
        reject(aborted(signal))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      result.then(
        (value) => {
          if (signal.aborted) return
          leave()
          resolve(value)
        },
        (error) => {
          if (signal.aborted) return
          leave()
          reject(error)
        },
      )
      if (signal.aborted) onAbort()
    })
  }
}
