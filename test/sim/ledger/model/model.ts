/**
 * One ledger chain by its rules, replayed from the blocks that were decided, simply: no state tree, no codecs, no signatures. Written from
 * docs/protocol.md, so that a mistake of a module is not made here, too.
 */
import type { NamePolicy } from '../../../../src/ledger/index.ts'
import type { Intent } from '../intents.ts'
import { AccountModel } from './accounts.ts'
import { AdmissionModel, type EndorserRow, type Moment, type OrganisationRow } from './admission.ts'
import { ApplicationModel } from './applications.ts'
import { ClaimModel, type ClaimRulesModel } from './claims.ts'
import { GovernanceModel, type RulesModel } from './governance.ts'
import { IdentityModel } from './identity.ts'
import { LinkModel } from './links.ts'
import { NameVoteModel } from './name-votes.ts'
import { NameModel } from './names.ts'
import { NodeModel, type NodeRow } from './nodes.ts'
import { TermModel } from './terms.ts'
import { TldModel } from './tlds.ts'

export interface ModelStart {
  readonly chainName: string
  readonly epochBlocks: number
  readonly quotaADay: number
  readonly balances: readonly (readonly [string, number])[]
  readonly endorsers: readonly EndorserRow[]
  readonly organisations: ReadonlyMap<string, OrganisationRow>
  readonly nodes: readonly NodeRow[]
  readonly idOf: (ringKey: string) => string
  /** Of reviews. */
  readonly rules: RulesModel
  readonly claims: ClaimRulesModel
  /** Of names; undefined: they are had for ever. */
  readonly policy: NamePolicy | undefined
  /** Labels on pages of kept names. */
  readonly paged: readonly string[]
  /** Other rules of names that are voted on, by their numbers. */
  readonly policies: readonly NamePolicy[]
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
  readonly terms: TermModel
  readonly nameVotes: NameVoteModel
  readonly governance: GovernanceModel
  readonly tlds: TldModel
  readonly applications: ApplicationModel
  readonly links: LinkModel
  readonly claims: ClaimModel
  readonly identity: IdentityModel
  readonly #epochBlocks: number

  constructor(start: ModelStart) {
    const { chainName, balances, quotaADay, endorsers, organisations, nodes, idOf, epochBlocks, policy, rules } = start
    this.accounts = new AccountModel(balances, quotaADay)
    this.admission = new AdmissionModel(endorsers, organisations)
    this.nodes = new NodeModel(nodes, { chainName, admission: this.admission, idOf })
    this.names = new NameModel(chainName, policy, start.paged)
    this.terms = new TermModel(this.names, this.accounts, this.nodes)
    const { accounts, admission, nodes: members, names, terms } = this
    this.nameVotes = new NameVoteModel(chainName, { names, terms, nodes: members, policies: start.policies })
    this.governance = new GovernanceModel(chainName, rules, { accounts, admission, nodes: members })
    this.claims = new ClaimModel(chainName, start.claims, { names: this.names, accounts, nodes: members })
    this.identity = new IdentityModel(chainName, { admission, nodes: members })
    this.tlds = new TldModel(chainName, this.nodes)
    this.links = new LinkModel(this.nodes)
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
    const removed = this.nodes.endBlock(moment, accused, this.#epochBlocks)
    this.terms.endBlock(moment.time)
    this.nameVotes.endBlock(moment)
    this.governance.endBlock(removed, moment.time)
    this.claims.endBlock(moment.time)
  }

  #do({ account, deed }: Intent, moment: Moment, wasDone: boolean): boolean | undefined {
    const { accounts, admission, nodes, names, tlds, applications, governance, claims, identity, nameVotes } = this
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
        return names.release(deed.place, moment)
      case 'registerTerm':
      case 'renew':
      case 'restore':
      case 'lock':
      case 'cancel':
      case 'rollOwner':
      case 'setGuardians':
      case 'freeze':
      case 'recover':
      case 'guardiansCancel':
      case 'unused':
      case 'freePages':
        return this.terms.do(account, deed, moment)
      case 'setPolicy':
        return nameVotes.setPolicy(account, deed, moment)
      case 'keep':
        return nameVotes.keep(account, deed, moment)
      case 'settle':
        return nameVotes.settle(deed, moment)
      case 'wish':
        return nameVotes.wish(deed, moment)
      case 'title':
        return nameVotes.title(account, deed, moment)
      case 'complain':
        return governance.complain(account, deed, moment)
      case 'propose':
        return governance.propose(account, deed, moment)
      case 'reply':
        return governance.reply(account, deed, moment)
      case 'withdrawMotion':
        return governance.withdraw(account, deed, moment)
      case 'repaired':
        return governance.repaired(account, deed)
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
        return this.links.linkChain(account, deed, moment)
      case 'link':
        return this.links.link(deed, moment, wasDone)
      case 'renewLink':
        return this.links.renew(account, deed, moment)
      case 'noteFork':
      case 'headerFork':
        return this.links.fork(deed, moment)
      case 'openClaim':
        return claims.open(account, deed, moment)
      case 'observe':
        return claims.observe(account, deed, moment)
      case 'proveClaim':
        return claims.prove(account, deed, moment)
      case 'voteAnchors':
        return claims.voteAnchors(account, deed, moment)
      case 'voteCertifier':
        return identity.vote(account, deed.subject, deed.inFavour, moment)
      case 'vouch':
        return identity.vouch(account, deed, moment)
      case 'takeBack':
        return identity.takeBack(account, deed)
      case 'beacon':
        return undefined
      case 'nonsense':
        return false
    }
  }
}
