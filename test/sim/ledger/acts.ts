/** What an organisation may do next on a chain, drawn at random: what it has a right to, and now and then what it has not. */
import { toHex } from '../../../src/base/index.ts'
import { type ChainLink, encodeLink } from '../../../src/chain/index.ts'
import { type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  admittedOf,
  answerBytes,
  applicationBytes,
  beaconPayload,
  changeMachinePayload,
  commitHash,
  commitmentTo,
  commitPayload,
  endorsePayload,
  endorserVotePayload,
  epochAt,
  handOverTldPayload,
  isEndorser,
  type LedgerState,
  leavePayload,
  linkChainPayload,
  linkedOf,
  nameRecordOf,
  nameTransferPayload,
  networkNodes,
  nodeVotePayload,
  type Payload,
  type Registration,
  registerPayload,
  releasePayload,
  resignPayload,
  ringKeyBytes,
  tldVotePayload,
  transferPayload,
  updatePayload,
  updateTldPayload,
  votingKeyPayload,
  withdrawPayload,
} from '../../../src/ledger/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import { type Actor, type Cast, hex, keyProof, NEVER, TLDS } from './cast.ts'
import type { Deed, Place } from './intents.ts'

/** Another chain, as far as it may be linked. */
export interface LinkSource {
  readonly origin: string
  readonly genesis: Uint8Array
  readonly height: number
  /** The newest head for whoever has linked `oldSize`; `forged`: of a fork that those made who were removed. */
  readonly link: (
    oldSize: number,
    forged: boolean,
  ) => { readonly link: ChainLink; readonly isTrue: boolean } | undefined
}

export interface Acting {
  readonly cast: Cast
  readonly chainName: string
  readonly chainId: Uint8Array
  readonly random: SeededRandom
  /** Wall time. */
  readonly now: () => number
  readonly height: () => number
  /** The newest decided state, as a client reads it. */
  readonly state: () => LedgerState
  readonly turnsOver: boolean
  /** Whether the chain can do without one more of those who validate honestly. Whoever asks is gone for good. */
  readonly mayLose: (actor: Actor) => boolean
  readonly isLiar: (actor: Actor) => boolean
  readonly others: readonly LinkSource[]
  /** What was committed to, and not revealed. */
  readonly registrations: (Registration & { readonly settings: number })[]
  /** How often each has changed its voting key. */
  readonly rolls: Map<Actor, number>
}

export interface Act {
  readonly actor: Actor
  /** Bytes: encoded already. */
  readonly payload: Payload | Uint8Array
  readonly deed: Deed
}

type Maker = (acting: Acting) => Act | undefined

/** Of the keys that an actor has. */
export const LAST_ROLL = 11

/** In the same proportion as they stand here. */
const ON_ALL: readonly Maker[] = [
  transfer,
  transfer,
  endorse,
  endorse,
  withdraw,
  voteEndorser,
  voteNode,
  voteNode,
  votingKey,
  votingKey,
  resign,
  leave,
  machine,
  beacon,
  beacon,
  nonsense,
  linkChain,
  linkChain,
  link,
  link,
]
const ON_ROOT: readonly Maker[] = [voteTld, voteTld, voteTld, updateTld, handOverTld, commit]
const ON_TLD: readonly Maker[] = [
  commit,
  commit,
  commit,
  commit,
  register,
  register,
  register,
  register,
  update,
  update,
  transferName,
  transferName,
  transferName,
  release,
  release,
]

export function actFor(acting: Acting): Act | undefined {
  const { random, chainName, turnsOver } = acting
  if (turnsOver && random.below(2) === 0) {
    const next = towardsTurnover(acting)
    if (next !== undefined) return next
  }
  const own = chainName === 'root' ? ON_ROOT : ON_TLD
  return one(random, random.below(3) > 0 ? own : ON_ALL)(acting)
}

function one<T>(random: SeededRandom, of: readonly T[]): T {
  return of[random.below(of.length)]!
}

const anybody = ({ random, cast }: Acting) => one(random, cast.actors)

