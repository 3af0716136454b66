/**
 * Where a transfer stands, message by message: a whole zone (RFC 5936 section 2.2) or its differences from a serial that is known (RFC 1995 section 4). Goes by the SOA records
 * alone; what the records say is read later. Pure.
 */
import { type Name, nameToText, sameName } from '../../../dns/index.ts'
import { limits } from '../../limits.ts'
import { broken, type FoundSoa, type Walked } from './walk.ts'

export type TransferKind = 'whole' | 'differences'

export class Incoming {
  readonly #zone: Name
  /** The serial that differences may begin at; undefined: only a whole zone will do. */
  readonly #known: number | undefined
  #first: FoundSoa | undefined
  /** Undefined as long as one record has come. */
  #kind: TransferKind | undefined
  /** Of what is being changed: records of this serial go, or those come that make it this one. */
  #serial = 0
  #isAdding = false
  #records = 0

  constructor(zone: Name, known: number | undefined) {
    this.#zone = zone
    this.#known = known
  }

  get kind(): TransferKind {
    return this.#kind ?? 'whole'
  }

  /** The next message. The SOA of the zone as it is now, when this was the last one. Throws TRANSFER_FAILED. */
  take({ answers, soas }: Pick<Walked, 'answers' | 'soas'>): FoundSoa | undefined {
    if (answers === 0) throw broken('a message without records')
    const before = this.#records
    this.#records += answers
    let isEnd = false
    for (const soa of soas) {
      if (!sameName(soa.owner, this.#zone)) throw broken(`it is the zone ${nameToText(soa.owner)}`)
      if (isEnd) throw broken('records behind the end of the zone')
      isEnd = this.#soa(soa, before + soa.index)
      if (isEnd && soa.index !== answers - 1) throw broken('records behind the end of the zone')
    }
    if (this.#first === undefined) throw broken('the zone does not begin with its SOA')
    if (this.#records > 1) this.#kind ??= 'whole'
    const most = this.kind === 'whole' ? limits.MAX_ZONE_RECORDS : limits.MAX_DIFFERENCE_RECORDS
    if (this.#records > most) throw broken(`more than ${most} records`)
    return isEnd ? this.#first : undefined
  }

  /** Whether it is the last record. `index`: among all records. */
  #soa(soa: FoundSoa, index: number): boolean {
    if (this.#first === undefined) {
      if (index !== 0) throw broken('the zone does not begin with its SOA')
      this.#first = soa
      return false
    }
    if (index === 1 && this.#known !== undefined && soa.serial !== this.#first.serial) {
      if (soa.serial !== this.#known) throw broken('differences from another serial')
      this.#kind = 'differences'
      this.#serial = soa.serial
      return false
    }
    this.#kind ??= 'whole'
    return this.#kind === 'whole' ? this.#endOfZone(soa, this.#first) : this.#step(soa, this.#first)
  }

  #endOfZone({ serial }: FoundSoa, first: FoundSoa): boolean {
    if (serial !== first.serial) throw broken('the zone has changed while it came')
    return true
  }

  /** deleting -> adding -> deleting ... -> end. Each step leads nearer to the serial that was promised, so that there is an end. */
  #step({ serial }: FoundSoa, first: FoundSoa): boolean {
    if (!this.#isAdding) {
      if (!isNewer(serial, this.#serial) || isNewer(serial, first.serial)) throw broken('differences that lead nowhere')
      this.#serial = serial
      this.#isAdding = true
      return false
    }
    if (serial !== this.#serial) throw broken('differences with a gap')
    this.#isAdding = false
    return serial === first.serial
  }
}

/** RFC 1982: serials go round. */
export function isNewer(serial: number, than: number): boolean {
  const ahead = (serial - than) >>> 0
  return ahead > 0 && ahead < 2 ** 31
}
