/**
 * Claims of domains that exist in the DNS (D62-D68): whoever holds one shows a key there, and has the name here. Either the validators of the moment
 * each look from their own place, and more than half of them see it in time; or the claim brings the whole chain of DNSSEC from the root with it,
 * and each validator checks that by itself. A name that somebody has is not claimed.
 */
import { concatBytes, equalBytes, latin1, toHex } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, sha256, signedBytes } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { badGenesis, ledgerReader, malformed, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot, type TallyPlace } from '../../tally.ts'
import type { BlockEnd, Call, LedgerModule } from '../../types.ts'
import { ACCOUNTS, moveValue } from '../accounts/accounts.ts'
import { networkNodeOf, nodesElectorate, voterTerm } from '../authority/view.ts'
import { fieldsOf, labelFrom, settingsFor, verify } from '../names/acts.ts'
import { generationOf, giveName, givingRefusal, priceOfGiven } from '../names/given.ts'
import { NAMES, NameCode } from '../names/kinds.ts'
import { zoneOf } from '../names/label.ts'
import { keyFromValue, type NameSettings } from '../names/settings.ts'
import { priceUpTo } from '../names/terms.ts'
import { CLAIMS, ClaimCode, ClaimKind } from './kinds.ts'
import { limits } from './limits.ts'
import {
  addClaim,
  type ClaimedName,
  closeClaim,
  countOf,
  methodFrom,
  type OpenClaim,
  openNumbers,
  readClaimed,
  readOpen,
  Said,
  writeClaimed,
  writeOpen,
} from './records.ts'
import { anchorsFromValue, type ClaimRules, claimRulesFromValue, readClaimRules, writeClaimRules } from './rules.ts'
import { setsFromValue, setsVerdict } from './sets.ts'
import { challengeOf, claimBytes, claimTextName, keysInTexts } from './statements.ts'

const { readInteger, readBoolean } = ledgerReader

const TALLIES: TallyPlace = { keyOf: (subject) => concatBytes(Uint8Array.of(9), subject), openKey: Uint8Array.of(10) }
const WORDS = new Map<number, string>(Object.entries(ClaimKind).map(([word, kind]) => [kind, word.toLowerCase()]))

/** Nobody signs for it: it is the hash of a text. What claims hold stands there. */
export const CLAIM_ESCROW = sha256(signedBytes('chordns/claim-escrow/1', new Uint8Array()))

/** Genesis: `claimRulesToValue`. Without it there are no claims. */
export const claims: LedgerModule = {
  id: CLAIMS,
  name: 'claims',
  chains: 'tld',
  kinds: Object.values(ClaimKind),
  changes: [ACCOUNTS, NAMES],
  begin({ genesis, own }) {
    if (genesis === undefined) return
    const rules = claimRulesFromValue(genesis)
    if (rules.bond > 0 && equalBytes(rules.payee, CLAIM_ESCROW)) throw badGenesis('a payee without a key')
    writeClaimRules(own, rules)
  },
  execute(call) {
    const rules = readClaimRules(call.own) ?? refuse(ResultCode.NOT_ALLOWED, 'no claims on this chain')
    if (call.kind === ClaimKind.OPEN) open(call, rules)
    else if (call.kind === ClaimKind.OBSERVE) observe(call, rules)
    else if (call.kind === ClaimKind.PROVE) prove(call, rules)
    else vote(call, rules)
  },
  endBlock(end) {
    const rules = readClaimRules(end.own)
    if (rules === undefined) return undefined
    for (const number of openNumbers(end.own)) {
      const claim = readOpen(end.own, number)!
      if (claim.until <= end.block.time) finish(end, rules, number, claim, 'lapsed')
    }
    return undefined
  },
  describe(kind, fields) {
    const label = kind === ClaimKind.OPEN || kind === ClaimKind.PROVE ? fields[1] : undefined
    return {
      operation: WORDS.get(kind) ?? 'unknown',
      ...(label instanceof Uint8Array && { label: latin1(label) }),
    }
  },
}

/** What every claim says first, checked: whose it is, and that nobody has the name. */
interface Asked {
  readonly label: Uint8Array
  readonly owner: Uint8Array
  readonly settings: NameSettings
  readonly generation: number
}

/** The names module's part, as its functions want it. */
function namesAt({ part, block }: Pick<BlockEnd, 'part' | 'block'>) {
  return { own: part(NAMES), block }
}

function asked(call: Call, fields: readonly CborField[], signature: CborField): Asked {
  const [name, generationField, key, values] = fields
  const { block } = call
  const label = labelFrom(call, name)
  const owner = keyFromValue(key)
  const settings = settingsFor(call, label, values)
  const generation = readInteger(generationField, 0, ledgerLimits.MAX_AMOUNT, 'generation')
  verify(call, owner, claimBytes({ chainId: block.chainId, label, generation }, owner, settings), signature)
  const refusal = givingRefusal(namesAt(call), { label, owner })
  if (refusal !== undefined) refuse(refusal.code, refusal.word)
  if (generation !== generationOf(namesAt(call), label)) refuse(NameCode.SEQUENCE, 'another generation')
  return { label, owner, settings, generation }
}

/** [OPEN, 1, label, generation, owner, settings, method, most, signature]. */
function open(call: Call, { windowMs, bond }: ClaimRules): void {
  const [name, generation, key, values, methodField, most, signature] = fieldsOf(call, 7)
  const { label, owner, settings } = asked(call, [name, generation, key, values], signature)
  const method = methodFrom(methodField)
  if (method === 'proof') throw malformed('method')
  const { own, account, block, part } = call
  const price = priceOfGiven(part(NAMES), label)
  moveValue(part(ACCOUNTS), account, CLAIM_ESCROW, priceUpTo(price + bond, most))
  const { chainId, height, time, validators } = block
  const observers = validators.map(({ id }) => id)
  const history = block.historyRoot ?? new Uint8Array(32)
  addClaim(
    own,
    {
      label,
      owner,
      settings,
      method,
      payer: account,
      price,
      bond,
      height,
      until: time + windowMs,
      observers,
      said: new Uint8Array(observers.length),
    },
    (number) => challengeOf(chainId, number, height, history),
  )
}

