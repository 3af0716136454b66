/** Looking whether somebody has a name elsewhere who wishes the same here, by the chains that this node follows itself (B9). */
import { type Clock, equalBytes, latin1 } from '../../../base/index.ts'
import type { LedgerView } from '../../../chain/index.ts'
import { encodePayload } from '../../application/payload.ts'
import { limits } from '../../limits.ts'
import { nameStateKey } from '../../modules/names/label.ts'
import { titlePayload } from '../../modules/names/payloads.ts'
import { decodeRecord } from '../../modules/names/record.ts'
import type { Wish, WishQuestion } from '../../modules/names/titles.ts'
import type { RunningChain } from '../running-chain.ts'
import type { Due, Duty } from './duties.ts'

export interface TitleDutyDeps {
  readonly account: Uint8Array
  readonly clock: Pick<Clock, 'now'>
  readonly view: Pick<LedgerView, 'chains' | 'prove'>
}

export class TitleDuty implements Duty {
  readonly name = 'titles'
  readonly isOfAllMembers = true
  readonly #deps: TitleDutyDeps

  constructor(deps: TitleDutyDeps) {
    this.#deps = deps
  }

  async due(chain: Pick<RunningChain, 'application'>): Promise<Due | undefined> {
    const { account, clock } = this.#deps
    const question: WishQuestion = { account, time: clock.now() }
    const wishes = (await chain.application.ask('wishes', question)) as readonly Wish[]
    for (const wish of wishes.slice(0, limits.TITLES_A_BLOCK)) {
      if (!(await this.#isSo(wish))) continue
      return { what: `title ${wish.tld} ${latin1(wish.label)}`, payload: encodePayload(titlePayload(wish)) }
    }
    return undefined
  }

  /** Only what a fresh head proves: an old owner must not have a name by a state from before. */
  async #isSo({ label, tld, owner }: Wish): Promise<boolean> {
    const { clock, view } = this.#deps
    const chain = view.chains().find(({ name }) => name === tld)
    if (chain === undefined) return false
    const answer = await view.prove(chain.chainId, [nameStateKey(label)])
    const value = answer.kind === 'proven' && answer.fresh ? answer.values[0] : undefined
    if (value === undefined) return false
    const { owner: holder, life } = decodeRecord(value)
    const resolves = life === undefined || life.resolves > clock.now()
    return resolves && holder !== undefined && equalBytes(holder, owner)
  }
}
