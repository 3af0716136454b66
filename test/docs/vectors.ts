/** The vectors of docs/protocol.md, made by the code that speaks the protocol, from fixed keys and times. */
import { asChunkId, asPeerId, BulkKind, fromHex, toHex } from '../../src/base/index.ts'
import { Rank } from '../../src/cache/index.ts'
import { emptyStateMap, stateGet } from '../../src/chain/index.ts'
import { encodeChainsRequest } from '../../src/chunk-chains/run/messages.ts'
import { type ChainDescriptor, chainIdOf, groupKey, replicaGroup } from '../../src/chunk-chains/state/descriptor.ts'
import { encodeLink, linkHash } from '../../src/chunk-chains/state/links.ts'
import { signingFor } from '../../src/chunk-chains/state/signing.ts'
import { withLink, withRecord } from '../../src/chunk-chains/state/state.ts'
import { encodeTransaction, type SigningTransaction, stateKey } from '../../src/chunk-chains/state/transactions.ts'
import { hintOf, markToValue, signMark } from '../../src/chunks/copies/mark.ts'
import { encodePopularRequest } from '../../src/chunks/copies/messages.ts'
import { keyOfPlace } from '../../src/chunks/copies/places.ts'
import { buildDigest } from '../../src/chunks/digests/digest.ts'
import { tagOf } from '../../src/chunks/entries/order.ts'
import { chunkOf, keyOfChunk, type SignedEntry } from '../../src/chunks/index.ts'
import {
  encodeChangesReply,
  encodeChangesRequest,
  encodeDigestReply,
  encodeDigestRequest,
} from '../../src/chunks/wire/digest-messages.ts'
import { encodeReply, encodeRequest } from '../../src/chunks/wire/messages.ts'
import { encodePull, pullMark } from '../../src/chunks/wire/pull-messages.ts'
import { questionKey } from '../../src/chunks/wire/question-key.ts'
import { ed25519Signer, encodeCanonical, peerIdFromPublicKey, sha256 } from '../../src/crypto/index.ts'
import { type Name, parseName, type Question, type RRset, Type } from '../../src/dns/index.ts'
import {
  type Certificate,
  commitTo,
  contentDigest,
  delegationQuestion,
  encodeObservation,
  encodeOutcome,
  type Outcome,
  type ProofLink,
  signObservation,
} from '../../src/evidence/index.ts'
import { encodeMessage as encodeHousehold, encodeRow } from '../../src/household/rows.ts'
import { encodeBulkFrame } from '../../src/io/streams/bulk-frames.ts'
import { encodePeerFrame, PeerFrameKind } from '../../src/io/streams/peer-frames.ts'
import { encodeClaim, pskDoorkeeper, signClaim, signInvitation, signRevocation } from '../../src/ring/index.ts'
import { TableDigest } from '../../src/ring/members/digest.ts'
import { signVote } from '../../src/ring/members/expulsions.ts'
import { signUse, statementToValue } from '../../src/ring/members/invitations.ts'
import { memberId, signEntry } from '../../src/ring/members/member.ts'
import { signWelcome } from '../../src/ring/members/welcomes.ts'
import type { MemberEntry } from '../../src/ring/types.ts'
import { encodeMessage as encodeRingMessage } from '../../src/ring/wire/encode.ts'
import { signChange } from '../../src/settings/change.ts'
import { tellings } from '../../src/settings/wire.ts'
import { signRRset } from '../dnssec/signer.ts'
import { keyFrom } from '../dnssec/signing-keys.ts'
import { applicationVectors } from './application-vectors.ts'
import { claimVectors } from './claim-vectors.ts'
import { ledgerVectors } from './ledger-vectors.ts'
import { lifeVectors } from './life-vectors.ts'
import { nameVectors } from './name-vectors.ts'
import { stateVectors } from './state-vectors.ts'

