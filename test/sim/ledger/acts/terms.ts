/** The life of names with terms: what is paid for them, what their owners do beside keys and servers, and what nodes say of their use. */
import { equalBytes, toHex } from '../../../../src/base/index.ts'
import {
  cancelPayload,
  commitHash,
  decodePage,
  encodePage,
  feeOf,
  freePagesPayload,
  type GuardianProof,
  keptRootStateKey,
  lockPayload,
  type NamePolicy,
  type NameRecord,
  nameRecordOf,
  pageOf,
  phaseOf,
  premiumOf,
  registerTermPayload,
  renewPayload,
  restorePayload,
  rollOwnerPayload,
  type ShownPage,
  setGuardiansPayload,
  shownOf,
  unusedPayload,
} from '../../../../src/ledger/index.ts'
import { guardiansBytes, lockBytes, rollOwnerBytes } from '../../../../src/ledger/modules/names/statements.ts'
import { hex } from '../cast.ts'
import type { ProofDeed } from '../intents.ts'
import { titleKey } from '../name-vote-checks.ts'
import { type Act, type Acting, anybody, labelOf, one, voting } from './acting.ts'
import { proofOf } from './guardians.ts'
import { commitFor, placeOf, revealOf, ripeOf } from './names.ts'

const termsOf = ({ random }: Acting) => one(random, [0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5])

export function registerTerm(acting: Acting): Act | undefined {
  const policy = acting.policy()
  return policy && revealed(acting, policy, entitledOf(acting, policy))
}

/** A name that comes free is waited for: whoever wants it has committed before, and reveals while it is dear. */
export function towardsCatching(acting: Acting): Act | undefined {
  const { random, cast, state, now } = acting
  const policy = acting.policy()
  if (policy === undefined) return undefined
  const known = cast.labels.flatMap((label) => {
    const record = nameRecordOf(state(), label)
    return record?.life === undefined ? [] : [{ label, life: record.life, phase: phaseOf(record, policy, now()) }]
  })
  const free = known.filter(({ phase, life }) => phase === 'free' && life.freed > 0)
  const ripe = entitledOf(acting, policy).filter((one) => free.some(({ label }) => equalBytes(label, one.label)))
  if (ripe.length > 0) return revealed(acting, policy, ripe)
  const soon = known.filter(({ phase }) => phase === 'redemption' || phase === 'ending')
  return soon.length === 0 ? undefined : commitFor(acting, one(random, soon).label)
}

/** Where names are for who has them elsewhere, as a rule those of whom it is known. */
function entitledOf(acting: Acting, { elsewhere }: NamePolicy): ReturnType<typeof ripeOf> {
  const ripe = ripeOf(acting)
  if (elsewhere === undefined || acting.random.below(4) === 0) return ripe
  const titled = ripe.filter(({ label, owner }) => {
    const value = acting.state().get(titleKey(label))
    return value !== undefined && toHex(value).includes(toHex(owner))
  })
  return titled.length === 0 ? ripe : titled
}

function revealed(acting: Acting, policy: NamePolicy, ripe: ReturnType<typeof ripeOf>): Act {
  const { random, cast, state, now } = acting
  const { registration, label, signer, isOwn } = revealOf(acting, ripe)
  const settings = cast.zones.of(acting.chainName, registration.label).settings(registration.settings)
  const guardians = random.below(2) === 0 ? one(random, cast.guardianSets).hash : undefined
  const wishes = { terms: termsOf(acting), isMovable: random.below(2) === 0, guardians }
  const whole = { ...registration, label }
  const price = feeOf(policy, label, wishes.terms) + premiumOf(nameRecordOf(state(), label), policy, now())
  const most = mostFor(acting, price)
  const { page, shown } = pageFor(acting, label)
  return {
    actor: anybody(acting),
    payload: registerTermPayload(signer, whole, { settings, wishes, most, page: shown }),
    deed: {
      kind: 'registerTerm',
      label: toHex(label),
      hash: toHex(commitHash(whole)),
      owner: hex(signer),
      settings,
      ...wishes,
      guardians: guardians && toHex(guardians),
      most,
      isTrue: isOwn && label === registration.label,
      page,
    },
  }
}

