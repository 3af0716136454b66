/** Which network nodes a chain has, and the key of each (N1-N15). Who of them has a seat is checked by what must hold of any choice. */
import type { NodeRole } from '../../../../src/ledger/index.ts'
import type { Deed, FaultDeed, NodeSubject } from '../intents.ts'
import type { AdmissionModel, Moment } from './admission.ts'
import { type Voice, VoteModel, type Voters } from './votes.ts'

export interface NodeRow {
  readonly account: string
  readonly role: NodeRole
  readonly joined: number
  readonly voting: { readonly id: string; readonly key: string } | undefined
}

interface ChargeRow {
  readonly accused: string
  readonly height: number
  /** 0: answered, or judged. */
  readonly until: number
}

const DAY_MS = 86_400_000
const ROOT: readonly NodeRole[] = ['registry', 'coordinator']
const TLD: readonly NodeRole[] = ['registry', 'registrar', 'isp', 'resolver', 'regulator']

export class NodeModel {
  /** In the order of their places: the last one takes the place of who leaves. */
  nodes: NodeRow[]
  readonly #roles: readonly NodeRole[]
  readonly #admission: AdmissionModel
  readonly #idOf: (ringKey: string) => string
  readonly #used: Set<string>
  readonly #charges = new Map<string, ChargeRow>()
  readonly #votes = new VoteModel()
  /** Who was removed for a fault in this block. */
  #removed: string[] = []
  /** Who was removed by evidence or after a review, and until when nobody votes it in. */
  readonly barred = new Map<string, number>()
  /** Accusations that nobody answered in time. */
  judged = 0

  constructor(
    nodes: readonly NodeRow[],
    {
      chainName,
      admission,
      idOf,
    }: {
      readonly chainName: string
      readonly admission: AdmissionModel
      readonly idOf: (ringKey: string) => string
    },
  ) {
    this.nodes = [...nodes]
    this.#roles = chainName === 'root' ? ROOT : TLD
    this.#admission = admission
    this.#idOf = idOf
    this.#used = new Set(nodes.flatMap(({ voting }) => voting?.key ?? []))
  }

  of(account: string): NodeRow | undefined {
    return this.nodes.find((one) => one.account === account)
  }

  get voters(): Voters {
    const voting = this.nodes.filter(hasVote)
    return {
      size: voting.length,
      counts: ({ account, since }) => voting.some((one) => one.account === account && one.joined === since),
    }
  }

  /** Of who may vote; undefined: it may not. */
  voiceOf(account: string): Voice | undefined {
    const node = this.of(account)
    return node !== undefined && hasVote(node) ? { account, since: node.joined } : undefined
  }

