/**
 * Admission: who may send transactions on this chain, and who may be in its ring (D5-D19). Endorsers certify organisations and vote on each
 * other; they decide nothing else (D16). An organisation stays while one endorsement is left.
 */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, sha256 } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call, LedgerModule } from '../../types.ts'
import { drawForNewKey, endEpoch, readBeacon, takeBeacon } from './beacon.ts'
import { admissionGenesisFrom, beginAdmission, foundAdmission } from './genesis.ts'
import { endorserOf, listOf, readName, voicesThatCount } from './lists.ts'
import {
  addOrganisation,
  changeRingKey,
  isAdmitted,
  type Organisation,
  putOrganisation,
  readAccountOfKey,
  readOrganisation,
  removeOrganisation,
} from './organisations.ts'
import { BEACON, CHANGE_MACHINE, ENDORSE, type FirstEndorsement, LEAVE, VOTE_ENDORSER, WITHDRAW } from './payloads.ts'
import { answerBytes, applicationBytes, ringKeyBytes } from './statements.ts'
import { subjectFromValue, vote } from './votes.ts'

export const ADMISSION = 2

const { readRow, readInteger, readBytes, readHash, readSignature, readBoolean } = ledgerReader

const NOBODY = {
  epochBlocks: limits.EPOCH_BLOCKS,
  randomness: new Uint8Array(32),
  lists: [{ name: 'main', endorsers: [], organisations: [] }],
}

/** Genesis: `admissionGenesis`; nothing: one list, with nobody. */
export const admission: LedgerModule = {
  id: ADMISSION,
  name: 'admission',
  kinds: [ENDORSE, WITHDRAW, VOTE_ENDORSER, CHANGE_MACHINE, LEAVE, BEACON],
  found: foundAdmission,
  begin({ genesis, own, time }) {
    beginAdmission(own, genesis === undefined ? NOBODY : admissionGenesisFrom(genesis), time)
  },
  execute(call) {
    switch (call.kind) {
      case ENDORSE:
        return endorse(call)
      case WITHDRAW:
        return withdraw(call)
      case VOTE_ENDORSER:
        return voteFrom(call)
      case CHANGE_MACHINE:
        return changeMachine(call)
      case LEAVE:
        return leave(call)
      default:
        return beacon(call)
    }
  },
  endBlock({ own, block }) {
    const { epochBlocks } = readBeacon(own)
    if (block.height % epochBlocks === 0) endEpoch(own, block.chainId, block.validators.length)
    return undefined
  },
}

/** The first endorsement brings the organisation onto the list; each other one stands beside it (D9, D12, D17). */
function endorse(call: Call): void {
  const { account: by, own, fields, block } = call
  const [listField, accountField, firstField] = readRow(fields, 3, 'endorse')
  const list = readListNumber(listField)
  const account = readHash(accountField, 'account')
  const record = listOf(own, list)
  const { since } = endorserOf(record, by)
  const known = readOrganisation(own, list, account)
  const voice = { account: by, since }
  if (known === undefined) {
    const first = firstFrom(firstField)
    checkFirst(call, list, account, first)
    const { name, contact, ringKey } = first
    const draw = drawForNewKey(readBeacon(own))
    addOrganisation(own, list, account, { name, contact, ringKey, draw, keyAt: block.time, endorsements: [voice] })
    return
  }
  const counting = voicesThatCount(record, known.endorsements)
  if (counting.some((one) => equalBytes(one.account, by))) refuse(ResultCode.TAKEN, 'endorsed before')
  if (firstField !== null && !equalBytes(firstFrom(firstField).ringKey, known.ringKey))
    refuse(ResultCode.TAKEN, 'another ring key')
  putOrganisation(own, list, account, { ...known, endorsements: [...counting, voice] })
}

