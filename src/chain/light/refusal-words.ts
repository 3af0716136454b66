/** Why a proof proves nothing, for people: the same words on the command line and in the page of the verifier. */
import type { ProofVerdict } from './proof-file.ts'

export type ProofRefusal = Extract<ProofVerdict, { readonly kind: 'refused' }>['reason']

const WORDS: Readonly<Record<ProofRefusal, string>> = {
  expired:
    'What you trust is more than 14 days old, and the file shows no way from there to now: the validators may have changed. Take the id of a newer block from somebody whom you trust.',
  'another chain': 'It is of another ledger than what you trust.',
  lower: 'It is older than what you trust.',
  earlier: 'It is not later than what you trust.',
  future: 'It is dated later than the clock of this machine. Is that clock right?',
  certificate: 'Too few of the validators have signed it, or a signature is wrong.',
  set: 'Others have signed it than the validators whom you trust.',
  'set unknown': 'The file does not say who the validators were.',
  'too few known signers': 'Too few of those who signed it are among the validators whom you trust.',
  fork: 'The ledger has two histories here. Show this file to somebody who runs a node.',
  history: 'The block that it speaks of is not in the history of the newest one.',
  state: 'What it says is not what the ledger has: something in it was changed.',
}

/** One or two sentences, with what to do where that can be said. */
export function refusalText(reason: ProofRefusal): string {
  return WORDS[reason]
}
