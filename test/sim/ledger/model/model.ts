/**
 * One ledger chain by its rules, replayed from the blocks that were decided, simply: no state tree, no codecs, no signatures. Written from
 * docs/protocol.md, so that a mistake of a module is not made here, too.
 */
import type { Intent } from '../intents.ts'
import { AccountModel } from './accounts.ts'
import { AdmissionModel, type EndorserRow, type Moment, type OrganisationRow } from './admission.ts'
import { ApplicationModel } from './applications.ts'
import { NameModel } from './names.ts'
import { NodeModel, type NodeRow } from './nodes.ts'
import { TldModel } from './tlds.ts'
import { VoteModel } from './votes.ts'

export interface ModelStart {
  readonly chainName: string
  readonly epochBlocks: number
  readonly quotaADay: number
  readonly balances: readonly (readonly [string, number])[]
  readonly endorsers: readonly EndorserRow[]
  readonly organisations: ReadonlyMap<string, OrganisationRow>
  readonly nodes: readonly NodeRow[]
  readonly idOf: (ringKey: string) => string
}

/** What must have come of a transaction. */
export interface Expected {
  /** Undefined: the model does not say. */
  readonly isDone: boolean | undefined
  readonly fee: number
}

const DAY_MS = 86_400_000
const NOTHING: Expected = { isDone: false, fee: 0 }

export class LedgerModel {
  readonly accounts: AccountModel
  readonly admission: AdmissionModel
  readonly nodes: NodeModel
  readonly names: NameModel
  readonly tlds: TldModel
  readonly applications: ApplicationModel
  /** Sizes of other chains that are linked, by origin: 0 when the nodes have only voted for it. */
  readonly linked = new Map<string, number>()
  readonly #linkVotes = new VoteModel()
  readonly #epochBlocks: number

  constructor(start: ModelStart) {
    const { chainName, balances, quotaADay, endorsers, organisations, nodes, idOf, epochBlocks } = start
    this.accounts = new AccountModel(balances, quotaADay)
    this.admission = new AdmissionModel(endorsers, organisations)
    this.nodes = new NodeModel(nodes, { chainName, admission: this.admission, idOf })
    this.names = new NameModel(chainName)
    this.tlds = new TldModel(chainName, this.nodes)
    this.applications = new ApplicationModel(this.nodes)
    this.#epochBlocks = epochBlocks
  }

  /** `intent` undefined: nobody made such a transaction for this chain. `wasDone`: where the model does not say. */
  execute(intent: Intent | undefined, moment: Moment, wasDone: boolean): Expected {
    if (intent === undefined) return NOTHING
    const { account, fee, expires, isSigned } = intent
    const { time } = moment
    const isAlive = time <= expires && expires - time <= DAY_MS
    if (!isAlive || !isSigned || !this.admission.mayCarry(account) || !this.accounts.charge(intent, time))
      return NOTHING
    return { isDone: this.#do(intent, moment, wasDone), fee }
  }

  endBlock(moment: Moment, accused: readonly { readonly id: string; readonly height: number }[]): void {
    for (const account of this.nodes.endBlock(moment, accused, this.#epochBlocks))
      this.accounts.hold(account, moment.time)
    this.accounts.endBlock(moment.time)
  }

  #do({ account, deed }: Intent, moment: Moment, wasDone: boolean): boolean | undefined {
    const { accounts, admission, nodes, names, tlds, applications } = this
    switch (deed.kind) {
      case 'transfer':
        return accounts.transfer(account, deed.to, deed.amount)
      case 'endorse':
        return admission.endorse(account, deed, moment)
      case 'withdraw':
        return admission.withdraw(account, deed.whom)
      case 'voteEndorser':
        return admission.vote(account, deed.subject, deed.inFavour, moment)
      case 'leave':
        return admission.leave(account)
      case 'machine':
        return admission.machine(account, deed, moment)
      case 'voteNode':
        return nodes.vote(account, deed.subject, deed.inFavour, moment)
      case 'votingKey':
        return nodes.bringKey(account, deed)
      case 'resign':
        return nodes.resign(account)
      case 'commit':
        return names.commit(deed.hash, moment)
      case 'register':
        return names.register(deed, moment)
      case 'update':
        return names.update(deed, moment)
      case 'transferName':
        return names.transfer(deed, moment)
      case 'updateByCds':
        return names.updateByCds(deed, moment)
      case 'release':
        return names.release(deed.place)
      case 'accuse':
        return nodes.accuse(deed, moment)
      case 'answer':
        return nodes.answer(deed)
      case 'twoNotes':
        return nodes.exposeCosigner(deed, moment)
      case 'activate':
        return applications.vote(account, deed, moment)
      case 'putEntry':
        return applications.put(deed, moment)
      case 'voteTld':
        return tlds.vote(account, deed.subject, deed.inFavour, moment)
      case 'updateTld':
        return tlds.update(account, deed, moment)
      case 'handOverTld':
        return tlds.handOver(account, deed, moment)
      case 'linkChain':
        return this.#linkChain(account, deed.origin, deed.inFavour, moment)
      case 'link':
        return this.#link(deed.origin, deed, wasDone)
      case 'beacon':
        return undefined
      case 'nonsense':
        return false
    }
  }

  #linkChain(account: string, origin: string, inFavour: boolean, { time }: Moment): boolean {
    const voice = this.nodes.voiceOf(account)
    if (voice === undefined || this.linked.has(origin)) return false
    if (this.#linkVotes.cast(origin, voice, inFavour, time, this.nodes.voters)) this.linked.set(origin, 0)
    return true
  }

  /** Whether the cosignatures are enough hangs on sets; what must never be taken is known without. */
  #link(
    origin: string,
    { oldSize, size, isTrue }: { readonly oldSize: number; readonly size: number; readonly isTrue: boolean },
    wasDone: boolean,
  ): boolean | undefined {
    const known = this.linked.get(origin)
    if (known === undefined || known !== oldSize || size <= oldSize || !isTrue) return false
    if (wasDone) this.linked.set(origin, size)
    return undefined
  }
}
