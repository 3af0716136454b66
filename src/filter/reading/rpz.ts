/**
 * Response policy zones (draft-vixie-dnsop-dns-rpz): a zone whose records say what becomes of names. Of a file, record by record, as a zone of half a million
 * lines must not take minutes: the frequent lines are read here, all others by the parser of zones.
 */
import { isChordnsError } from '../../base/index.ts'
import { type Name, parseName, parseZone, type ResourceRecord, ROOT } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { type Rule, type RuleSink, Scope, type Skip } from '../rules.ts'
import type { ListOptions } from '../types.ts'
import { isBlank, NEWLINE, readNameText, textOf } from './bytes.ts'
import { onlyRcode } from './rewrites.ts'

interface RpzSink extends RuleSink {
  line(number: number, from: number, to: number): void
}

/** Labels that end the owner of a trigger by address or server: what they ask for is not known when a question comes. */
const OTHER_TRIGGERS = /\.rpz-(ip|nsip|nsdname|client-ip)$/

const wire = new Uint8Array(256)

const ZONE = { origin: ROOT }

export function readRpz(bytes: Uint8Array, options: ListOptions, sink: RpzSink): void {
  const zone = new RpzZone(options, sink)
  let line = 0
  let open: { readonly from: number; readonly line: number } | undefined
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at)
    const end = newline === -1 ? bytes.length : newline
    line++
    const from = open?.from ?? at
    // A record in parentheses goes on over lines.
    const isOpen = depthOf(bytes, from, end) > 0
    if (isOpen && end - from <= limits.MAX_LINE_BYTES) open ??= { from, line }
    else {
      sink.line(open?.line ?? line, from, end)
      if (end - from > limits.MAX_LINE_BYTES) sink.skip('too long')
      else zone.text(textOf(bytes, from, end), isBlank(bytes[from] ?? 0))
      open = undefined
    }
    at = end + 1
  }
}

function depthOf(bytes: Uint8Array, from: number, to: number): number {
  let depth = 0
  let isQuoted = false
  for (let i = from; i < to; i++) {
    const octet = bytes[i]!
    if (octet === 0x22) isQuoted = !isQuoted
    else if (isQuoted) continue
    else if (octet === 0x28) depth++
    else if (octet === 0x29) depth--
    else if (octet === 0x3b) {
      const newline = bytes.indexOf(NEWLINE, i)
      if (newline === -1 || newline >= to) break
      i = newline
    }
  }
  return depth
}

/** One zone that is being read: where its names end, and whose name a line without one repeats. */
class RpzZone {
  readonly #options: ListOptions
  readonly #sink: RuleSink
  /** What absolute owners end with. */
  #origin: string | undefined
  #owner = ''
  /** Records of local data by owner. */
  readonly #counts = new Map<string, number>()

  constructor(options: ListOptions, sink: RuleSink) {
    this.#options = options
    this.#sink = sink
  }