function endorsing({ random, cast, state }: Acting): Actor {
  const able = cast.actors.filter(({ account }) => isEndorser(state(), account.publicKey))
  return able.length === 0 || random.below(12) === 0 ? one(random, cast.actors) : one(random, able)
}

function voting({ random, cast, state }: Acting): Actor {
  const nodes = new Set(networkNodes(state()).map(({ account }) => toHex(account)))
  const able = cast.actors.filter(({ account }) => nodes.has(hex(account)))
  return able.length === 0 || random.below(12) === 0 ? one(random, cast.actors) : one(random, able)
}

function transfer(acting: Acting): Act {
  const { random } = acting
  const actor = anybody(acting)
  const to = anybody(acting).account.publicKey
  const amount = one(random, [1, 5, 30, 999, 2_000])
  return { actor, payload: transferPayload(to, amount), deed: { kind: 'transfer', to: toHex(to), amount } }
}

/** Who runs a node is endorsed by those only who endorse for ever: an endorser that is expelled takes all with it whom nobody else endorses. */
function endorse(acting: Acting): Act | undefined {
  const [actor, whom] = [endorsing(acting), anybody(acting)]
  return whom.person === undefined || actor.isEndorser ? endorseBy(acting, actor, whom) : undefined
}

function endorseBy(acting: Acting, actor: Actor, whom: Actor): Act {
  const { random, chainId, now, state } = acting
  const account = whom.account.publicKey
  if (admittedOf(state(), account) !== undefined && random.below(6) > 0)
    return {
      actor,
      payload: endorsePayload(0, account),
      deed: { kind: 'endorse', whom: hex(whom.account), first: undefined },
    }
  const { name, ring } = whom
  const isTrue = random.below(10) > 0
  const at = now() - (random.below(10) === 0 ? 25 * 3_600_000 : 0)
  const application = { name, ringKey: ring.publicKey, contact: 'desk' }
  const inquiry = { nonce: sha256(actor.account.publicKey, account).subarray(0, 16), at }
  const asked = { list: 0, endorser: actor.account.publicKey, account, ...inquiry }
  const answer = ring.sign(answerBytes(chainId, isTrue ? asked : { ...asked, at: at - 1 }, ring.publicKey))
  const signature = whom.account.sign(applicationBytes(chainId, 0, account, application))
  const first = { name, contact: 'desk', ringKey: hex(ring), at, isTrue }
  return {
    actor,
    payload: endorsePayload(0, account, { ...application, signature, inquiry, answer }),
    deed: { kind: 'endorse', whom: hex(whom.account), first },
  }
}

function withdraw(acting: Acting): Act | undefined {
  const { random, cast, state } = acting
  const strangers = cast.actors.slice(-2)
  const whom = random.below(2) === 0 ? one(random, strangers) : anybody(acting)
  const given = admittedOf(state(), whom.account.publicKey)?.endorsers ?? []
  // The last endorsement of who validates is its seat.
  if (given.length <= 2 && !acting.mayLose(whom)) return undefined
  const able = cast.actors.filter(({ account }) => given.some((by) => toHex(by) === hex(account)))
  const actor = able.length === 0 || random.below(6) === 0 ? endorsing(acting) : one(random, able)
  return {
    actor,
    payload: withdrawPayload(0, whom.account.publicKey),
    deed: { kind: 'withdraw', whom: hex(whom.account) },
  }
}

function voteEndorser(acting: Acting): Act {
  const { random, state } = acting
  const whom = one(random, acting.cast.actors.slice(0, 2).concat(acting.cast.actors.slice(-2)))
  const account = whom.account.publicKey
  const { name } = whom
  const isThere = isEndorser(state(), account)
  const inFavour = random.below(6) > 0
  // Who began endorses on: with them would go all whom they alone endorse.
  const isAddition = whom.isEndorser || (random.below(10) === 0 ? isThere : !isThere)
  const subject = isAddition ? ({ kind: 'add', account, name } as const) : ({ kind: 'remove', account } as const)
  return {
    actor: endorsing(acting),
    payload: endorserVotePayload(0, subject, inFavour),
    deed: { kind: 'voteEndorser', subject: { ...subject, account: toHex(account) }, inFavour },
  }
}

