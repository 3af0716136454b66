/**
 * Applications of third parties: modules that more than half of the nodes have activated, each from a height on (D72). The height stands in
 * the headers ahead: a release that lacks the module stops before it, and says which it needs. No node is restarted.
 */
import { concatBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot, type TallyPlace } from '../../tally.ts'
import type { Call, LedgerModule, Payload, StateReader } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'

export const APPLICATIONS = 7
const ACTIVATE = 140

const { readCbor, readRow, readList, readInteger, readBoolean } = ledgerReader
const TALLIES: TallyPlace = { keyOf: (subject) => concatBytes(Uint8Array.of(2), subject), openKey: Uint8Array.of(3) }
const ACTIVATED_KEY = Uint8Array.of(1)

export interface Activation {
  readonly module: number
  /** It runs from this height on. */
  readonly height: number
}

export const applications: LedgerModule = {
  id: APPLICATIONS,
  name: 'applications',
  kinds: [ACTIVATE],
  execute: activate,
  /** The rules of the block in which the vote was won say what comes. */
  endBlock({ own, block }) {
    const last = read(own).at(-1)
    if (last === undefined || own.get(Uint8Array.of(4)) === undefined) return undefined
    own.delete(Uint8Array.of(4))
    return {
      nextRules: { rules: rulesOf(read(own).length, last.module), height: Math.max(last.height, block.height + 2) },
    }
  },
}

export function activatePayload({ module, height }: Activation, inFavour = true): Payload {
  return [ACTIVATE, module, height, inFavour]
}

/** All that were voted for, in that order; those of later heights run later. */
export function activationsOf(state: StateReader): readonly Activation[] {
  return read(readerOf(state, APPLICATIONS))
}

/** A number for each step: how many activations there were, and which module the last one was. Below 256: those of the genesis. */
export function rulesOf(count: number, module: number): number {
  return count * 256 + module
}

export function moduleOfRules(rules: number): number | undefined {
  return rules < 256 ? undefined : rules % 256
}

function activate({ account, own, all, fields, block }: Call): void {
  const [moduleField, heightField, inFavour] = readRow(fields, 3, 'activation')
  const module = readInteger(moduleField, limits.FIRST_MODULE_OF_OTHERS, 255, 'module')
  const height = readInteger(heightField, 1, limits.MAX_AMOUNT, 'height')
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const known = read(own)
  if (known.some((one) => one.module === module)) refuse(ResultCode.TAKEN, 'module')
  // A header has room for one change of rules ahead.
  if (known.some((one) => one.height > block.height)) refuse(ResultCode.NOT_ALLOWED, 'another one waits')
  if (height < block.height + limits.LEAST_NOTICE_BLOCKS || height > block.height + limits.MOST_NOTICE_BLOCKS)
    refuse(ResultCode.NOT_ALLOWED, 'height')
  const ballot = {
    voice: { account, since },
    inFavour: readBoolean(inFavour, 'in favour'),
    subject: [module, height],
    time: block.time,
  }
  if (!castBallot(own, TALLIES, ballot, nodesElectorate(all))) return
  own.set(ACTIVATED_KEY, encodeCanonical([...known, { module, height }].map((one) => [one.module, one.height])))
  own.set(Uint8Array.of(4), Uint8Array.of(1))
}

/** For who lists what is open. */
export const moduleBallots: BallotBook = {
  about: 'modules',
  module: APPLICATIONS,
  place: TALLIES,
  read(kind, fields) {
    if (kind !== ACTIVATE) return undefined
    const [module, height] = readRow(fields, 3, 'activation')
    const subject = [
      readInteger(module, limits.FIRST_MODULE_OF_OTHERS, 255, 'module'),
      readInteger(height, 1, limits.MAX_AMOUNT, 'height'),
    ]
    return { subject, text: `run module ${subject[0]} from height ${subject[1]} on` }
  },
}

function read(own: StateReader): readonly Activation[] {
  const value = own.get(ACTIVATED_KEY)
  if (value === undefined) return []
  return readList(readCbor(value, limits.MAX_VALUE_BYTES, 'activations'), 128, 'activations', (one) => {
    const [module, height] = readRow(one, 2, 'activation')
    return {
      module: readInteger(module, 0, 255, 'module'),
      height: readInteger(height, 0, limits.MAX_AMOUNT, 'height'),
    }
  })
}
