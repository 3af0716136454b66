/**
 * Identities: certifiers (CAs, organisations) that more than half of the nodes have let be some, and that vouch for who has a key (D47). A key may be an
 * owner's or an account's; what is said of it changes nothing about names (D48).
 */
import { concatBytes, equalBytes, toHex } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import type { CborField, CborValue } from '../../../crypto/index.ts'
import { ledgerReader, malformed, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot, type TallyPlace } from '../../tally.ts'
import type { Call, LedgerModule } from '../../types.ts'
import { mayCarry } from '../admission/members.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'
import { IDENTITY, IdentityKind } from './kinds.ts'
import { limits } from './limits.ts'
import {
  countingEndorsements,
  nameFrom,
  readCertifiers,
  readEndorsements,
  writeCertifiers,
  writeEndorsements,
} from './records.ts'
import { type CertifierSubject, certifierToValue, identityBytes, SCHEMA } from './statements.ts'

const { readRow, readInteger, readHash, readBoolean, readSignature } = ledgerReader
const TALLIES: TallyPlace = { keyOf: (subject) => concatBytes(Uint8Array.of(3), subject), openKey: Uint8Array.of(4) }
const WORDS = new Map<number, string>(Object.entries(IdentityKind).map(([word, kind]) => [kind, word.toLowerCase()]))

export const identity: LedgerModule = {
  id: IDENTITY,
  name: 'identity',
  chains: 'root',
  kinds: Object.values(IdentityKind),
  execute(call) {
    if (call.kind === IdentityKind.CERTIFIER) vote(call)
    else if (call.kind === IdentityKind.ENDORSE) endorse(call)
    else revoke(call)
  },
  describe(kind) {
    return { operation: WORDS.get(kind) ?? 'unknown' }
  },
}

function fieldsOf({ fields }: { readonly fields: readonly CborValue[] }, count: number): readonly CborField[] {
  const [schema, ...rest] = readRow([...fields], count + 1, 'fields')
  readInteger(schema, SCHEMA, SCHEMA, 'schema')
  return rest
}

/** [CERTIFIER, 1, [0, account, name] or [1, account], in favour]: of a node with a vote. */
function vote(call: Call): void {
  const { account, own, all, block } = call
  const [subjectField, inFavour] = fieldsOf(call, 2)
  const subject = subjectFrom(subjectField)
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const certifiers = readCertifiers(own)
  const isOne = certifiers.some((one) => equalBytes(one.account, subject.account))
  if (subject.kind === 'add') {
    if (isOne) refuse(ResultCode.TAKEN, 'a certifier already')
    // It takes part in the ledger as everybody does (D47).
    if (!mayCarry(all, subject.account)) refuse(ResultCode.NOT_ALLOWED, 'not admitted')
    if (certifiers.length >= limits.MAX_CERTIFIERS) refuse(ResultCode.QUOTA, 'certifiers')
  } else if (!isOne) refuse(ResultCode.NOT_ALLOWED, 'no certifier')
  const ballot = {
    voice: { account, since },
    inFavour: readBoolean(inFavour, 'in favour'),
    subject: certifierToValue(subject),
    time: block.time,
  }
  if (!castBallot(own, TALLIES, ballot, nodesElectorate(all))) return
  const others = certifiers.filter((one) => !equalBytes(one.account, subject.account))
  const added = subject.kind === 'add' ? [{ account: subject.account, name: subject.name, since: block.height }] : []
  writeCertifiers(own, [...others, ...added])
}

/** For who lists what is open. */
export const certifierBallots: BallotBook = {
  about: 'certifiers',
  module: IDENTITY,
  place: TALLIES,
  read(kind, fields) {
    if (kind !== IdentityKind.CERTIFIER) return undefined
    const subject = subjectFrom(fieldsOf({ fields }, 2)[0] ?? null)
    const account = toHex(subject.account)
    const text = subject.kind === 'add' ? `add ${account}, ${subject.name}` : `remove ${account}`
    return { subject: certifierToValue(subject), text }
  },
}

function subjectFrom(field: CborField): CertifierSubject {
  const kind = Array.isArray(field) ? field[0] : undefined
  if (kind === 0) {
    const [, account, name] = readRow(field, 3, 'subject')
    return { kind: 'add', account: readHash(account, 'account'), name: nameFrom(name) }
  }
  if (kind !== 1) throw malformed('subject')
  return { kind: 'remove', account: readHash(readRow(field, 2, 'subject')[1], 'account') }
}

/** [ENDORSE, 1, key, name, until, signature of the key]: of a certifier; what it said before of this key is void. */
function endorse(call: Call): void {
  const { account, own, block, scheme } = call
  const [keyField, nameField, untilField, signature] = fieldsOf(call, 4)
  const key = readHash(keyField, 'key')
  const name = nameFrom(nameField)
  const until = readInteger(untilField, 0, Number.MAX_SAFE_INTEGER, 'until')
  const certifiers = readCertifiers(own)
  const certifier = certifiers.find((one) => equalBytes(one.account, account))
  if (certifier === undefined) refuse(ResultCode.NOT_ALLOWED, 'no certifier')
  if (name.trim() === '') throw malformed('name')
  if (until <= block.time || until - block.time > limits.MOST_TERM_MS) refuse(ResultCode.EXPIRED, 'until')
  const request = { chainId: block.chainId, certifier: account, name, until }
  if (!scheme.verify(key, identityBytes(request, key), readSignature(signature, 'signature')))
    refuse(ResultCode.SIGNATURE, 'not asked for')
  const counting = countingEndorsements(certifiers, readEndorsements(own, key), block.time)
  const others = counting.filter((one) => !equalBytes(one.certifier, account))
  if (others.length >= limits.MAX_ENDORSEMENTS) refuse(ResultCode.QUOTA, 'endorsements')
  const added = { certifier: account, since: certifier.since, name, from: block.time, until }
  writeEndorsements(own, key, [...others, added])
}

/** [REVOKE, 1, key]: the certifier takes its own word back; that of others stays. */
function revoke(call: Call): void {
  const { account, own } = call
  const key = readHash(fieldsOf(call, 1)[0], 'key')
  const all = readEndorsements(own, key)
  const left = all.filter((one) => !equalBytes(one.certifier, account))
  if (left.length === all.length) refuse(ResultCode.NOT_ALLOWED, 'nothing to take back')
  writeEndorsements(own, key, left)
}
