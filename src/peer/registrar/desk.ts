/** The commands of EPP on a ledger. What changes a name comes back as bytes to be signed when its owner has not signed yet. */
import { fromHex, isChordnsError, toHex } from '../../base/index.ts'
import {
  commitPayloadOf,
  encodePayload,
  type KeptRoot,
  type NamePolicy,
  type NameRecord,
  phaseOf,
  type Registration,
  registerPayload,
  registerTermPayload,
  settledRecord,
} from '../../ledger/index.ts'
import {
  type ActTerms,
  actTerms,
  describeLife,
  domainPolicy,
  lifePayloads,
  policyKey,
  priceNow,
} from '../ledger/domain-life.ts'
import {
  commitKeyOf,
  type DomainPlace,
  describeDomain,
  domainPayloads,
  domainPlace,
  domainRecord,
  domainSettings,
  takesFrom,
} from '../ledger/domains.ts'
import { domainKeptRoot, keptRootKey } from '../ledger/kept-names.ts'
import { EPP_TEXTS, type EppCode, EppFailure, eppCodeOf } from './codes.ts'
import { limits } from './limits.ts'
import type { Command, CommandName } from './messages.ts'
import type { RegistrarNode } from './node-port.ts'
import { type MakePayload, signedPayload, toSign } from './statements.ts'

export interface RegistrarDeskDeps {
  readonly node: RegistrarNode
  /** Unix ms. */
  readonly now: () => number
  /** What one command may cost at most. */
  readonly mostUnits: number
}

/** One customer, as far as a command may cost it. */
export interface Customer {
  /** False: it has had its share of transactions for now. */
  mayCarry(): boolean
}

export interface EppResult {
  readonly code: EppCode
  readonly message: string
  readonly data?: unknown
}

/** A name as the newest header has it. */
interface Known {
  readonly place: DomainPlace
  /** As time has made it by now; undefined: it was never registered. */
  readonly record: NameRecord | undefined
  readonly policy: NamePolicy | undefined
  /** Where names are kept by pages, and nobody has had this one, nor does a vote say who may; undefined: no page is asked for. */
  readonly pages: KeptRoot | undefined
}

type Had = Known & { readonly record: NameRecord & { readonly owner: Uint8Array } }

/** What a command is to carry. */
interface Act {
  readonly chain: string
  readonly owner: Uint8Array
  readonly make: MakePayload
  readonly signature: string | undefined
  readonly terms: ActTerms | undefined
}

type Commands = { readonly [C in CommandName]: (command: Command<C>, customer: Customer) => Promise<EppResult> }