/** The page of the label as a rule; now and then another one, or none, or that of a name which was left out. */
function pageFor({ random, cast: { book }, state }: Acting, label: Uint8Array): Paged {
  if (book === undefined || state().get(keptRootStateKey) === undefined) return { page: 'none', shown: undefined }
  const { root, pages } = book
  const own = pageOf(root, label)
  const right = shownOf(book, own)
  switch (random.below(8)) {
    case 0:
      return { page: 'none', shown: undefined }
    case 1:
      return { page: 'other', shown: shownOf(book, (own + 1) % pages.length) }
    case 2: {
      const left = decodePage(right.page).filter((one) => !equalBytes(one, label))
      const page = encodePage(left)
      return equalBytes(page, right.page)
        ? { page: 'right', shown: right }
        : { page: 'other', shown: { ...right, page } }
    }
    default:
      return { page: 'right', shown: right }
  }
}

interface Paged {
  readonly page: 'right' | 'other' | 'none'
  readonly shown: ShownPage | undefined
}

/** Some want that names wait no longer for who claims them. */
export function freePages(acting: Acting): Act | undefined {
  const { random, cast } = acting
  if (cast.book === undefined) return undefined
  const isOfNow = random.below(8) > 0
  const root = isOfNow ? cast.book.root : { root: cast.book.root.seed }
  const inFavour = random.below(8) > 0
  return {
    actor: voting(acting),
    payload: freePagesPayload(root, inFavour),
    deed: { kind: 'freePages', isOfNow, inFavour },
  }
}

/** More than it costs as a rule; now and then what it costs at this moment, or less. */
function mostFor({ random }: Acting, price: number): number {
  return Math.max(0, price + one(random, [300, 300, 300, 300, 0, -1]))
}

export function renew(acting: Acting): Act | undefined {
  const { random, state } = acting
  const policy = acting.policy()
  if (policy === undefined) return undefined
  const label = labelOf(acting)
  const generation = Math.max(0, (nameRecordOf(state(), label)?.generation ?? 0) - Number(random.below(12) === 0))
  const terms = termsOf(acting)
  const most = mostFor(acting, feeOf(policy, label, terms))
  return {
    actor: anybody(acting),
    payload: renewPayload(label, generation, terms, most),
    deed: { kind: 'renew', label: toHex(label), generation, terms, most },
  }
}

/** A name that does not resolve any more is wanted back. */
export function towardsRestoring(acting: Acting): Act | undefined {
  const { random, now } = acting
  const policy = acting.policy()
  if (policy === undefined) return undefined
  const out = labelsIn(acting, ({ record }) => phaseOf(record, policy, now()) === 'redemption')
  return out.length === 0 ? undefined : restoreOf(acting, policy, one(random, out))
}

export function restore(acting: Acting): Act | undefined {
  const policy = acting.policy()
  if (policy === undefined) return undefined
  const isTried = () => acting.random.below(4) === 0
  return towardsRestoring(acting) ?? (isTried() ? restoreOf(acting, policy, labelOf(acting)) : undefined)
}

/** By its owner, or by somebody else who would have it. */
function restoreOf(acting: Acting, policy: NamePolicy, label: Uint8Array): Act {
  const { random, cast } = acting
  const { signer: owner, place: own } = placeOf(acting, label)
  const signer = random.below(3) === 0 ? one(random, cast.owners) : owner
  const place = { ...own, by: hex(signer) }
  const terms = termsOf(acting)
  const most = mostFor(acting, feeOf(policy, label, terms) + policy.restorePrice)
  return {
    actor: anybody(acting),
    payload: restorePayload(signer, statementOf(acting, place, label), terms, most),
    deed: { kind: 'restore', place, terms, most },
  }
}

