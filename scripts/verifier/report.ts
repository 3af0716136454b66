/** The verdict about a proof in words, for a person who has never heard of any of it. */
import { latin1, toHex } from '../../src/base/index.ts'
import { setRoot } from '../../src/chain/blocks/set-root.ts'
import type { ProofVerdict } from '../../src/chain/light/proof-file.ts'
import { refusalText } from '../../src/chain/light/refusal-words.ts'
import { isFresh, ledgerQuorum, lightRules } from '../../src/chain/light/trust.ts'
import type { StateClaim } from '../../src/chain/trees/proofs/verify.ts'
import type { Validator } from '../../src/chain/types.ts'
import { ed25519 } from '../../src/crypto/elsewhere.ts'
import { nameToText } from '../../src/dns/names/names-text.ts'
import { NAMES } from '../../src/ledger/modules/names/kinds.ts'
import { Part } from '../../src/ledger/modules/names/label.ts'
import { decodeRecord, type NameRecord } from '../../src/ledger/modules/names/record.ts'
import type { Checked } from './given.ts'

export type Row = readonly [label: string, value: string]

export interface Report {
  readonly kind: 'proven' | 'old' | 'refused'
  readonly headline: string
  /** One sentence that says what to make of it. */
  readonly advice: string
  readonly sections: readonly { readonly title: string; readonly rows: readonly Row[] }[]
  readonly checked: readonly string[]
}

type Proven = Extract<ProofVerdict, { readonly kind: 'proven' }>
/** `wanted`: the name that the person asked about; empty: whatever is in it. */
export function report(checked: Checked, wanted: string, now: number): Report {
  const { verdict, genesis } = checked
  if (verdict.kind === 'refused') return refused(refusalText(verdict.reason), checked, now)
  const about = verdict.claims.map((claim) => nameOf(claim, genesis?.name))
  const asked = wanted.trim().toLowerCase().replace(/\.$/, '')
  if (asked !== '' && !about.includes(genesis === undefined ? asked.split('.')[0]! : asked))
    return refused(
      `It says nothing of ${asked}, but of ${about.map((one) => one ?? 'something else').join(', ')}.`,
      checked,
      now,
    )
  const fresh = isFresh(lightRules(ed25519), verdict, now)
  return {
    kind: fresh ? 'proven' : 'old',
    headline: headlineOf(verdict, genesis?.name),
    advice: fresh
      ? 'This is what the ledger says now.'
      : `This was so ${ageOf(now - verdict.time)} ago. A newer proof may say something else: ask for one if it matters.`,
    sections: [...verdict.claims.map((claim) => sectionOf(claim, genesis?.name)), signers(checked), age(verdict, now)],
    checked: stepsOf(checked),
  }
}

function refused(why: string, checked: Checked, now: number): Report {
  const { time, height } = checked.file.head.header
  return {
    kind: 'refused',
    headline: 'This file proves nothing',
    advice: why,
    sections: [
      {
        title: 'What the file says of itself, unproven',
        rows: [
          ['Block', String(height)],
          ['Dated', `${dateOf(time)} (${ageOf(now - time)} ago)`],
        ],
      },
    ],
    checked: [],
  }
}

/** Undefined: it is no name. Without the TLD where only a block is trusted: nothing in the file names it. */
function nameOf({ key }: StateClaim, tld: string | undefined): string | undefined {
  if (key[0] !== NAMES || key[1] !== Part.RECORD) return undefined
  const label = latin1(key.subarray(2))
  return tld === undefined ? label : `${label}.${tld}`
}

function headlineOf({ claims }: Proven, tld: string | undefined): string {
  const [first] = claims
  const name = first && nameOf(first, tld)
  if (first === undefined || name === undefined || claims.length > 1) return `${claims.length} facts are proven`
  if (first.value === undefined) return `${name} is not registered`
  const record = recordIn(first.value)
  return record !== undefined && record.owner === undefined
    ? `${name} was given up by its owner`
    : `${name} is registered`
}