const text = (value: string) => new TextEncoder().encode(value)
const signer = ed25519Signer(sha256(text('chordns protocol vector')))
const question: Question = { name: parseName('www.example.com'), type: Type.A, class: 1 }
const outcome: Outcome = {
  kind: 'rrset',
  apex: parseName('example.com'),
  proofs: [],
  rrset: {
    name: question.name,
    type: Type.A,
    class: 1,
    ttl: 300,
    rdatas: [Uint8Array.of(192, 0, 2, 1)],
    signatures: [],
  },
}
const chunk = chunkOf(question.name, 8)
const markAt = (at: number) => pullMark(questionKey(question), at, tagOf(question, outcome))
const observation = signObservation(
  {
    ringId: 'home',
    chunk: asChunkId(chunk),
    question,
    apex: outcome.apex,
    digest: contentDigest(question, outcome),
    ttl: 300,
    when: 1_800_000_000_000,
    nonce: new Uint8Array(16).fill(1),
    start: 'parent',
  },
  signer,
)

function hello(): Record<string, string> {
  const random = (fill: number) => ({ bytes: (length: number) => new Uint8Array(length).fill(fill), below: () => 0 })
  const door = (fill: number) =>
    pskDoorkeeper({
      ringId: 'home',
      secret: new Uint8Array(32).fill(7),
      random: random(fill),
      versions: { lowest: 1, highest: 1 },
      constants: { chunkBits: 8, replicas: 2 },
    })
  const [alice, bob] = [asPeerId('alice'), asPeerId('bob')]
  const dialer = door(0xaa).hello(alice, bob, 'dialer')
  const listener = door(0xbb).hello(bob, alice, 'listener')
  const first = dialer.opening()!
  const second = listener.receive(first).send!
  const third = dialer.receive(second).send!
  return { 'hello 1': toHex(first), 'hello 2': toHex(second), 'hello 3': toHex(third) }
}

function fingerprintOf(entry: MemberEntry): Uint8Array {
  const digest = new TableDigest()
  digest.set(entry.id, entry, 0, 0)
  return digest.fingerprint('')
}

function welcomes(): Record<string, string> {
  const row = { salt: new Uint8Array(), addresses: ['/memory/1'], status: 'alive' as const }
  const entry = signEntry('home', signer, { ...row, incarnation: 1_800_000_000_000 })
  const welcome = signWelcome('home', signer, signer.publicKey, 1_800_000_000_000)
  return {
    'ask-welcome, by the key above at /memory/1, incarnation 1,800,000,000,000': toHex(
      encodeRingMessage({ type: 'ask-welcome', entry }),
    ),
    'push with a vote of the key above about the key of 32 times 09, at 1,800,000,000,000': toHex(
      encodeRingMessage({
        type: 'push',
        entries: [],
        accusations: [],
        votes: [signVote('home', signer, new Uint8Array(32).fill(9), 1_800_000_000_000)],
      }),
    ),
    'reconcile of everything, with the fingerprint of one row': toHex(
      encodeRingMessage({ type: 'reconcile', ranges: [{ range: '', fingerprint: fingerprintOf(entry) }] }),
    ),
    'ranges: the same, and one row': toHex(
      encodeRingMessage({
        type: 'ranges',
        answers: [
          { kind: 'same' },
          { kind: 'rows', marks: [{ hint: entry.id.slice(0, 16), incarnation: entry.incarnation }] },
        ],
      }),
    ),
    'push of the row above in short, and as if its own signature accused it, to be told on to everybody': toHex(
      encodeRingMessage({
        type: 'push',
        entries: [],
        accusations: [],
        until: entry.id,
        brief: [
          {
            hint: entry.id.slice(0, 12),
            incarnation: entry.incarnation,
            status: 'alive',
            signature: entry.signatures[0]!.signature,
          },
          {
            hint: entry.id.slice(0, 16),
            incarnation: entry.incarnation,
            status: 'dead',
            accusers: [{ hint: entry.id.slice(0, 16), signature: entry.signatures[0]!.signature }],
          },
        ],
      }),
    ),
    'welcome by the key above for itself, at 1,800,000,000,000': toHex(encodeRingMessage({ type: 'welcome', welcome })),
  }
}

function popularNames(name: Name): Record<string, string> {
  const hint = hintOf(name)
  const mark = signMark('home', signer, { hint, level: 2, at: 1_800_000_000 })
  const known = [{ hint, at: mark.at }]
  return {
    'mark of that name by the key above, at level 2': toHex(encodeCanonical(markToValue(mark))),
    'that were learned lately, of a member that reads 1,000 a day and knows that one': toHex(
      encodePopularRequest({ readsADay: 1_000, after: undefined, known }),
    ),
    'key of the place of copy 3 of that name at level 2 in epoch 1,000,000, first attempt': keyOfPlace(
      { hint, level: 2, number: 3, epoch: 1_000_000 },
      0,
    ),
  }
}

