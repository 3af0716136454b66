/** What the admission lists begin with: endorsers that were agreed on off-line (D7), and the organisations of the first validators. */
import { toHex } from '../../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256, signedBytes } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { badGenesis, ledgerReader } from '../../refusal.ts'
import type { Draft, LedgerFounding } from '../../types.ts'
import { newBeacon, writeBeacon } from './beacon.ts'
import { drawKey, organisationKey } from './keys.ts'
import { readName, writeList } from './lists.ts'
import { addOrganisation } from './organisations.ts'

const { readRow, readList, readInteger, readHash } = ledgerReader

export interface AdmissionGenesis {
  readonly epochBlocks: number
  /** 32 bytes: salts of the first organisations are made of it. Whoever makes it last can choose their places. */
  readonly randomness: Uint8Array
  /** List 0 first. */
  readonly lists: readonly {
    readonly name: string
    readonly endorsers: readonly { readonly account: Uint8Array; readonly name: string }[]
    readonly organisations: readonly {
      readonly account: Uint8Array
      readonly name: string
      readonly ringKey: Uint8Array
      readonly contact: string
      /** Places in the list of endorsers; one at least. */
      readonly endorsedBy: readonly number[]
    }[]
  }[]
}

export function admissionGenesis({ epochBlocks, randomness, lists }: AdmissionGenesis): CborValue {
  const rows = lists.map(({ name, endorsers, organisations }) => [
    name,
    endorsers.map((one) => [one.account, one.name]),
    organisations.map((one) => [one.account, one.name, one.ringKey, one.contact, [...one.endorsedBy]]),
  ])
  return [epochBlocks, randomness, rows]
}

/**
 * All who found the chain are on its list, endorsed by all of them who endorse. The randomness is the hash of all their keys: whoever hands his
 * in last could choose among places, and they can agree on another value.
 */
export function foundAdmission({ chainName, founders, epochBlocks }: LedgerFounding): CborValue {
  const endorsers = founders.filter(({ isEndorser }) => isEndorser).map(({ account, name }) => ({ account, name }))
  const keys = founders.map(({ account, memberKey }) => [account, memberKey])
  const organisations = founders.map(({ account, name, memberKey }) => ({
    account,
    name,
    ringKey: memberKey,
    contact: name,
    endorsedBy: endorsers.map((_, at) => at),
  }))
  return admissionGenesis({
    epochBlocks,
    randomness: sha256(signedBytes('chordns/first-draw/1', encodeCanonical([chainName, keys]))),
    lists: [{ name: 'main', endorsers, organisations }],
  })
}

export function admissionGenesisFrom(value: CborField): AdmissionGenesis {
  const [epochBlocks, randomness, lists] = readRow(value, 3, 'genesis of the admission')
  return {
    epochBlocks: readInteger(epochBlocks, 1, limits.MAX_EPOCH_BLOCKS, 'epoch'),
    randomness: readHash(randomness, 'randomness'),
    lists: readList(lists, limits.MAX_LISTS, 'lists', listFrom),
  }
}

function listFrom(value: CborValue): AdmissionGenesis['lists'][number] {
  const [name, endorsers, organisations] = readRow(value, 3, 'list')
  return {
    name: readName(name),
    endorsers: readList(endorsers, limits.MAX_ENDORSERS, 'endorsers', (one) => {
      const [account, called] = readRow(one, 2, 'endorser')
      return { account: readHash(account, 'account'), name: readName(called) }
    }),
    organisations: readList(organisations, limits.MAX_ORGANISATIONS, 'organisations', (one) => {
      const [account, called, ringKey, contact, endorsedBy] = readRow(one, 5, 'organisation')
      return {
        account: readHash(account, 'account'),
        name: readName(called),
        ringKey: readHash(ringKey, 'ring key'),
        contact: readName(contact, limits.MAX_CONTACT_LETTERS),
        endorsedBy: readList(endorsedBy, limits.MAX_ENDORSERS, 'endorsers', (at) =>
          readInteger(at, 0, limits.MAX_ENDORSERS, 'endorser'),
        ),
      }
    }),
  }
}

/** Fills the module's part. Throws LEDGER_GENESIS, LEDGER_MALFORMED. */
export function beginAdmission(own: Draft, { epochBlocks, randomness, lists }: AdmissionGenesis, time: number): void {
  own.set(drawKey(0), randomness)
  writeBeacon(own, newBeacon(epochBlocks))
  for (const [list, { name, endorsers, organisations }] of lists.entries()) {
    const rows = endorsers.map((one) => ({ ...one, since: 0 }))
    if (new Set(rows.map(({ account }) => toHex(account))).size !== rows.length)
      throw badGenesis('an endorser that stands there twice')
    writeList(own, list, { name, count: 0, endorsers: rows, open: [] })
    for (const { account, name: called, ringKey, contact, endorsedBy } of organisations) {
      const endorsements = endorsedBy.map((at) => rows[at] ?? noEndorser())
      if (endorsements.length === 0) noEndorser()
      if (own.get(organisationKey(list, account)) !== undefined) throw badGenesis('an organisation twice')
      addOrganisation(own, list, account, { name: called, contact, ringKey, draw: 0, keyAt: time, endorsements })
    }
  }
}

function noEndorser(): never {
  throw badGenesis('an organisation that no endorser endorses')
}