function sectionOf(claim: StateClaim, tld: string | undefined): Report['sections'][number] {
  const name = nameOf(claim, tld)
  if (name === undefined) return { title: 'A fact of the ledger', rows: [[show(claim.key), show(claim.value)]] }
  const title = `What the ledger says of ${name}`
  if (claim.value === undefined) return { title, rows: [['Registered', 'no']] }
  const record = recordIn(claim.value)
  return { title, rows: record === undefined ? [['A newer form of record', show(claim.value)]] : rowsOf(record) }
}

/** Undefined: of a release that is newer than this page. */
function recordIn(value: Uint8Array): NameRecord | undefined {
  try {
    return decodeRecord(value)
  } catch {
    return undefined
  }
}

function rowsOf({ owner, settings, generation, registered }: NameRecord): Row[] {
  const keys = (settings?.ds ?? []).map(
    (ds): Row => ['Key of its zone (DS)', `${ds[0]! * 256 + ds[1]!} ${ds[2]} ${ds[3]} ${toHex(ds.subarray(4))}`],
  )
  const servers = (settings?.servers ?? []).map(
    ({ name, addresses }): Row => ['Name server', [nameToText(name), ...addresses.map(addressText)].join(' ')],
  )
  const rows: Row[] = [
    ['Owner', owner === undefined ? 'nobody: it was given up' : toHex(owner)],
    ['Owner number', `${generation} (it counts up each time the name changes hands)`],
    ['Registered', dateOf(registered)],
  ]
  return [...rows, ...keys, ...servers]
}

function signers({ file, genesis }: Checked): Report['sections'][number] {
  const { header, certificate } = file.head
  const title = 'Who signed it'
  if (genesis === undefined)
    return { title, rows: [['Nobody was asked', 'you named the block yourself: you trust whoever told you its id']] }
  const root = toHex(header.validatorsHash)
  const sets = [file.validators ?? [], genesis.validators, ...file.trail.map(({ validators }) => validators)]
  const set: readonly Validator[] = sets.find((one) => one.length > 0 && toHex(setRoot(one)) === root) ?? []
  const signed = certificate.signatures.flatMap(({ index }) => set[index] ?? [])
  return {
    title,
    rows: [
      ['Validators', `${signed.length} of ${set.length} signed; ${ledgerQuorum(set.length)} are needed`],
      ...signed.map(({ publicKey }): Row => ['Signed by the key', toHex(publicKey)]),
    ],
  }
}

function age({ time, height }: Proven, now: number): Report['sections'][number] {
  return {
    title: 'How old it is',
    rows: [
      ['So at', `${dateOf(time)}, in block ${height}`],
      ['Age', `${ageOf(now - time)}, by the clock of this machine`],
    ],
  }
}

function stepsOf({ file, genesis }: Checked): string[] {
  const steps =
    genesis === undefined
      ? [
          'The newest block in the file has the id that you gave. Of which ledger it is only whoever gave you that id knows.',
        ]
      : [
          `The file is of the ledger “${genesis.name}” of the ring “${genesis.ringId}”, whose genesis you gave.`,
          file.trail.length === 0
            ? 'More than two thirds of its validators signed the newest block.'
            : `Its validators have changed since: each of ${file.trail.length + 1} blocks is signed by more than two thirds of those before.`,
        ]
  if (file.older !== undefined) steps.push('The block that the file speaks of is in the history of that one.')
  return [...steps, 'What is said above is what that block commits to: not a bit of it was changed.']
}

function show(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return 'nothing'
  const text = latin1(bytes)
  return /^[\x20-\x7e]+$/.test(text) ? text : toHex(bytes)
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  return (toHex(bytes).match(/..../g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':')
}

function dateOf(time: number): string {
  return new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** The largest unit that there are two of. */
export function ageOf(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= 2 * size) return `${Math.floor(ms / size)} ${unit}s`
  return 'a moment'
}