export class RegistrarDesk {
  readonly #deps: RegistrarDeskDeps
  readonly #commands: Commands = {
    check: async ({ names }) => success(1000, { names: await Promise.all(names.map((name) => this.#check(name))) }),
    info: async ({ name }) => success(1000, this.#infoOf(name, await this.#had(name))),
    create: (command, customer) =>
      'commit' in command ? this.#commit(command, customer) : this.#create(command, customer),
    renew: (command, customer) => this.#renew(command, customer),
    restore: (command, customer) => this.#restore(command, customer),
    transfer: (command, customer) => this.#transfer(command, customer),
    update: (command, customer) => this.#update(command, customer),
    delete: (command, customer) => this.#delete(command, customer),
  }

  constructor(deps: RegistrarDeskDeps) {
    this.#deps = deps
  }

  /** What became of it; failures of the node are 2400. */
  async handle<C extends CommandName>(name: C, command: Command<C>, customer: Customer): Promise<EppResult> {
    try {
      return await this.#commands[name](command, customer)
    } catch (error) {
      if (error instanceof EppFailure)
        return { code: error.code, message: EPP_TEXTS[error.code], data: { why: error.message } }
      if (
        isChordnsError(error, 'USAGE') ||
        isChordnsError(error, 'DNS_BAD_TEXT') ||
        isChordnsError(error, 'LEDGER_MALFORMED')
      )
        return { code: 2005, message: EPP_TEXTS[2005], data: { why: error.message } }
      if (!isChordnsError(error)) throw error
      return { code: 2400, message: EPP_TEXTS[2400], data: { why: error.message } }
    }
  }

  async #check(name: string) {
    let known: Known
    try {
      known = await this.#known(name)
    } catch (error) {
      if (!isChordnsError(error, 'USAGE') && !isChordnsError(error, 'DNS_BAD_TEXT')) throw error
      return { name, avail: false, reason: 'no name of these TLDs', price: null }
    }
    const { place, record, policy, pages } = known
    if (record?.owner !== undefined) return { name, avail: false, reason: 'in use', price: null }
    if (pages !== undefined && (await this.#deps.node.keptPage(place.chain, pages, place.label)).isKept)
      return { name, avail: false, reason: 'kept for who has it in the DNS', price: null }
    return { name, avail: true, reason: null, price: policy === undefined ? 0 : priceNow(policy, place, 1, record) }
  }

  #infoOf(name: string, { place, record, policy }: Had) {
    const now = this.#deps.now()
    const { owner, servers, ...rest } = describeDomain(record)
    return {
      name,
      registrant: owner,
      ns: servers,
      ...rest,
      chain: place.chain,
      status: statusesOf(record, policy, now),
      life: (policy && describeLife(record, policy, now)) ?? null,
    }
  }

  async #commit(
    { tld, commit }: { readonly tld: string; readonly commit: string },
    customer: Customer,
  ): Promise<EppResult> {
    const chain = (await this.#deps.node.chains()).find(({ name }) => name === tld.toLowerCase() && name !== 'root')
    if (chain === undefined) throw new EppFailure(2303, `no chain of ${tld}`)
    const carried = await this.#carry(chain.name, encodePayload(commitPayloadOf(fromHex(commit))), customer)
    return success(1001, { ...carried, next: 'send the rest two blocks later', from: carried.height + 2 })
  }

  async #create(command: Exclude<Command<'create'>, { commit: string }>, customer: Customer): Promise<EppResult> {
    const { place, record, policy, pages } = await this.#known(command.name)
    const found = pages && (await this.#deps.node.keptPage(place.chain, pages, place.label))
    if (found?.isKept)
      throw new EppFailure(2306, `${command.name} is kept for who has it in the DNS: a claim is the way to it`)
    const settings = domainSettings(place, { ds: command.ds, servers: command.ns, updateByCds: command.cds })
    const owner = fromHex(command.registrant)
    const registration = { chainId: place.chainId, label: place.label, owner, salt: fromHex(command.salt) }
    if (record?.owner !== undefined && !(await this.#comesBefore(place, registration, record)))
      throw new EppFailure(2302, `${command.name} is in use`)
    if (policy === undefined) {
      const make: MakePayload = (signer) => encodePayload(registerPayload(signer, registration, settings))
      return this.#act({ chain: place.chain, owner, make, signature: command.signature, terms: undefined }, customer)
    }
    const cost = priceNow(policy, place, command.period, record)
    const most = this.#most(command.most, cost)
    const guardians = command.guardians === undefined ? undefined : fromHex(command.guardians)
    const wishes = { terms: command.period, isMovable: command.movable, guardians }
    const make: MakePayload = (signer) =>
      encodePayload(registerTermPayload(signer, registration, { settings, wishes, most, page: found?.shown }))
    const terms = actTerms.register(policy, cost)
    return this.#act({ chain: place.chain, owner, make, signature: command.signature, terms }, customer)
  }

  /** Whoever saw a reveal, and registered the name in front of it, does not keep it: the earlier commit has it. */
  async #comesBefore({ chain }: DomainPlace, registration: Registration, record: NameRecord): Promise<boolean> {
    const { node, now } = this.#deps
    const [commit = null] = await node.prove(chain, [commitKeyOf(registration)])
    return takesFrom(record, commit, now())
  }

  /** Anybody pays for a name: no owner is asked. */
  async #renew({ name, period, most }: Command<'renew'>, customer: Customer): Promise<EppResult> {
    const { place, record, policy } = await this.#had(name)
    const rules = termsOf(policy)
    const phase = phaseOf(record, rules, this.#deps.now())
    if (phase !== 'registered' && phase !== 'grace') throw new EppFailure(2105, `${name} is past its grace`)
    const cost = priceNow(rules, place, period)
    const payload = lifePayloads.renew(place, record, period, this.#most(most, cost))
    return success(1000, { ...(await this.#carry(place.chain, payload, customer)), ...actTerms.renew(cost) })
  }

  async #restore({ name, period, most, signature }: Command<'restore'>, customer: Customer): Promise<EppResult> {
    const { place, record, policy } = await this.#had(name)
    const rules = termsOf(policy)
    const cost = priceNow(rules, place, period) + rules.restorePrice
    const limit = this.#most(most, cost)
    const make: MakePayload = (signer) => lifePayloads.restore(signer, place, record, period, limit)
    return this.#act(
      { chain: place.chain, owner: record.owner, make, signature, terms: actTerms.renew(cost) },
      customer,
    )
  }

  async #transfer(command: Command<'transfer'>, customer: Customer): Promise<EppResult> {
    const had = await this.#had(command.name)
    const { place, record, policy } = had
    const { chain } = place
    const { owner } = record
    if (command.op === 'query')
      return success(1000, {
        trStatus: transferStatusOf(record),
        pending: this.#infoOf(command.name, had).life?.pending ?? null,
      })
    const { signature } = command
    if (command.op === 'cancel') {
      const make: MakePayload = (signer) => lifePayloads.cancel(signer, place, record)
      return this.#act({ chain, owner, make, signature, terms: actTerms.cancel() }, customer)
    }
    const make: MakePayload = (signer) => domainPayloads.transfer(signer, place, record, command.to)
    const terms = policy && actTerms.transfer(policy, this.#deps.now())
    return this.#act({ chain, owner, make, signature, terms }, customer)
  }

  async #update(command: Command<'update'>, customer: Customer): Promise<EppResult> {
    const { place, record, policy } = await this.#had(command.name)
    const { chain } = place
    const { owner } = record
    const { signature } = command
    if ('lock' in command) {
      const rules = termsOf(policy)
      const make: MakePayload = (signer) => lifePayloads.lock(signer, place, record, command.lock)
      const terms = command.lock ? actTerms.lock() : actTerms.unlock(rules, this.#deps.now())
      return this.#act({ chain, owner, make, signature, terms }, customer)
    }
    const wanted = { ds: command.ds, servers: command.ns, updateByCds: command.cds }
    const settings = domainSettings(place, wanted, record.settings)
    const make: MakePayload = (signer) => domainPayloads.update(signer, place, record, settings)
    return this.#act({ chain, owner, make, signature, terms: undefined }, customer)
  }

  async #delete({ name, signature }: Command<'delete'>, customer: Customer): Promise<EppResult> {
    const { place, record, policy } = await this.#had(name)
    const make: MakePayload = (signer) => domainPayloads.release(signer, place, record)
    const terms = policy && actTerms.release(policy, this.#deps.now())
    return this.#act({ chain: place.chain, owner: record.owner, make, signature, terms }, customer)
  }

  /** Without a signature nothing is sent: it is said what the owner signs, and what it costs and does. */
  async #act({ chain, owner, make, signature, terms }: Act, customer: Customer): Promise<EppResult> {
    if (signature === undefined)
      return success(1001, {
        sign: toHex(toSign(owner, make)),
        by: toHex(owner),
        next: 'send the same again, with the signature of these bytes',
        ...terms,
      })
    const payload = signedPayload(owner, make, signature)
    const carried = await this.#carry(chain, payload, customer)
    return success(terms?.effective === null || terms === undefined ? 1000 : 1001, { ...carried, ...terms })
  }

  async #carry(chain: string, payload: Uint8Array, customer: Customer) {
    if (!customer.mayCarry()) throw new EppFailure(2502, 'too many transactions: wait a while')
    const carried = await this.#deps.node.carry(chain, payload)
    if (carried === undefined)
      throw new EppFailure(2400, `no block of ${chain} has it yet; it may still come: see info`)
    const code = eppCodeOf(carried.code)
    if (code !== 1000)
      throw new EppFailure(code, carried.detail === '' ? `the ledger says ${carried.code}` : carried.detail)
    return { transaction: carried.transaction, height: carried.height }
  }

  /** What the registrar pays at most. A customer says less; nobody more than the operator. */
  #most(most: number | undefined, cost: number): number {
    const limit = Math.min(this.#deps.mostUnits, most ?? limits.MOST_UNITS)
    if (cost > limit) throw new EppFailure(2104, `it costs ${cost} units, and ${limit} are paid here at most`)
    return cost
  }

  async #had(name: string): Promise<Had> {
    const known = await this.#known(name)
    const { owner } = known.record ?? {}
    if (known.record === undefined || owner === undefined) throw new EppFailure(2303, `nobody has ${name}`)
    return { ...known, record: { ...known.record, owner } }
  }

  async #known(name: string): Promise<Known> {
    const { node, now } = this.#deps
    const place = domainPlace(name, await node.chains())
    const keys = [place.stateKey, policyKey, keptRootKey, place.keptKey]
    const [value = null, terms = null, root = null, rule = null] = await node.prove(place.chain, keys)
    const policy = domainPolicy(terms)
    const stored = domainRecord(value)
    const record = stored === undefined || policy === undefined ? stored : settledRecord(stored, policy, now())
    const pages = stored !== undefined || rule !== null ? undefined : domainKeptRoot(root)
    return { place, record, policy, pages }
  }
}

function success(code: 1000 | 1001, data: object): EppResult {
  return { code, message: EPP_TEXTS[code], data }
}

function termsOf(policy: NamePolicy | undefined): NamePolicy {
  if (policy === undefined) throw new EppFailure(2306, 'names of this TLD have no terms: they are had for ever')
  return policy
}

/** RFC 5731 section 2.3, RFC 3915 section 3.1. */
function statusesOf(record: NameRecord, policy: NamePolicy | undefined, now: number): readonly string[] {
  const { life } = record
  if (policy === undefined || life === undefined) return ['ok']
  const phase = phaseOf(record, policy, now)
  const found = [
    ...(phase === 'grace' ? ['autoRenewPeriod'] : []),
    ...(phase === 'redemption' ? ['pendingDelete', 'redemptionPeriod'] : []),
    ...(phase === 'ending' ? ['pendingDelete'] : []),
    ...(life.isLocked ? ['clientTransferProhibited', 'clientDeleteProhibited'] : []),
    ...(life.lockedUntil > now || life.frozenUntil > now ? ['serverTransferProhibited'] : []),
    ...(life.frozenUntil > now ? ['serverUpdateProhibited'] : []),
    ...(life.pending?.kind === 'transfer' || life.pending?.kind === 'recovery' ? ['pendingTransfer'] : []),
    ...(life.pending?.kind === 'release' ? ['pendingDelete'] : []),
    ...(life.pending !== undefined && ['roll', 'guardians', 'unlock'].includes(life.pending.kind)
      ? ['pendingUpdate']
      : []),
  ]
  return found.length === 0 ? ['ok'] : [...new Set(found)]
}

function transferStatusOf({ life }: NameRecord): 'pending' | 'none' {
  return life?.pending?.kind === 'transfer' ? 'pending' : 'none'
}