function invitations(): Record<string, string> {
  const at = 1_800_000_000_000
  const terms = { id: new Uint8Array(8).fill(3), uses: 1, at, expires: at + 86_400_000 }
  const invitation = signInvitation('home', signer, terms)
  const revocation = signRevocation('home', signer, invitation, at + 1_000)
  const claim = signClaim('home', signer, invitation)
  const machine = signer.publicKey
  const use = signUse('home', signer, { invitation, machine, claim, at: at + 2_000 })
  return {
    'for a day from 1,800,000,000,000, in a push': toHex(
      encodeRingMessage({ type: 'push', entries: [], accusations: [], statements: [revocation] }),
    ),
    'as machine and door, at 1,800,000,002,000': toHex(encodeCanonical(statementToValue(use))),
    'claim of the key above to that invitation': toHex(encodeClaim({ machine, claim })),
  }
}

const commitment = commitTo(observation, 1_800_000_000_500, signer)

const group: ChainDescriptor = {
  ...replicaGroup('home', { first: chunk, count: 1 }, 2, [
    { id: memberId(signer.publicKey, new Uint8Array()), publicKey: signer.publicKey },
  ]),
  previous: undefined,
}
const certificate: Certificate = { kind: 'agreed', observations: [observation], contents: [] }
const digest = contentDigest(question, outcome)
const STAMP = { start: 1_700_000_000_000, count: 7 }
const record = {
  class: 'agreed',
  digest,
  expires: 1_800_000_300_000,
  seen: 1_800_000_000_000,
  height: 1,
} as const

/** The zone signs with a key of its own, which is the anchor as well. */
function signings(): Record<string, string> {
  const zone = outcome.apex
  const secret = ed25519Signer(sha256(text('chordns protocol zone')))
  const key = keyFrom(15, 257, secret.publicKey, (data) => secret.sign(data))
  const term = { inception: 1_799_900_000, expiration: 1_801_000_000 }
  const signed = (set: RRset): RRset => ({ ...set, signatures: [signRRset(set, key, { ...term, signer: zone })] })
  const keys = signed({ name: zone, type: Type.DNSKEY, class: 1, ttl: 3_600, rdatas: [key.rdata], signatures: [] })
  const anchors = [{ zone, ds: [], keys: [key.rdata] }]
  const links: ProofLink[] = [
    {
      question: { name: zone, type: Type.DNSKEY, class: 1 },
      outcome: { kind: 'rrset', rrset: keys, apex: zone, proofs: [] },
    },
  ]
  const at = 1_800_000_000_000
  const entryOf = (name: string): SignedEntry => {
    const asked: Question = { name: parseName(name), type: Type.A, class: 1 }
    const set = {
      name: asked.name,
      type: Type.A,
      class: 1,
      ttl: 300,
      rdatas: [Uint8Array.of(192, 0, 2, 1)],
      signatures: [],
    }
    const answer: Outcome = { kind: 'rrset', rrset: signed(set), apex: zone, proofs: [] }
    return { question: asked, chunk, class: 'signed', outcome: answer, links, expires: at + 300_000 }
  }
  const link = encodeLink(links[0]!)!
  const first = signingFor(emptyStateMap, entryOf('www.example.com'), anchors, at) as SigningTransaction
  const next = signingFor(
    withLink(emptyStateMap, linkHash(link), link),
    entryOf('mail.example.com'),
    anchors,
    at,
  ) as SigningTransaction
  return {
    'sign, by a zone whose own key is the anchor': toHex(encodeTransaction(first)),
    'sign once more, with the keys named by their hash': toHex(encodeTransaction(next)),
  }
}

const nameServer = parseName('ns.example.com')
const householdRows = [
  encodeRow({ kind: 'answer', question, outcome, rank: Rank.AUTHORITATIVE, seconds: 300 })!,
  encodeRow({
    kind: 'delegation',
    parent: parseName('com'),
    delegation: {
      zone: parseName('example.com'),
      nameServers: [nameServer],
      addresses: new Map([[nameServer.key, ['192.0.2.53']]]),
      ds: undefined,
      proofs: [],
      ttl: 172_800,
    },
  })!,
]