/** [OBSERVE, 1, claim, seen]: of a validator of the time of the claim. What it says last counts. */
function observe(call: Call, rules: ClaimRules): void {
  const [numberField, seenField] = fieldsOf(call, 2)
  const { own, all, account } = call
  const number = readInteger(numberField, 1, limits.MAX_CLAIMS, 'claim')
  const claim = readOpen(own, number) ?? refuse(ClaimCode.NOT_OPEN, 'no such claim is open')
  const id = networkNodeOf(all, account)?.voting?.id
  const place = claim.observers.findIndex((one) => id !== undefined && equalBytes(one, id))
  if (place === -1) refuse(ClaimCode.NO_OBSERVER, 'no validator of that time')
  const said = claim.said.slice()
  said[place] = readBoolean(seenField, 'seen') ? Said.SEEN : Said.NOT_SEEN
  const next = { ...claim, said }
  writeOpen(own, number, next)
  const n = said.length
  if (countOf(said, Said.SEEN) * 2 > n) finish(call, rules, number, next, 'done')
  // No majority can see it any more.
  else if (countOf(said, Said.NOT_SEEN) * 2 >= n) finish(call, rules, number, next, 'refused')
}

type Ending = Pick<BlockEnd, 'own' | 'block' | 'part'>

/** The name is given, and the bond goes back; or the price goes back, and the bond is lost. */
function finish(
  at: Ending,
  { payee }: ClaimRules,
  number: number,
  claim: OpenClaim,
  state: 'done' | 'refused' | 'lapsed',
): void {
  const { own, part, block } = at
  const { label, owner, method, payer, price, bond, settings } = claim
  const isFree = givingRefusal(namesAt(at), claim) === undefined
  const isGiven = state === 'done' && isFree
  const accounts = part(ACCOUNTS)
  if (isGiven) {
    giveName(namesAt(at), { label, owner, settings })
    recordClaimed(at, label, { method, inception: 0 })
  }
  moveValue(accounts, CLAIM_ESCROW, isGiven ? payee : payer, price)
  // Who was right and came too late has lost nothing.
  moveValue(accounts, CLAIM_ESCROW, state === 'done' ? payer : payee, bond)
  closeClaim(own, number, claim, state === 'done' && !isFree ? 'taken' : state, block.height)
}

function recordClaimed(at: Ending, label: Uint8Array, how: Pick<ClaimedName, 'method' | 'inception'>): void {
  const generation = generationOf(namesAt(at), label)
  const newest = Math.max(how.inception, readClaimed(at.own, label)?.inception ?? 0)
  writeClaimed(at.own, label, { ...how, inception: newest, height: at.block.height, generation })
}

/** [PROVE, 1, label, generation, owner, settings, sets, most, signature]. */
function prove(call: Call, { anchors, payee }: ClaimRules): void {
  const [name, generation, key, values, setsField, most, signature] = fieldsOf(call, 7)
  const given = asked(call, [name, generation, key, values], signature)
  const { label, owner } = given
  const { own, account, block, part } = call
  const now = Math.floor(block.time / 1_000)
  const text = claimTextName(zoneOf(block.chainName, label))
  const verdict = setsVerdict(setsFromValue(setsField), { anchors, name: text, now })
  if (!verdict.ok) refuse(verdict.code, verdict.word)
  const { texts, inception } = verdict
  if (!keysInTexts(texts).some((one) => equalBytes(one, owner)))
    refuse(ClaimCode.OTHER_KEY, 'the text names another key')
  if (now - inception > limits.MAX_PROOF_AGE_S) refuse(ClaimCode.OLD_PROOF, 'signed too long ago')
  if (inception <= (readClaimed(own, label)?.inception ?? -1)) refuse(ClaimCode.OLD_PROOF, 'not newer than the last')
  moveValue(part(ACCOUNTS), account, payee, priceUpTo(priceOfGiven(part(NAMES), label), most))
  giveName(namesAt(call), given)
  recordClaimed(call, label, { method: 'proof', inception })
}

/** [ANCHORS, 1, [DS, ...], in favour]: of a node with a vote. */
function vote(call: Call, rules: ClaimRules): void {
  const [anchorsField, inFavour] = fieldsOf(call, 2)
  const { own, all, account, block } = call
  const anchors = anchorsFromValue(anchorsField)
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const ballot = {
    voice: { account, since },
    inFavour: readBoolean(inFavour, 'in favour'),
    subject: [...anchors],
    time: block.time,
  }
  if (castBallot(own, TALLIES, ballot, nodesElectorate(all))) writeClaimRules(own, { ...rules, anchors })
}

/** Votes on the root's keys, for who lists what is open. */
export const anchorBallots: BallotBook = {
  about: 'root keys',
  module: CLAIMS,
  place: TALLIES,
  read(kind, fields) {
    if (kind !== ClaimKind.ANCHORS) return undefined
    const anchors = anchorsFromValue(fieldsOf({ fields }, 2)[0] ?? null)
    const tags = anchors.map((ds) => ds[0]! * 256 + ds[1]!)
    const exactly = anchors.map((ds) => toHex(ds)).join(', ')
    return { subject: [...anchors], text: `count the root's keys with the tags ${tags.join(', ')}: DS ${exactly}` }
  },
}