function voteNode(acting: Acting): Act | undefined {
  const { random, state } = acting
  const whom = anybody(acting)
  const isThere = networkNodes(state()).some(({ account }) => toHex(account) === hex(whom.account))
  return isThere && random.below(10) > 0 ? voteOut(acting, voting(acting), whom) : voteIn(acting, voting(acting), whom)
}

function voteIn({ random, chainName }: Acting, actor: Actor, whom: Actor): Act {
  const isPlain = random.below(6) > 0
  const others = chainName === 'root' ? (['coordinator'] as const) : (['resolver', 'regulator'] as const)
  const role = isPlain ? (chainName === 'root' ? 'registry' : 'isp') : one(random, others)
  const account = whom.account.publicKey
  const inFavour = random.below(8) > 0
  return {
    actor,
    payload: nodeVotePayload({ kind: 'add', account, role }, inFavour),
    deed: { kind: 'voteNode', subject: { kind: 'add', account: toHex(account), role }, inFavour },
  }
}

function voteOut({ random, mayLose }: Acting, actor: Actor, whom: Actor): Act | undefined {
  if (!mayLose(whom)) return undefined
  const account = whom.account.publicKey
  const inFavour = random.below(8) > 0
  return {
    actor,
    payload: nodeVotePayload({ kind: 'remove', account }, inFavour),
    deed: { kind: 'voteNode', subject: { kind: 'remove', account: toHex(account) }, inFavour },
  }
}

function votingKey(acting: Acting): Act | undefined {
  const { random } = acting
  return bringKey(acting, voting(acting), random.below(3) === 0)
}

/** `isNew`: another one than it has. Who lies keeps its key. */
function bringKey(acting: Acting, actor: Actor, isNew: boolean): Act | undefined {
  const { random, chainId, rolls, isLiar } = acting
  if (actor.person === undefined) return undefined
  const roll = Math.min(LAST_ROLL, (rolls.get(actor) ?? 0) + Number(isNew && !isLiar(actor)))
  rolls.set(actor, roll)
  const key = actor.voting(roll)
  const isTrue = random.below(12) > 0
  const proof = isTrue ? keyProof(chainId, actor, key) : keyProof(sha256(chainId), actor, key)
  return { actor, payload: votingKeyPayload(key.publicKey, proof), deed: { kind: 'votingKey', key: hex(key), isTrue } }
}

function resign(acting: Acting): Act | undefined {
  const actor = voting(acting)
  return acting.mayLose(actor) ? { actor, payload: resignPayload(), deed: { kind: 'resign' } } : undefined
}

function leave(acting: Acting): Act | undefined {
  const actor = anybody(acting)
  return acting.mayLose(actor) ? { actor, payload: leavePayload(0), deed: { kind: 'leave' } } : undefined
}

function machine(acting: Acting): Act {
  const { random, chainId } = acting
  const actor = anybody(acting)
  const contact = `desk ${random.below(9)}`
  // Where a node is known by its key, the key stays.
  if (actor.person !== undefined || random.below(2) === 0)
    return {
      actor,
      payload: changeMachinePayload(0, contact),
      deed: { kind: 'machine', contact, ringKey: undefined, isTrue: true },
    }
  const other = acting.cast.signer(`${actor.name} machine ${random.below(4)}`)
  const isTrue = random.below(6) > 0
  const account = isTrue ? actor.account.publicKey : other.publicKey
  const signature = other.sign(ringKeyBytes(chainId, 0, account, other.publicKey))
  return {
    actor,
    payload: changeMachinePayload(0, contact, { ringKey: other.publicKey, signature }),
    deed: { kind: 'machine', contact, ringKey: hex(other), isTrue },
  }
}

/** Secrets are a matter of the draw; here they only have to do no harm. */
function beacon(acting: Acting): Act {
  const { chainId, cast, state, height } = acting
  const actor = voting(acting)
  const epoch = epochAt(state(), height() + 1)
  const secret = (of: number) => sha256(cast.signer(`${actor.name} secret ${of}`).publicKey)
  const shown = acting.random.below(3) === 0 ? null : secret(epoch - 1)
  return {
    actor,
    payload: beaconPayload(shown, commitmentTo(chainId, actor.id, epoch, secret(epoch))),
    deed: { kind: 'beacon' },
  }
}