const setting = signChange('home', signer, {
  key: 'record/nas.home.arpa A 192.168.1.5',
  value: '300',
  counter: 1_800_000_000_000,
})

/** Name -> hex. */
export function protocolVectors(): Readonly<Record<string, string>> {
  return {
    'public key': toHex(signer.publicKey),
    'peer id': peerIdFromPublicKey(signer.publicKey),
    'member id': memberId(signer.publicKey, new Uint8Array()),
    'chunk key': keyOfChunk(chunk, 8),
    frame: toHex(encodePeerFrame({ id: 1, kind: PeerFrameKind.REQUEST, payload: Uint8Array.of(1, 2, 3) })),
    'bulk frame': toHex(encodeBulkFrame({ kind: BulkKind.GRANT, payload: Uint8Array.of(1) })),
    ...hello(),
    ...welcomes(),
    ...invitations(),
    'ring ping': toHex(encodeRingMessage({ type: 'ping' })),
    read: toHex(encodeRequest({ kind: 'read', question })),
    'changes of digests request': toHex(encodeChangesRequest(STAMP)),
    'changes of digests': toHex(
      encodeChangesReply({
        stamp: STAMP,
        rows: [[asChunkId(chunk), { bits: buildDigest([questionKey(question)])!.bits }]],
      }),
    ),
    'digest request': toHex(encodeDigestRequest([{ chunk: asChunkId(chunk), tag: new Uint8Array(8).fill(7) }])),
    'digest of one question': toHex(encodeDigestReply([{ bits: buildDigest([questionKey(question)])!.bits }])),
    ...popularNames(question.name),
    'read of a copy of level 2, for 40 reads': toHex(encodeRequest({ kind: 'read', question, level: 2, reads: 40 })),
    'read with links, of an asker who knows the keys of the root': toHex(
      encodeRequest({ kind: 'read', question, from: 0 }),
    ),
    'read that wants AAAA and HTTPS of the name as well, of which AAAA was used the last time': toHex(
      encodeRequest({ kind: 'read', question, beside: [Type.AAAA, Type.HTTPS], used: [Type.AAAA] }),
    ),
    tell: toHex(encodeRequest({ kind: 'tell', question })),
    'tell that the zone has changed': toHex(encodeRequest({ kind: 'tell', question, isChanged: true })),
    'tell of a question that a stub waits for': toHex(encodeRequest({ kind: 'tell', question, isAwaited: true })),
    round: toHex(
      encodeRequest({ kind: 'round', question, nonce: new Uint8Array(16).fill(1), attempt: 1, how: 'known' }),
    ),
    commitment: toHex(encodeReply({ kind: 'commitment', commitment })),
    'delegation question': toHex(encodeRequest({ kind: 'read', question: delegationQuestion(outcome.apex) })),
    probe: toHex(encodeRequest({ kind: 'probe', question })),
    pull: toHex(
      encodePull({ first: chunk, last: chunk, have: [markAt(1_800_000_000_000)], proofs: [markAt(1_800_000_300_000)] }),
    ),
    unknown: toHex(encodeReply({ kind: 'unknown' })),
    outcome: toHex(encodeOutcome(outcome)),
    'content digest': toHex(contentDigest(question, outcome)),
    observation: toHex(encodeObservation(observation)),
    ...ledgerVectors(signer, fromHex(memberId(signer.publicKey, new Uint8Array()))),
    ...nameVectors(signer),
    ...lifeVectors(signer),
    ...claimVectors(signer),
    ...applicationVectors(signer),
    ...stateVectors(),
    group: groupKey(group),
    'chain id': toHex(chainIdOf(group)),
    'group of the 256 chunks from 19200 on': groupKey({ ...group, chunk: asChunkId(19_200), count: 256 }),
    ask: toHex(encodeChainsRequest({ kind: 'inquire', chunk, group: fromHex(groupKey(group)) })),
    add: toHex(encodeTransaction({ kind: 'add', question, certificate, outcome })),
    ...signings(),
    remove: toHex(encodeTransaction({ kind: 'remove', question, old: digest })),
    household: toHex(encodeHousehold(householdRows)),
    setting: toHex([...tellings([setting])][0]!),
    'state record': toHex(stateGet(withRecord(emptyStateMap, question, record), stateKey(question))!),
  }
}