export function lock(acting: Acting): Act | undefined {
  const { random, state } = acting
  const { signer, place, label } = placeOf(acting)
  const record = nameRecordOf(state(), label)
  const isLocked = record?.life?.isLocked === true ? random.below(6) === 0 : random.below(8) > 0
  const statement = statementOf(acting, place, label)
  const proof = isLocked ? undefined : consent(acting, record, lockBytes(statement, isLocked))
  return {
    actor: anybody(acting),
    payload: lockPayload(signer, statement, isLocked, proof?.proof),
    deed: { kind: 'lock', place, isLocked, proof: proof?.deed },
  }
}

export function cancel(acting: Acting): Act | undefined {
  const { random, cast, state } = acting
  const pending = cast.labels.filter((label) => nameRecordOf(state(), label)?.life?.pending !== undefined)
  if (pending.length === 0 && random.below(4) > 0) return undefined
  const { signer, place, label } = placeOf(acting, pending.length === 0 ? labelOf(acting) : one(random, pending))
  return {
    actor: anybody(acting),
    payload: cancelPayload(signer, statementOf(acting, place, label)),
    deed: { kind: 'cancel', place },
  }
}

export function rollOwner(acting: Acting): Act | undefined {
  const { random, cast, state } = acting
  const { signer, place, label } = placeOf(acting)
  const to = one(random, cast.owners).publicKey
  const statement = statementOf(acting, place, label)
  const proof = consent(acting, nameRecordOf(state(), label), rollOwnerBytes(statement, to))
  return {
    actor: anybody(acting),
    payload: rollOwnerPayload(signer, statement, to, proof?.proof),
    deed: { kind: 'rollOwner', place, to: toHex(to), proof: proof?.deed },
  }
}

export function setGuardians(acting: Acting): Act | undefined {
  const { random, cast, state } = acting
  const { signer, place, label } = placeOf(acting)
  const guardians = random.below(6) === 0 ? undefined : one(random, cast.guardianSets).hash
  const statement = statementOf(acting, place, label)
  const proof = consent(acting, nameRecordOf(state(), label), guardiansBytes(statement, guardians))
  return {
    actor: anybody(acting),
    payload: setGuardiansPayload(signer, statement, guardians, proof?.proof),
    deed: { kind: 'setGuardians', place, guardians: guardians && toHex(guardians), proof: proof?.deed },
  }
}

export function unused(acting: Acting): Act | undefined {
  const { random, state, now } = acting
  const policy = acting.policy()
  if (policy === undefined) return undefined
  const ripe = labelsIn(acting, ({ life }) => life.judgedFrom <= now())
  const first = ripe[0]
  // Votes for many names at once come to nothing.
  const label = first === undefined || random.below(6) === 0 ? labelOf(acting) : first
  const generation = Math.max(0, (nameRecordOf(state(), label)?.generation ?? 0) - Number(random.below(15) === 0))
  const inFavour = random.below(10) > 0
  return {
    actor: voting(acting),
    payload: unusedPayload(label, generation, inFavour),
    deed: { kind: 'unused', label: toHex(label), generation, inFavour },
  }
}

/** Guardians sign the same now and then, so that nothing waits. */
function consent(
  acting: Acting,
  record: NameRecord | undefined,
  bytes: Uint8Array,
): { readonly proof: GuardianProof; readonly deed: ProofDeed } | undefined {
  return acting.random.below(3) > 0 ? undefined : proofOf(acting, record, bytes)
}

function statementOf(
  { chainId }: Acting,
  { generation, sequence }: { readonly generation: number; readonly sequence: number },
  label: Uint8Array,
) {
  return { chainId, label, generation, sequence }
}

interface Alive {
  readonly record: NameRecord
  readonly life: NonNullable<NameRecord['life']>
}

function labelsIn({ cast, state }: Acting, is: (alive: Alive) => boolean): readonly Uint8Array[] {
  return cast.labels.filter((label) => {
    const record = nameRecordOf(state(), label)
    return record?.owner !== undefined && record.life !== undefined && is({ record, life: record.life })
  })
}
