/** Which network nodes a chain has, and the key of each (N1-N15). Who of them has a seat is checked by what must hold of any choice. */
import type { NodeRole } from '../../../../src/ledger/index.ts'
import type { Deed, NodeSubject } from '../intents.ts'
import type { AdmissionModel, Moment } from './admission.ts'
import { type Voice, VoteModel, type Voters } from './votes.ts'

export interface NodeRow {
  readonly account: string
  readonly role: NodeRole
  readonly joined: number
  readonly voting: { readonly id: string; readonly key: string } | undefined
}

/** As governance begins with: seven days. */
const REPAIR_MS = 7 * 86_400_000
const ROOT: readonly NodeRole[] = ['registry', 'coordinator']
const TLD: readonly NodeRole[] = ['registry', 'registrar', 'isp', 'resolver', 'regulator']

export class NodeModel {
  /** In the order of their places: the last one takes the place of who leaves. */
  nodes: NodeRow[]
  readonly #roles: readonly NodeRole[]
  readonly #admission: AdmissionModel
  readonly #idOf: (ringKey: string) => string
  readonly #used: Set<string>
  readonly #votes = new VoteModel()
  /** Who was removed for what evidence showed, and until when nobody votes it in. */
  readonly #barred = new Map<string, number>()

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
    if (subject.kind === 'add' && !(this.#roles.includes(subject.role) && this.#admission.isAdmitted(account)))
      return false
    if (subject.kind === 'add' && (this.#barred.get(account) ?? 0) > time) return false
    const key = JSON.stringify(subject)
    const { voters } = this
    if (subject.kind === 'remove' && voters.size === 1 && this.#votes.wouldWin(key, voice, inFavour, time, voters))
      return false
    if (!this.#votes.cast(key, voice, inFavour, time, voters)) return true
    if (subject.kind === 'remove') this.#remove(account)
    else this.nodes.push({ account, role: subject.role, joined: height, voting: undefined })
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

  /** `accused`: ids with the height of the fault. Gives back the accounts of those whom that removes. */
  endBlock(
    { height, time }: Moment,
    accused: readonly { readonly id: string; readonly height: number }[],
    epochBlocks: number,
  ): readonly string[] {
    const removed: string[] = []
    for (const { id, height: at } of accused) {
      const node = this.nodes.find(({ voting }) => voting?.id === id)
      if (node === undefined || node.joined > at || this.voters.size === 1) continue
      this.#remove(node.account)
      this.#barred.set(node.account, time + REPAIR_MS)
      removed.push(node.account)
    }
    if (height % epochBlocks !== 0) return removed
    for (const { account } of [...this.nodes])
      if (!this.#admission.isAdmitted(account) && this.voters.size > 1) this.#remove(account)
    return removed
  }

  #remove(account: string): void {
    const place = this.nodes.findIndex((one) => one.account === account)
    const last = this.nodes.pop()!
    if (place < this.nodes.length) this.nodes[place] = last
  }
}

export function hasVote({ role }: Pick<NodeRow, 'role'>): boolean {
  return role !== 'coordinator' && role !== 'regulator'
}
