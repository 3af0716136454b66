/** What an organisation may do next on a chain, drawn at random: what it has a right to, and now and then what it has not. */
import { nonsense, transfer } from './accounts.ts'
import { type Act, type Acting, type Maker, one } from './acting.ts'
import { endorse, leave, machine, voteEndorser, withdraw } from './admission.ts'
import { activate, putEntry, towardsActivation, towardsEntries } from './applications.ts'
import { updateByCds } from './cds.ts'
import { observe, openClaim, proveClaim, towardsClaims, voteAnchors } from './claims.ts'
import { accuse, answer, twoNotes } from './faults.ts'
import { complain, propose, repaired, reply, towardsDecision, withdrawMotion } from './governance.ts'
import { freeze, guardiansCancel, recover } from './guardians.ts'
import { takeBack, voteCertifier, vouch } from './identity.ts'
import { link, renewLink, showFork, towardsLinks } from './links.ts'
import { keep, setPolicy, settle, title, towardsRules, towardsTitles, wish } from './name-votes.ts'
import { commit, register, release, transferName, update } from './names.ts'
import { beacon, resign, voteNode, votingKey } from './nodes.ts'
import { handOverTld, updateTld, voteTld } from './registries.ts'
import {
  cancel,
  freePages,
  lock,
  registerTerm,
  renew,
  restore,
  rollOwner,
  setGuardians,
  towardsCatching,
  towardsRestoring,
  unused,
} from './terms.ts'
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
  renewLink,
  renewLink,
  showFork,
  activate,
  putEntry,
  accuse,
  answer,
  twoNotes,
]
const ON_ROOT: readonly Maker[] = [
  voteTld,
  voteTld,
  voteTld,
  updateTld,
  handOverTld,
  commit,
  voteCertifier,
  voteCertifier,
  vouch,
  vouch,
  takeBack,
]
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
  openClaim,
  openClaim,
  observe,
  proveClaim,
  proveClaim,
  voteAnchors,
]

/** Where names have terms. */
const ON_TERMS: readonly Maker[] = [
  commit,
  commit,
  commit,
  commit,
  commit,
  commit,
  register,
  registerTerm,
  registerTerm,
  registerTerm,
  registerTerm,
  registerTerm,
  registerTerm,
  registerTerm,
  registerTerm,
  update,
  updateByCds,
  transferName,
  transferName,
  transferName,
  release,
  renew,
  renew,
  restore,
  restore,
  restore,
  lock,
  lock,
  cancel,
  rollOwner,
  setGuardians,
  freeze,
  freeze,
  recover,
  recover,
  guardiansCancel,
  unused,
  unused,
  unused,
  openClaim,
  openClaim,
  observe,
  proveClaim,
  proveClaim,
  voteAnchors,
]

const ON_NAMES: readonly Maker[] = [keep, keep, keep, keep, keep, keep, setPolicy, settle, wish, title]

const ON_GOVERNED: readonly Maker[] = [
  complain,
  complain,
  complain,
  propose,
  propose,
  propose,
  reply,
  withdrawMotion,
  repaired,
]

/** What nodes decide of all names, where they do. */
function onNames(acting: Acting): Act | undefined {
  const { random, chainName, keepsNames, rulesFrom, policy } = acting
  if (chainName === 'root') return undefined
  if (rulesFrom !== undefined && random.below(2) === 0) {
    const next = towardsRules(acting) ?? settle(acting)
    if (next !== undefined) return next
  }
  if (policy()?.elsewhere !== undefined && random.below(3) === 0)
    return random.below(8) === 0 ? title(acting) : towardsTitles(acting)
  if (!keepsNames || random.below(5) > 0) return undefined
  return one(random, ON_NAMES)(acting)
}

export function actFor(acting: Acting): Act | undefined {
  const { random, chainName, turnsOver, cast, isGoverned, policy } = acting
  if (turnsOver && random.below(2) === 0) {
    const next = towardsTurnover(acting)
    if (next !== undefined) return next
  }
  if (random.below(2) === 0) {
    const next = towardsActivation(acting) ?? towardsEntries(acting)
    if (next !== undefined) return next
  }
  if (random.below(4) === 0) {
    const next = towardsLinks(acting)
    if (next !== undefined) return next
  }
  if (isGoverned && random.below(3) === 0) {
    const next = random.below(2) === 0 ? towardsDecision(acting) : one(random, ON_GOVERNED)(acting)
    if (next !== undefined) return next
  }
  if (random.below(3) === 0) {
    const next = towardsClaims(acting)
    if (next !== undefined) return next
  }
  if (random.below(3) === 0) {
    const next = random.below(2) === 0 ? towardsRestoring(acting) : towardsCatching(acting)
    if (next !== undefined) return next
  }
  if (cast.book !== undefined && chainName !== 'root' && random.below(60) === 0) return freePages(acting)
  const onAll = onNames(acting)
  if (onAll !== undefined) return onAll
  const own = chainName === 'root' ? ON_ROOT : policy() === undefined ? ON_TLD : ON_TERMS
  return one(random, random.below(3) > 0 ? own : ON_ALL)(acting)
}
