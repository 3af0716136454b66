/** The rule of use: what no server serves is not kept from others. Nodes look, and more than half of them say so; the owner has it back by restoring it. */
import { concatBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { castBallot, type TallyPlace } from '../../tally.ts'
import type { Call } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'
import { fieldsOf, livedBy, write } from './acts.ts'
import { NameCode } from './kinds.ts'
import { Part } from './label.ts'
import { phaseOf } from './life.ts'

const { readInteger, readBoolean } = ledgerReader
const TALLIES: TallyPlace = {
  keyOf: (subject) => concatBytes(Uint8Array.of(Part.TALLY), subject),
  openKey: Uint8Array.of(Part.TALLIES),
}

/** [UNUSED, 1, label, generation, in favour]: by a node. */
export function unused(call: Call): void {
  const [name, generationField, inFavour] = fieldsOf(call, 3)
  const { label, record, policy } = livedBy(call, name)
  const { account, block, all, own } = call
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const generation = readInteger(generationField, 0, ledgerLimits.MAX_AMOUNT, 'generation')
  if (generation !== record.generation) refuse(NameCode.SEQUENCE, 'another generation')
  const isJudged = policy.useMs > 0 && block.time >= record.life.judgedFrom
  if (!isJudged || phaseOf(record, policy, block.time) !== 'registered')
    refuse(NameCode.NOT_NOW, 'not to be judged now')
  const ballot = {
    voice: { account, since },
    inFavour: readBoolean(inFavour, 'in favour'),
    subject: [label, generation, record.life.judgedFrom],
    time: block.time,
  }
  if (!castBallot(own, TALLIES, ballot, nodesElectorate(all))) return
  write(own, label, { ...record, life: { ...record.life, resolves: block.time } })
}