  text(line: string, isContinued: boolean): void {
    const text = line.replace(/;(?=(?:[^"]*"[^"]*")*[^"]*$).*$/gm, '').trim()
    if (text === '') return
    if (text.startsWith('$')) {
      this.#directive(text)
      return
    }
    const words = text.split(/\s+/)
    if (!isContinued) this.#owner = words.shift()!.toLowerCase()
    while (words[0] !== undefined && /^(\d+[smhdw]?|IN)$/i.test(words[0])) words.shift()
    const [type = '', target = ''] = words
    if (/^SOA$/i.test(type)) {
      if (this.#owner.endsWith('.') && this.#owner !== '.') this.#origin ??= this.#owner
      return
    }
    const owner = this.#relative(this.#owner)
    // The zone's own records.
    if (owner === '' || /^(NS|RRSIG|NSEC|NSEC3|NSEC3PARAM|DNSKEY)$/i.test(type)) return
    if (/^CNAME$/i.test(type)) this.#policy(owner, target.toLowerCase())
    else this.#local(owner, words.join(' '))
  }

  #directive(text: string): void {
    const [word = '', value = ''] = text.split(/\s+/)
    if (/^\$ORIGIN$/i.test(word)) this.#origin = value.toLowerCase()
    else if (!/^\$TTL$/i.test(word)) this.#sink.skip('syntax')
  }

  /** The owner without the zone's name; '' for the zone itself. */
  #relative(owner: string): string {
    if (owner === '@') return ''
    if (!owner.endsWith('.')) return owner
    const origin = this.#origin ?? ''
    if (owner === origin) return ''
    return origin !== '' && origin !== '.' && owner.endsWith(`.${origin}`)
      ? owner.slice(0, -origin.length - 1)
      : owner.slice(0, -1)
  }

  #policy(owner: string, target: string): void {
    policyOf(owner, target, this.#options, this.#sink)
  }

  #local(owner: string, data: string): void {
    if (!this.#options.rewrites) {
      this.#sink.skip('rewrite')
      return
    }
    try {
      for (const record of parseZone(`x. 0 IN ${data}`, ZONE)) addLocal(owner, record, this.#counts, this.#sink)
    } catch (error) {
      if (!isChordnsError(error, 'DNS_BAD_TEXT')) throw error
      this.#sink.skip('syntax')
    }
  }
}

/** `owner`: without the zone. */
function policyOf(owner: string, target: string, options: ListOptions, sink: RuleSink): void {
  const name = triggerOf(owner)
  const policy = typeof name === 'string' ? name : readPolicy(target, options)
  if (typeof name === 'string') sink.skip(name)
  else if (typeof policy === 'string') sink.skip(policy)
  else sink.special(name, { ...COMMON, ...policy, scope: scopeOf(owner) })
}

const COMMON = { isImportant: false, isClosest: true, when: undefined, rewrite: undefined } as const

function scopeOf(owner: string): Scope {
  return owner.startsWith('*.') ? Scope.BELOW : Scope.NAME
}

/** The name that a record is about. */
function triggerOf(owner: string): Uint8Array | Skip {
  if (OTHER_TRIGGERS.test(owner)) return 'trigger'
  const length = readNameText(owner.startsWith('*.') ? owner.slice(2) : owner, wire)
  return length === 0 ? 'bad name' : wire.slice(0, length)
}

function readPolicy(target: string, { kind, rewrites }: ListOptions): Pick<Rule, 'action' | 'rewrite'> | Skip {
  const rcode = RCODES[target]
  if (target === 'rpz-passthru.' || kind === 'allow') return { action: 'allow', rewrite: undefined }
  if (rcode !== undefined) return { action: 'rewrite', rewrite: onlyRcode(rcode) }
  if (target === 'rpz-tcp-only.' || target.startsWith('*.')) return 'trigger'
  if (!rewrites) return 'rewrite'
  const alias = aliasOf(target)
  return alias === undefined ? 'bad name' : { action: 'rewrite', rewrite: { rcode: 0, records: [], alias: alias.wire } }
}

/** By target. There is no reply that says nothing: refused is nearest. */
const RCODES: Readonly<Record<string, number>> = { '.': 3, '*.': 0, 'rpz-drop.': 5 }

function aliasOf(text: string): Name | undefined {
  try {
    return parseName(text)
  } catch (error) {
    if (isChordnsError(error, 'DNS_BAD_TEXT')) return undefined
    throw error
  }
}

/** Local data: each record is a rule of its own; those of one name are put together where they are answered. */
function addLocal(owner: string, { type, rdata }: ResourceRecord, counts: Map<string, number>, sink: RuleSink): void {
  const name = triggerOf(owner)
  const count = (counts.get(owner) ?? 0) + 1
  counts.set(owner, count)
  if (typeof name === 'string') sink.skip(name)
  else if (count > limits.MAX_REWRITE_RECORDS) sink.skip('too many')
  else {
    const rewrite = { rcode: 0, alias: undefined, records: [{ type, rdata }] }
    sink.special(name, { ...COMMON, action: 'rewrite', scope: scopeOf(owner), rewrite })
  }
}