  vote(by: string, subject: NodeSubject, inFavour: boolean, { height, time }: Moment): boolean {
    const voice = this.voiceOf(by)
    if (voice === undefined) return false
    const { account } = subject
    if ((this.of(account) !== undefined) === (subject.kind === 'add')) return false
    if (subject.kind === 'add' && !(this.mayJoin(account, subject.role) && this.#admission.isAdmitted(account)))
      return false
    if (subject.kind === 'add' && (this.barred.get(account) ?? 0) > time) return false
    const key = JSON.stringify(subject)
    const { voters } = this
    if (subject.kind === 'remove' && voters.size === 1 && this.#votes.wouldWin(key, voice, inFavour, time, voters))
      return false
    if (!this.#votes.cast(key, voice, inFavour, time, voters)) return true
    if (subject.kind === 'remove') this.#remove(account)
    else this.join(account, subject.role, height)
    return true
  }

  /** No node yet, and of a role that this chain has. */
  mayJoin(account: string, role: NodeRole): boolean {
    return this.of(account) === undefined && this.#roles.includes(role)
  }

  join(account: string, role: NodeRole, height: number): void {
    this.nodes.push({ account, role, joined: height, voting: undefined })
    this.barred.delete(account)
  }

  /** After a review, also when it has resigned meanwhile. False: it is the last one with a vote. */
  expel(account: string): boolean {
    const node = this.of(account)
    if (node !== undefined && hasVote(node) && this.voters.size === 1) return false
    if (node !== undefined) this.#remove(account)
    return true
  }

  bringKey(by: string, { key, isTrue }: Extract<Deed, { kind: 'votingKey' }>): boolean {
    const node = this.of(by)
    const organisation = this.#admission.organisations.get(by)
    if (node === undefined || !hasVote(node) || organisation === undefined || !this.#admission.isAdmitted(by))
      return false
    if (!isTrue || key === by || key === organisation.ringKey) return false
    if (node.voting?.key !== key && this.#used.has(key)) return false
    const id = this.#idOf(organisation.ringKey)
    const holder = this.nodes.find(({ voting }) => voting?.id === id)
    if (holder !== undefined && holder.account !== by) return false
    this.#used.add(key)
    this.nodes = this.nodes.map((one) => (one === node ? { ...node, voting: { id, key } } : one))
    return true
  }

  resign(by: string): boolean {
    const node = this.of(by)
    if (node === undefined || (hasVote(node) && this.voters.size === 1)) return false
    this.#remove(by)
    return true
  }

  /** A broken lock waits two days for its answer. */
  accuse(deed: Extract<Deed, { kind: 'accuse' }>, moment: Moment): boolean {
    const { id, accused, height, isTrue } = deed
    if (!isTrue || !isShown(deed, moment) || this.#since(accused, height) === undefined || this.#charges.has(id))
      return false
    this.#charges.set(id, { accused, height, until: moment.time + 2 * DAY_MS })
    return true
  }

  answer({ id, isTrue }: Extract<Deed, { kind: 'answer' }>): boolean {
    const charge = this.#charges.get(id)
    if (charge === undefined || charge.until === 0 || !isTrue) return false
    this.#charges.set(id, { ...charge, until: 0 })
    return true
  }

  exposeCosigner(deed: FaultDeed, moment: Moment): boolean {
    const node = this.#since(deed.accused, deed.height)
    if (!deed.isTrue || !isShown(deed, moment) || node === undefined) return false
    this.#removeForFault(deed.accused, deed.height)
    return true
  }

  /** `accused`: ids with the height of the fault. Gives back the accounts of those who were removed for faults. */
  endBlock(
    { height, time }: Moment,
    accused: readonly { readonly id: string; readonly height: number }[],
    epochBlocks: number,
  ): readonly string[] {
    for (const { id, height: at } of accused) this.#removeForFault(id, at)
    for (const [id, charge] of this.#charges) {
      if (charge.until === 0 || charge.until >= time) continue
      this.judged++
      this.#charges.set(id, { ...charge, until: 0 })
      this.#removeForFault(charge.accused, charge.height)
    }
    const removed = this.#removed
    this.#removed = []
    if (height % epochBlocks !== 0) return removed
    for (const { account } of [...this.nodes])
      if (!this.#admission.isAdmitted(account) && this.voters.size > 1) this.#remove(account)
    return removed
  }

  /** The node that has had this id since that height. */
  #since(id: string, height: number): NodeRow | undefined {
    return this.nodes.find(({ voting, joined }) => voting?.id === id && joined <= height)
  }

  #removeForFault(id: string, height: number): void {
    const node = this.#since(id, height)
    if (node === undefined || this.voters.size === 1) return
    this.#remove(node.account)
    this.#removed.push(node.account)
  }

  #remove(account: string): void {
    const place = this.nodes.findIndex((one) => one.account === account)
    const last = this.nodes.pop()!
    if (place < this.nodes.length) this.nodes[place] = last
  }
}

/** Not of long ago, and in the history of the block, or of one of the 64 before it. */
function isShown({ size, headerTime }: FaultDeed, { height, time }: Moment): boolean {
  return size < height && size >= height - 65 && time - headerTime <= 21 * DAY_MS
}

export function hasVote({ role }: Pick<NodeRow, 'role'>): boolean {
  return role !== 'coordinator' && role !== 'regulator'
}
