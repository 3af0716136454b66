/**
 * What has changed between two files of one zone, as an IXFR says it (RFC 1995 section 4). Both are read once, side by side, in the order in which
 * they were written.
 */
import { compareBytes } from '../../base/index.ts'
import { compareNames, parseZone, type ResourceRecord, ROOT, Type } from '../../dns/index.ts'

export interface ZoneChange {
  readonly kind: 'gone' | 'new'
  /** As it stands in its file. */
  readonly line: string
}

/** Lines of a file as `chordns ledger export-zone` writes it: one record each; empty ones and comments are passed over. Throws DNS_BAD_TEXT. */
export function* zoneChanges(before: Iterable<string>, after: Iterable<string>): Iterable<ZoneChange> {
  const [old, now] = [new Cursor(before), new Cursor(after)]
  while (old.line !== undefined || now.line !== undefined) {
    if (old.line !== undefined && old.line === now.line) {
      old.next()
      now.next()
    } else if (isFirst(old, now)) {
      yield { kind: 'gone', line: old.line! }
      old.next()
    } else {
      yield { kind: 'new', line: now.line! }
      now.next()
    }
  }
}

class Cursor {
  readonly #lines: Iterator<string>
  #record: ResourceRecord | undefined
  line: string | undefined

  constructor(lines: Iterable<string>) {
    this.#lines = lines[Symbol.iterator]()
    this.next()
  }

  /** Only looked at where the files differ. */
  get record(): ResourceRecord {
    this.#record ??= parseZone(this.line!, { origin: ROOT })[0]!
    return this.#record
  }

  next(): void {
    this.#record = undefined
    for (;;) {
      const { value, done } = this.#lines.next()
      this.line = done === true ? undefined : value
      if (this.line === undefined || (this.line !== '' && !this.line.startsWith(';'))) return
    }
  }
}

/** The SOA opens a file; all else is in canonical order. */
function isFirst(old: Cursor, now: Cursor): boolean {
  if (old.line === undefined || now.line === undefined) return now.line === undefined
  const [a, b] = [old.record, now.record]
  if (a.type === Type.SOA || b.type === Type.SOA) return a.type === Type.SOA
  const order = compareNames(a.name, b.name) || a.type - b.type || compareBytes(a.rdata, b.rdata) || a.ttl - b.ttl
  return order <= 0
}
