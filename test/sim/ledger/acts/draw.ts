/** What an organisation may do next on a chain, drawn at random: what it has a right to, and now and then what it has not. */
import { nonsense, transfer } from './accounts.ts'
import { type Act, type Acting, type Maker, one } from './acting.ts'
import { endorse, leave, machine, voteEndorser, withdraw } from './admission.ts'
import { activate, putEntry, towardsActivation } from './applications.ts'
import { updateByCds } from './cds.ts'
import { accuse, answer, twoNotes } from './faults.ts'
import { link } from './links.ts'
import { commit, register, release, transferName, update } from './names.ts'
import { beacon, resign, voteNode, votingKey } from './nodes.ts'
import { handOverTld, updateTld, voteTld } from './registries.ts'
import { towardsTurnover } from './turnover.ts'

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
  // Who has not linked a chain votes for it.
  link,
  link,
  link,
  link,
  link,
  link,
  activate,
  putEntry,
  putEntry,
  accuse,
  answer,
  twoNotes,
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
  updateByCds,
  updateByCds,
  updateByCds,
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
  if (random.below(2) === 0) {
    const next = towardsActivation(acting)
    if (next !== undefined) return next
  }
  const own = chainName === 'root' ? ON_ROOT : ON_TLD
  return one(random, random.below(3) > 0 ? own : ON_ALL)(acting)
}