/** The last endorsement that is withdrawn takes the organisation off the list (D17, D18). */
function withdraw({ account: by, own, fields }: Call): void {
  const [listField, accountField] = readRow(fields, 2, 'withdraw')
  const list = readListNumber(listField)
  const account = readHash(accountField, 'account')
  const record = listOf(own, list)
  endorserOf(record, by)
  const known = readOrganisation(own, list, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no such organisation')
  const counting = voicesThatCount(record, known.endorsements)
  const left = counting.filter((one) => !equalBytes(one.account, by))
  if (left.length === counting.length) refuse(ResultCode.NOT_ALLOWED, 'not endorsed')
  if (left.length === 0) removeOrganisation(own, list, account, known)
  else putOrganisation(own, list, account, { ...known, endorsements: left })
}

function voteFrom({ account, own, fields, block }: Call): void {
  const [list, subject, inFavour] = readRow(fields, 3, 'vote')
  vote(own, block, {
    account,
    list: readListNumber(list),
    subject: subjectFromValue(subject),
    inFavour: readBoolean(inFavour, 'in favour'),
  })
}

function changeMachine({ account, own, fields, block, scheme }: Call): void {
  const [listField, contactField, machine] = readRow(fields, 3, 'change')
  const list = readListNumber(listField)
  const known = admittedOf(own, list, account)
  const contact = readName(contactField, limits.MAX_CONTACT_LETTERS)
  if (machine === null) {
    putOrganisation(own, list, account, { ...known, contact })
    return
  }
  const [keyField, signature] = readRow(machine, 2, 'machine')
  const ringKey = readHash(keyField, 'ring key')
  if (block.time - known.keyAt < limits.RING_KEY_TERM_MS) refuse(ResultCode.QUOTA, 'ring key is new')
  const statement = ringKeyBytes(block.chainId, list, account, ringKey)
  if (!scheme.verify(ringKey, statement, readSignature(signature, 'signature')))
    refuse(ResultCode.SIGNATURE, 'ring key')
  const draw = drawForNewKey(readBeacon(own))
  changeRingKey(own, list, account, { ...known, contact }, { ringKey, draw, keyAt: block.time })
}

function leave({ account, own, fields }: Call): void {
  const [listField] = readRow(fields, 1, 'leave')
  const list = readListNumber(listField)
  removeOrganisation(own, list, account, admittedOf(own, list, account))
}

/** Of the organisation whose machine is a validator: its id there is SHA-256 of its ring key. */
function beacon({ account, own, fields, block }: Call): void {
  const [secretField, commitmentField] = readRow(fields, 2, 'beacon')
  const { ringKey } = admittedOf(own, 0, account)
  const validator = sha256(ringKey)
  const secret = optionalHash(secretField, 'secret')
  const commitment = optionalHash(commitmentField, 'commitment')
  if (secret === undefined && commitment === undefined) refuse(ResultCode.MALFORMED, 'nothing')
  if (commitment !== undefined && !block.validators.some(({ id }) => equalBytes(id, validator)))
    refuse(ResultCode.NOT_ALLOWED, 'not a validator')
  takeBeacon(own, { chainId: block.chainId, height: block.height, validator }, { secret, commitment })
}

function admittedOf(own: Call['own'], list: number, account: Uint8Array): Organisation {
  const record = listOf(own, list)
  const known = readOrganisation(own, list, account)
  return known !== undefined && isAdmitted(record, known) ? known : refuse(ResultCode.NOT_ALLOWED, 'not admitted')
}

/** The applicant asked for this, and the machine answered this endorser just now (D13, D14). */
function checkFirst(call: Call, list: number, account: Uint8Array, first: FirstEndorsement): void {
  const { block, scheme, own } = call
  const { ringKey, inquiry } = first
  if (Math.abs(block.time - inquiry.at) > limits.INQUIRY_TERM_MS) refuse(ResultCode.EXPIRED, 'answer')
  const application = applicationBytes(block.chainId, list, account, first)
  if (!scheme.verify(account, application, first.signature)) refuse(ResultCode.SIGNATURE, 'application')
  const answer = answerBytes(block.chainId, { list, endorser: call.account, account, ...inquiry }, ringKey)
  if (!scheme.verify(ringKey, answer, first.answer)) refuse(ResultCode.SIGNATURE, 'answer')
  if (readAccountOfKey(own, list, ringKey) !== undefined) refuse(ResultCode.TAKEN, 'ring key')
}

function firstFrom(value: CborField): FirstEndorsement {
  if (value === null) refuse(ResultCode.NOT_ALLOWED, 'no such organisation')
  const [name, ringKey, contact, signature, nonce, at, answer] = readRow(value, 7, 'first endorsement')
  return {
    name: readName(name),
    ringKey: readHash(ringKey, 'ring key'),
    contact: readName(contact, limits.MAX_CONTACT_LETTERS),
    signature: readSignature(signature, 'signature'),
    inquiry: {
      nonce: readBytes(nonce, limits.INQUIRY_NONCE_BYTES, limits.INQUIRY_NONCE_BYTES, 'nonce'),
      at: readInteger(at, 0, limits.MAX_AMOUNT, 'time'),
    },
    answer: readSignature(answer, 'answer'),
  }
}

function readListNumber(value: CborField): number {
  return readInteger(value, 0, limits.MAX_LISTS - 1, 'list')
}

function optionalHash(value: CborField, what: string): Uint8Array | undefined {
  return value === null ? undefined : readHash(value, what)
}
