/** Signed answers on a chain: recorded if they prove themselves, by the transaction alone, at every replica alike. */
import { describe, expect, it } from 'vitest'
import { type BlockContent, stateRoot } from '../../../src/chain/index.ts'
import { limits } from '../../../src/chunk-chains/limits.ts'
import { chunkApplication, transactionFor } from '../../../src/chunk-chains/state/application.ts'
import { replicaGroup } from '../../../src/chunk-chains/state/descriptor.ts'
import { encodeLink } from '../../../src/chunk-chains/state/links.ts'
import { rememberingVerifier, verifySigned } from '../../../src/chunk-chains/state/signed.ts'
import { recordedEntry, signingFor } from '../../../src/chunk-chains/state/signing.ts'
import {
  type ChunkState,
  encodeState,
  readState,
  recordedIn,
  signedTotalsOf,
} from '../../../src/chunk-chains/state/state.ts'
import {
  type ChunkTransaction,
  decodeTransaction,
  encodeTransaction,
  type SigningTransaction,
} from '../../../src/chunk-chains/state/transactions.ts'
import { examine } from '../../../src/chunks/entries/examine.ts'
import type { ChunkEntry, SignedEntry } from '../../../src/chunks/index.ts'
import { ed25519, ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { memberId } from '../../chunks/ring-parts.ts'
import { answer, ask, paper } from '../../chunks/world.ts'
import { NOW as NOW_SECONDS } from '../../dnssec/internet.ts'
import { signedNames, signedWorld, unsigned } from '../signed-world.ts'
import { CHUNK, CHUNK_BITS } from '../world.ts'

const NOW = NOW_SECONDS * 1_000
const HOUR = 3_600_000
const DAY = 86_400
const signers = Array.from({ length: 3 }, (_, i) => ed25519Signer(sha256(Uint8Array.of(0xab, i))))
const members = signers.map(({ publicKey }) => ({ id: memberId(publicKey, new Uint8Array()), publicKey }))
const group = replicaGroup('world', { first: CHUNK, count: 1 }, 3, members)
const [question, other] = signedNames as [Question, Question]
const first = signedWorld(1, NOW_SECONDS - DAY)
const later = signedWorld(2, NOW_SECONDS - DAY / 2)
const resigned = signedWorld(1, NOW_SECONDS - DAY / 4)
/** Its signatures end in two hours. */
const ending = signedWorld(1, NOW_SECONDS - 14 * DAY + 7_200)
const strange = signedWorld(66, NOW_SECONDS - DAY)
const anchors = [first, later, resigned, ending].flatMap((one) => one.anchors)
const application = chunkApplication(group, CHUNK_BITS, { scheme: ed25519, verifySigned, anchors: () => anchors })

function content(transactions: readonly Uint8Array[], time = NOW, height = 1): BlockContent {
  return { height, time, transactions, proposer: new Uint8Array(32), extension: new Uint8Array() }
}

/** What the proposer makes of an entry. */
function signing(entry: SignedEntry, state = application.initial(), at = NOW): SigningTransaction {
  const trusted = entry.outcome.kind === 'rrset' ? [...anchors, ...strange.anchors] : anchors
  for (const anchor of trusted) {
    const transaction = signingFor(state, entry, [anchor], at)
    if (typeof transaction === 'object') return transaction
  }
  throw new Error('not to be recorded')
}

function applied(state: ChunkState, transaction: ChunkTransaction, time = NOW): ChunkState | string {
  const block = content([encodeTransaction(transaction)], time)
  return application.apply(state, block)?.state ?? application.fault(state, block)!
}

function recorded(state: ChunkState, transaction: ChunkTransaction, time = NOW): ChunkState {
  const next = applied(state, transaction, time)
  if (typeof next === 'string') throw new Error(next)
  return next
}

const entry = (world = first, of = question, expires = NOW + 300_000) => world.entry(of, expires)
const start = application.initial()

/** An entry that the replicas agreed on. */
function agreed(outcome: Outcome, when = NOW): ChunkEntry {
  const observations = signers.map((signer) => paper(signer, question, outcome, when, { when }))
  const certificate = { kind: 'agreed' as const, observations, contents: [] }
  const context = {
    ringId: 'world',
    chunk: CHUNK,
    question,
    n: 3,
    replicas: members.map(({ publicKey }) => ({ peer: '' as never, publicKey })),
    scheme: ed25519,
    policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
  } as const
  const result = examine(certificate, outcome, context, when)
  if (!result.ok) throw new Error(result.reason)
  return result.entry
}

describe('a signed answer on a chain', () => {
  it('is recorded with the chain of trust that proves it, and comes back from the bytes', () => {
    const transaction = signing(entry())
    expect(decodeTransaction(encodeTransaction(transaction))).toEqual(transaction)
    const state = recorded(start, transaction)
    expect(recordedIn(state, question)).toMatchObject({
      class: 'signed',
      seen: (NOW_SECONDS - DAY) * 1_000,
      expires: (NOW_SECONDS + 13 * DAY) * 1_000,
    })
    const back = recordedEntry(state, transaction)!
    expect(back.outcome).toMatchObject({ kind: 'rrset' })
    expect(back.links.map((link) => encodeLink(link))).toEqual(first.links(question).map((link) => encodeLink(link)))
    expect(back.expires).toBe(NOW + 300_000)
  })

  it('carries links once: the next one of the chain names them by their hashes', () => {
    const one = encodeTransaction(signing(entry()))
    const state = recorded(start, signing(entry()))
    const next = signing(entry(first, other), state)
    const two = encodeTransaction(next)
    expect(next.proof.links.every((link) => link.length === 32)).toBe(true)
    expect(one.length).toBeGreaterThan(1_300)
    expect(two.length).toBeLessThan(600)
    const both = recorded(state, next)
    expect(signedTotalsOf(both)).toEqual({ bytes: one.length + two.length, links: 5 })
    expect(recordedEntry(both, next)?.links).toHaveLength(5)
    // A chain that does not have them cannot take it.
    expect(applied(start, next)).toMatch(/link that the chain does not have/)
  })

  it('is in the snapshot, links and all', () => {
    const state = recorded(start, signing(entry()))
    const copy = readState(encodeState(state))
    expect(stateRoot(copy)).toEqual(stateRoot(state))
    expect(recorded(copy, signing(entry(first, other), copy))).toBeDefined()
  })

  it('is written in one form, whatever TTLs and order its links came with', () => {
    const turned = entry().links.map(({ question: of, outcome }) => {
      if (outcome.kind !== 'rrset') throw new Error(outcome.kind)
      const rdatas = [...outcome.rrset.rdatas].reverse()
      return { question: of, outcome: { ...outcome, rrset: { ...outcome.rrset, rdatas, ttl: 17 } } }
    })
    expect(encodeTransaction(signing({ ...entry(), links: turned }))).toEqual(encodeTransaction(signing(entry())))
  })

  it.each<[string, (transaction: SigningTransaction) => ChunkTransaction, number, RegExp]>([
    ['that nobody signed', (one) => ({ ...one, outcome: unsigned(question) }), NOW, /not proven to be signed|expired/],
    ['of another content', (one) => ({ ...one, outcome: altered(one.outcome) }), NOW, /not proven to be signed/],
    [
      'of another anchor',
      (one) => withProof(one, { anchor: signing(entry(strange)).proof.anchor }),
      NOW,
      /bogus|signed/,
    ],
    ['with a link missing', (one) => withProof(one, { links: one.proof.links.slice(1) }), NOW, /link .* is missing/],
    ['served for longer than its TTL', (one) => withProof(one, { until: NOW + 300_001 }), NOW, /longer than its TTL/],
    ['that has expired', (one) => one, NOW + 300_000, /expired/],
    ['checked after its block', (one) => one, NOW - 1, /after its block/],
    [
      'checked too long before its block',
      (one) => withProof(one, { at: NOW - limits.SIGNED_LATE_MS - 1 }),
      NOW,
      /too long before/,
    ],
    ['of a name of another chunk', (one) => ({ ...one, question: elsewhere }), NOW, /another chunk/],
  ])('is refused: one %s', (_, change, time, reason) => {
    expect(applied(start, change(signing(entry())), time)).toMatch(reason)
  })

  it('takes the place of what was signed earlier, never of what was signed later, and not of itself', () => {
    const state = recorded(start, signing(entry()))
    expect(applied(state, { ...signing(entry()), old: recordedIn(state, question)!.digest })).toMatch(
      /recorded already/,
    )
    expect(signingFor(state, entry(), anchors, NOW)).toBeUndefined()
    const next = recorded(state, signing(entry(later), state))
    expect(recordedIn(next, question)!.seen).toBe((NOW_SECONDS - DAY / 2) * 1_000)
    const back = { ...signing(entry()), old: recordedIn(next, question)!.digest }
    expect(applied(next, back)).toMatch(/not signed later/)
  })

  it('is not recorded again whenever it is signed anew, but when its signatures are about to end', () => {
    const state = recorded(start, signing(entry()))
    expect(signingFor(state, entry(resigned), resigned.anchors, NOW)).toBeUndefined()
    const old = recorded(start, signing(entry(ending)))
    const again = signingFor(old, entry(resigned), resigned.anchors, NOW)
    expect(recordedIn(recorded(old, again as SigningTransaction), question)!.seen).toBe((NOW_SECONDS - DAY / 4) * 1_000)
  })

  it('goes before what was agreed on, which comes back when its signatures have ended', () => {
    const vote = agreed(answer(question, [9]))
    const voted = recorded(start, transactionFor(start, vote)!)
    const state = recorded(voted, signing(entry(ending), voted))
    expect(recordedIn(state, question)!.class).toBe('signed')
    expect(transactionFor(state, agreed(answer(question, [9]), NOW + HOUR))).toBeUndefined()
    const old = recordedIn(state, question)!.digest
    const { certificate, outcome } = agreed(answer(question, [9]), NOW + HOUR)
    expect(applied(state, { kind: 'update', question, old, certificate, outcome }, NOW + HOUR)).toMatch(
      /needs no votes/,
    )
    const end = NOW + 2 * HOUR
    const late = agreed(answer(question, [9]), end + 1)
    expect(recordedIn(recorded(state, transactionFor(state, late)!, end + 2), question)!.class).toBe('agreed')
  })

  it('is voted for by those only who trust its anchor; whoever does not takes it when the others have decided it', () => {
    const transaction = encodeTransaction(signing(entry(strange)))
    expect(application.votesFor!(content([transaction]))).toBe(false)
    expect(application.admits(start, transaction)).toBe(false)
    expect(application.apply(start, content([transaction]))).toBeDefined()
    expect(application.votesFor!(content([encodeTransaction(signing(entry()))]))).toBe(true)
    expect(application.admits(start, encodeTransaction(signing(entry())))).toBe(true)
  })

  it('takes half of a chain at most, so that room is left for what is agreed on', () => {
    const bytes = encodeTransaction(signing(entry())).length
    const full = limits.MAX_CHAIN_SIGNED_BYTES - bytes + 1
    const state = recorded(start, signing(entry()))
    const crowded = readState(encodeState(state))
    expect(full).toBeGreaterThan(0)
    expect(signedTotalsOf(crowded).bytes).toBe(bytes)
    expect(limits.MAX_CHAIN_SIGNED_BYTES).toBeLessThanOrEqual(limits.MAX_CHAIN_BYTES / 2)
  })

  it('is checked once, whoever brings it, and each check is counted', () => {
    let checks = 0
    const verify = rememberingVerifier(16, (count) => {
      checks += count
    })
    const { outcome, proof } = signing(entry())
    const claim = { question, outcome, anchor: proof.anchor, at: proof.at, links: first.links(question) }
    expect(verify(claim)).toMatchObject({ ok: true })
    // The answer; the keys of three zones, and two DS sets.
    expect(checks).toBe(6)
    expect(verify(claim)).toMatchObject({ ok: true })
    expect(checks).toBe(6)
    expect(verify({ ...claim, outcome: altered(outcome) })).toMatchObject({ ok: false })
    expect(checks).toBeLessThanOrEqual(12)
  })
})

const elsewhere: Question = ask('elsewhere.example.com')

function withProof(transaction: SigningTransaction, change: Partial<SigningTransaction['proof']>): SigningTransaction {
  return { ...transaction, proof: { ...transaction.proof, ...change } }
}

function altered(outcome: Outcome): Outcome {
  if (outcome.kind !== 'rrset') throw new Error(outcome.kind)
  return { ...outcome, rrset: { ...outcome.rrset, rdatas: [Uint8Array.of(203, 0, 113, 66)] } }
}
