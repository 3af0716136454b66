/** Whose cosignatures make a checkpoint count, as a policy file (C2SP tlog-policy), for tools that know nothing of chordns. */
import { toHex } from '../../base/index.ts'
import { quorumOf } from '../options.ts'
import type { Validator } from '../types.ts'
import { cosignerKey } from './checkpoint.ts'
import { formatNoteKey } from './note.ts'

/** It has no `log` line: no single key signs the log, the quorum does. */
export function policyText(validators: readonly Validator[]): string {
  const names = validators.map(({ id }) => toHex(id))
  const witnesses = validators.map((one, i) => `witness ${names[i]} ${formatNoteKey(cosignerKey(one))}\n`)
  const quorum = quorumOf('two-thirds', validators.length)
  return `${witnesses.join('')}group validators ${quorum} ${names.join(' ')}\nquorum validators\n`
}