function nonsense(acting: Acting): Act {
  const { random } = acting
  const actor = anybody(acting)
  const payload = one<Payload>(random, [[99, 1], [32], [80, 1, 'x'], [60, [7, 7], true], [1_024, 1], [40, 99, null]])
  return { actor, payload, deed: { kind: 'nonsense' } }
}

function registrationOf({ random, cast, chainId }: Acting) {
  const owner = one(random, cast.owners)
  const salt = sha256(random.bytes(8))
  return { chainId, label: one(random, cast.labels), owner: owner.publicKey, salt, settings: random.below(3) }
}

function commit(acting: Acting): Act {
  const { random, registrations } = acting
  const again = registrations.length > 0 && random.below(6) === 0
  const registration = again ? one(random, registrations) : registrationOf(acting)
  if (!again) registrations.push(registration)
  return {
    actor: anybody(acting),
    payload: commitPayload(registration),
    deed: { kind: 'commit', hash: toHex(commitHash(registration)) },
  }
}

function register(acting: Acting): Act {
  const { random, cast, registrations } = acting
  // Mostly what waits; sometimes what nobody has committed to.
  const waits = registrations.length > 0 && random.below(12) > 0
  // The newest are too early as likely as not.
  const recent = registrations.slice(-8)
  const registration = waits ? one(random, random.below(4) === 0 ? registrations : recent) : registrationOf(acting)
  const label = random.below(25) === 0 ? new TextEncoder().encode('-no-name-') : registration.label
  const isOwn = random.below(15) > 0
  const owner = cast.owners.find(({ publicKey }) => toHex(publicKey) === toHex(registration.owner))!
  const signer: Signer = isOwn
    ? owner
    : {
        publicKey: owner.publicKey,
        sign: (bytes) =>
          one(
            random,
            [...cast.owners].filter((other) => other !== owner),
          ).sign(bytes),
      }
  const settings = cast.settings[registration.settings]!
  const whole = { ...registration, label }
  return {
    actor: anybody(acting),
    payload: registerPayload(signer, whole, settings),
    deed: {
      kind: 'register',
      label: toHex(label),
      hash: toHex(commitHash(whole)),
      owner: hex(owner),
      settings,
      isTrue: isOwn && label === registration.label,
    },
  }
}

/** The newest statement of a name's owner; sometimes an old one, or by somebody else. */
function placeOf(acting: Acting): { readonly signer: Signer; readonly place: Place; readonly label: Uint8Array } {
  const { random, cast, state } = acting
  const label = random.below(20) === 0 ? NEVER : one(random, cast.labels)
  const record = nameRecordOf(state(), label)
  const owner = cast.owners.find(
    ({ publicKey }) => record?.owner !== undefined && toHex(publicKey) === toHex(record.owner),
  )
  const signer = owner === undefined || random.below(10) === 0 ? one(random, cast.owners) : owner
  const back = (count: number) => Math.max(0, count - Number(random.below(15) === 0))
  const place = {
    label: toHex(label),
    generation: back(record?.generation ?? 0),
    sequence: back(record?.sequence ?? 0),
    by: hex(signer),
  }
  return { signer, place, label }
}

function update(acting: Acting): Act {
  const { random, cast, chainId } = acting
  const { signer, place, label } = placeOf(acting)
  const settings = one(random, cast.settings)
  const { generation, sequence } = place
  return {
    actor: anybody(acting),
    payload: updatePayload(signer, { chainId, label, generation, sequence }, settings),
    deed: { kind: 'update', place, settings },
  }
}

function transferName(acting: Acting): Act {
  const { random, cast, chainId } = acting
  const { signer, place, label } = placeOf(acting)
  const to = one(random, cast.owners).publicKey
  const settings = random.below(2) === 0 ? undefined : one(random, cast.settings)
  const { generation, sequence } = place
  return {
    actor: anybody(acting),
    payload: nameTransferPayload(signer, { chainId, label, generation, sequence }, to, settings),
    deed: { kind: 'transferName', place, to: toHex(to), settings },
  }
}

