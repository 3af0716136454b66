/** Ring messages as bytes. */
import { fromHex, type RingId } from '../../base/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { idToBytes } from '../chord/ids.ts'
import type { Accusation } from '../members/accusations.ts'
import { HINT_DIGITS } from '../members/digest.ts'
import { voteToValue } from '../members/expulsions.ts'
import { statementToValue } from '../members/invitations.ts'
import type { SignedList } from '../members/list.ts'
import { entryToValue } from '../members/member.ts'
import { welcomeToValue } from '../members/welcomes.ts'
import type { ExpulsionVote, InvitationStatement } from '../types.ts'
import { packDead, packSigned } from './brief.ts'
import {
  type BriefRow,
  CODES,
  type RangeAnswer,
  type RingMessage,
  type RingReply,
  type RingRequest,
  VERSION,
} from './messages.ts'

export function encodeMessage(message: RingMessage): Uint8Array {
  const map = new Map<number, CborValue>([
    [0, VERSION],
    [1, CODES[message.type]],
  ])
  for (const [key, value] of fields(message)) if (value !== undefined) map.set(key, value)
  return encodeCanonical(map)
}

type Fields = [number, CborValue | undefined][]

function fields(message: RingMessage): Fields {
  return isRequest(message) ? fieldsOfRequest(message) : fieldsOfReply(message)
}

function isRequest(message: RingMessage): message is RingRequest {
  return CODES[message.type] < CODES.ok
}

function fieldsOfRequest(message: RingRequest): Fields {
  switch (message.type) {
    case 'ping':
      return []
    case 'ask-state':
      return [
        [2, message.summary],
        [3, message.seen],
      ]
    case 'ask-digests':
      return [[2, message.summary]]
    case 'notify':
    case 'ask-welcome':
      return [[2, entryToValue(message.entry)]]
    case 'push':
      return [
        [2, optionalList(message.entries.map(entryToValue))],
        [3, optionalList(message.accusations.map(accusationToValue))],
        [4, optionalVotes(message.votes)],
        [5, message.until === undefined ? undefined : hintToBytes(message.until.slice(0, HINT_DIGITS))],
        [7, optionalStatements(message.statements)],
        ...briefFields(message.brief ?? []),
      ]
    case 'reconcile':
      return [
        [2, message.ranges.map(({ range, fingerprint }) => [range, fingerprint])],
        [3, message.statements],
      ]
    case 'ask-statements':
      return [[2, [...message.marks]]]
    case 'ask-page':
      return [
        [2, entryToValue(message.entry)],
        [3, optionalBytes(message.after)],
        [4, message.recent],
        [5, message.bare],
      ]
    case 'compare':
      return [
        [2, [...message.buckets]],
        [3, message.pairs.map(({ id, incarnation }) => [idToBytes(id), incarnation])],
        [4, message.hints?.map(hintToBytes)],
      ]
    case 'find':
      return [
        [2, idToBytes(message.key)],
        [3, message.shortCut],
        [4, message.proof],
      ]
  }
}

function fieldsOfReply(message: RingReply): Fields {
  switch (message.type) {
    case 'ok':
      return []
    case 'ranges':
      return [
        [2, message.answers.map(answerToValue)],
        [3, message.statements],
      ]
    case 'statements':
      return [
        [2, message.statements.map(statementToValue)],
        [3, [...message.wanted]],
      ]
    case 'unchanged':
      return [
        [2, message.member],
        [3, message.busy],
        [4, message.summary],
      ]
    case 'state':
      return [
        [2, message.member],
        [3, message.busy],
        [4, idToBytes(message.id)],
        [5, optionalBytes(message.predecessor)],
        [6, message.successors.map(idToBytes)],
        [7, message.summary],
        [8, message.entries.map(entryToValue)],
        [9, message.stamp],
      ]
    case 'page':
      return [
        [2, message.member],
        [3, entryToValue(message.self)],
        [4, message.entries.map(entryToValue)],
        [5, optionalBytes(message.next)],
        [6, optionalVotes(message.votes)],
      ]
    case 'digests':
      return [[2, message.digests]]
    case 'compared':
      return [
        [2, message.entries.map(entryToValue)],
        [3, message.wanted.map(idToBytes)],
      ]
    case 'welcome':
      return [[2, message.welcome === undefined ? undefined : welcomeToValue(message.welcome)]]
    case 'directions':
      return [
        [2, message.way.map(idToBytes)],
        [3, message.owners.map(idToBytes)],
        [4, optionalBytes(message.predecessor)],
        [5, message.entry === undefined ? undefined : entryToValue(message.entry)],
        [6, message.list === undefined ? undefined : listToValue(message.list)],
      ]
  }
}

function answerToValue(answer: RangeAnswer): CborValue {
  if (answer.kind === 'same') return true
  if (answer.kind === 'split') return answer.fingerprints
  return answer.marks.map(({ hint, incarnation }) => [hintToBytes(hint), incarnation])
}

function hintToBytes(hint: string): Uint8Array {
  return fromHex(hint)
}

function listToValue({ at, successors, signature }: SignedList): CborValue {
  return [at, successors.map(idToBytes), signature]
}

function accusationToValue({ accused, incarnation, signer, signature }: Accusation): CborValue {
  return [idToBytes(accused), incarnation, signer, signature]
}

function briefFields(rows: readonly BriefRow[]): Fields {
  const signed = rows.flatMap((row) => (row.status === 'dead' ? [] : [row]))
  const dead = rows.flatMap((row) => (row.status === 'dead' ? [packDead(row)] : []))
  return [
    [8, signed.length === 0 ? undefined : packSigned(signed)],
    [9, optionalList(dead)],
  ]
}

function optionalList(values: readonly CborValue[]): CborValue | undefined {
  return values.length === 0 ? undefined : values
}

function optionalVotes(votes: readonly ExpulsionVote[] = []): CborValue | undefined {
  return votes.length === 0 ? undefined : votes.map(voteToValue)
}

function optionalStatements(statements: readonly InvitationStatement[] = []): CborValue | undefined {
  return statements.length === 0 ? undefined : statements.map(statementToValue)
}

function optionalBytes(id: RingId | undefined): Uint8Array | undefined {
  return id === undefined ? undefined : idToBytes(id)
}
