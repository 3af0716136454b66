/** What a parser of leases gathers: the last word on each address holds, and the first few faults are told. Pure. */
import type { DeviceFact, FactsRead } from '../facts.ts'
import { limits } from '../limits.ts'

export class FactList {
  readonly #facts = new Map<string, DeviceFact>()
  readonly #faults: string[] = []

  add({ address, mac, name }: Pick<DeviceFact, 'address' | 'mac' | 'name'>): void {
    this.#facts.delete(address)
    if (this.#facts.size < limits.MAX_FACTS) this.#facts.set(address, { source: 'lease', address, mac, name })
  }

  /** The lease is over: what an earlier line said does not hold any more. */
  remove(address: string): void {
    this.#facts.delete(address)
  }

  /** The lines that say something, with their numbers from 1; none of a text that is too long. */
  *lines(text: string): Generator<readonly [string, number]> {
    if (text.length > limits.MAX_FILE_CHARACTERS) {
      this.#faults.push(`longer than ${limits.MAX_FILE_CHARACTERS} characters, so that none of it is used`)
      return
    }
    let number = 0
    for (const line of text.split('\n')) {
      number++
      if (line.trim() !== '' && !line.startsWith('#')) yield [line.replace(/\r$/, ''), number]
    }
  }

  fault(line: number, message: string): void {
    if (this.#faults.length < limits.MAX_FAULTS) this.#faults.push(`line ${line}: ${message}`)
  }

  read(): FactsRead {
    return { facts: [...this.#facts.values()], faults: this.#faults }
  }
}