function release(acting: Acting): Act {
  const { signer, place, label } = placeOf(acting)
  const { generation, sequence } = place
  return {
    actor: anybody(acting),
    payload: releasePayload(signer, { chainId: acting.chainId, label, generation, sequence }),
    deed: { kind: 'release', place },
  }
}

function voteTld(acting: Acting): Act {
  const { random } = acting
  const label = one(random, TLDS)
  const inFavour = random.below(8) > 0
  // Votes for many things at once come to nothing.
  const registry = acting.cast.actors[random.below(6) === 0 ? 1 : 0]!.account.publicKey
  const subject =
    random.below(6) > 0 ? ({ kind: 'give', label, registry } as const) : ({ kind: 'take', label } as const)
  const said =
    subject.kind === 'give'
      ? ({ kind: 'give', label: toHex(label), registry: toHex(registry) } as const)
      : ({ kind: 'take', label: toHex(label) } as const)
  return {
    actor: voting(acting),
    payload: tldVotePayload(subject, inFavour),
    deed: { kind: 'voteTld', subject: said, inFavour },
  }
}

function updateTld(acting: Acting): Act {
  const { random } = acting
  const label = one(random, TLDS)
  const isLedgerOnly = random.below(2) === 0
  return {
    actor: one(random, acting.cast.actors.slice(0, 2)),
    payload: updateTldPayload(label, { chainId: undefined, zone: undefined, isLedgerOnly }),
    deed: { kind: 'updateTld', label: toHex(label), isLedgerOnly },
  }
}

function handOverTld(acting: Acting): Act {
  const { random } = acting
  const label = one(random, TLDS)
  const to = one(random, acting.cast.actors.slice(0, 3)).account.publicKey
  return {
    actor: one(random, acting.cast.actors.slice(0, 2)),
    payload: handOverTldPayload(label, to),
    deed: { kind: 'handOverTld', label: toHex(label), to: toHex(to) },
  }
}

function linkChain(acting: Acting): Act {
  const { random, others } = acting
  const { genesis, origin } = one(random, others)
  const inFavour = random.below(10) > 0
  return {
    actor: voting(acting),
    payload: linkChainPayload(genesis, inFavour),
    deed: { kind: 'linkChain', origin, inFavour },
  }
}

function link(acting: Acting): Act | undefined {
  const { random, others, state } = acting
  const source = one(random, others)
  const { origin } = source
  const known = linkedOf(state(), origin)?.size
  if (known === undefined) return linkChain(acting)
  const oldSize = Math.max(0, known - Number(random.below(12) === 0))
  const made = source.link(oldSize, random.below(3) === 0)
  if (made === undefined) return undefined
  const size = made.link.header.height
  return {
    actor: anybody(acting),
    payload: encodeLink(made.link),
    deed: { kind: 'link', origin, oldSize, size, isTrue: made.isTrue },
  }
}

/** The next thing to do until nobody has a seat who had one at the start. */
function towardsTurnover(acting: Acting): Act | undefined {
  const { cast, state, random } = acting
  const now = state()
  const nodes = networkNodes(now)
  const nodeOf = ({ account }: Actor) => nodes.find((node) => toHex(node.account) === hex(account))
  const people = cast.actors.filter(({ person }) => person !== undefined)
  const first = people.filter((actor) => actor.isFounder && actor.person! < people.length / 2)
  const later = people.filter((actor) => !first.includes(actor))
  for (const actor of later) {
    if (admittedOf(now, actor.account.publicKey) === undefined)
      return endorseBy(
        acting,
        one(
          random,
          cast.actors.filter(({ isEndorser: is }) => is),
        ),
        actor,
      )
    const node = nodeOf(actor)
    if (node === undefined) return voteIn(acting, voting(acting), actor)
    if (node.voting === undefined || node.isIdle) return bringKey(acting, actor, false)
  }
  const left = first.filter((actor) => nodeOf(actor) !== undefined)
  if (left.length === 0) return undefined
  const actor = one(random, left)
  return acting.mayLose(actor) ? { actor, payload: resignPayload(), deed: { kind: 'resign' } } : undefined
}
