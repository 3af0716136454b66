/** Turns what the rooms know into the plain JSON of the status API. */
import type { PeerId } from '../base/index.ts'
import type { ChunkChains, ChunkChainView, VerifyReport } from '../chunk-chains/index.ts'
import type { ChunkEntry, Chunks, ReplicaReply, RingRead, SignedEntry } from '../chunks/index.ts'
import { peerIdFromPublicKey } from '../crypto/index.ts'
import {
  addressText,
  Class,
  classToText,
  type Name,
  nameToText,
  type Question,
  rcodeToText,
  rdataToText,
  recordToText,
  rrsetToRecords,
  Type,
  typeToText,
} from '../dns/index.ts'
import {
  type Certificate,
  type Content,
  type Delegated,
  type Finding,
  isDelegation,
  type Prefix,
  whatWasSeen,
} from '../evidence/index.ts'
import type { ChunkReadView, ChunkView, LookupView, RingView, StepView, VerifyView } from '../observe/index.ts'
import type { Resolution, ResolveStep } from '../resolver/index.ts'
import type { Ring } from '../ring/index.ts'

export function questionText(question: Question): string {
  const kind = question.class === Class.IN ? '' : `${classToText(question.class)} `
  const type = isDelegation(question) ? 'delegation' : typeToText(question.type)
  return `${nameToText(question.name)} ${kind}${type}`
}

export function viewLookup(
  question: Question,
  resolution: Resolution,
  steps: readonly ResolveStep[],
  elapsedMs: number,
  now: number,
): LookupView {
  return {
    question: questionText(question),
    rcode: rcodeToText(resolution.rcode),
    answers: resolution.answers.map(recordToText),
    authorities: resolution.authorities.map(recordToText),
    security: resolution.security,
    provenance: resolution.provenance ?? null,
    ede: resolution.ede.map(({ code, text }) => ({ code, text: text ?? '' })),
    findings: resolution.findings.map((finding) => viewFinding(finding, now)),
    steps: steps.map(viewStep),
    elapsedMs,
  }
}

function viewFinding(finding: Finding, now: number): LookupView['findings'][number] {
  const { evidence } = finding
  return {
    question: questionText(finding.question),
    security: evidence.security,
    provenance: evidence.provenance,
    observers: [...evidence.observers],
    ...viewEyes(evidence.certificate, finding.question),
    ttl: Math.max(0, Math.round((finding.expires - now) / 1000)),
  }
}

export function viewStep(step: ResolveStep): StepView {
  const base = { kind: step.kind, question: questionText(step.question) }
  switch (step.kind) {
    case 'local':
    case 'ledger':
    case 'kept':
      return { ...base, text: step.detail }
    case 'cache':
      return { ...base, text: `${step.what}: ${step.detail}` }
    case 'query':
      return {
        ...base,
        text: step.serverName === undefined ? step.result : `${nameToText(step.serverName)}: ${step.result}`,
        elapsedMs: step.elapsedMs,
        server: `${step.server.address}#${step.server.port}`,
        zone: nameToText(step.zone),
        protocol: step.protocol,
      }
    case 'validate':
      return { ...base, text: step.verdict, zone: nameToText(step.zone) }
    case 'ring':
      return { ...base, text: step.outcome, elapsedMs: step.elapsedMs, replies: step.replies.map(viewReply) }
    case 'winner':
      return { ...base, text: `answered by ${step.by}`, elapsedMs: step.elapsedMs }
    case 'told':
      return { ...base, text: 'told the replicas the question' }
  }
}

function viewReply(reply: ReplicaReply): NonNullable<StepView['replies']>[number] {
  const { peer, elapsedMs, word } = reply
  const detail = (): string => {
    switch (word.kind) {
      case 'certificate':
        return `signed by ${word.signers}`
      case 'vote':
        return `sees ${word.digest.slice(0, 16)}`
      case 'not-mine':
        return `believes in ${word.believes.join(', ')}`
      case 'discarded':
      case 'failed':
        return word.reason
      case 'proof':
      case 'unknown':
        return ''
    }
  }
  return { peer, elapsedMs, said: word.kind, detail: detail() }
}

/** What a node knows of members beside what the ring says of them. */
export interface KnownOfMembers {
  /** What a box of a household is called. */
  readonly nameOf?: (peer: PeerId) => string | undefined
  /** How long it takes to reply. */
  readonly replyMs?: (peer: PeerId) => number | undefined
}

export function viewRing(
  ring: Ring,
  turnedAway?: RingView['turnedAway'],
  { nameOf, replyMs }: KnownOfMembers = {},
): RingView {
  const status = ring.status()
  const suspects = new Set<string>(status.suspects)
  return {
    ringId: ring.ringId,
    joined: status.joined,
    id: status.self.id,
    predecessor: status.predecessor ?? null,
    successors: [...status.successors],
    members: status.members.map((member) => ({
      id: member.id,
      peer: member.peer,
      addresses: [...member.addresses],
      status: member.status,
      self: member.id === status.self.id,
      suspect: suspects.has(member.id),
      ...named(nameOf?.(member.peer)),
      invitedBy: ring.invitations.inviterOf(member.publicKey) ?? null,
      ...timeOf(replyMs?.(member.peer)),
    })),
    largest: status.largest,
    n: status.n,
    expulsions: status.expulsions.map((one) => ({ ...one, voters: [...one.voters] })),
    invitations: ring.invitations.list().map((one) => ({ ...one, machines: [...one.machines] })),
    ...(turnedAway !== undefined && { turnedAway }),
  }
}

function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name }
}

function timeOf(ms: number | undefined): { readonly replyMs?: number } {
  return ms === undefined ? {} : { replyMs: Math.round(ms * 10) / 10 }
}

export function viewChunk(chunks: Chunks, chains: ChunkChains | undefined, name: Name, now: number): ChunkView {
  const view = chunks.view(name)
  return {
    name: nameToText(name),
    chunk: view.chunk,
    key: view.key,
    n: view.n,
    replicas: view.replicas.map((one) => ({ ...one })),
    chain: chains === undefined ? null : viewChain(chains.view(view.chunk)),
    entries: [...view.entries, ...view.signed].map((entry) => ({
      question: questionText(entry.question),
      records: contentRecords(entry.outcome),
      expiresInSeconds: Math.max(0, Math.round((entry.expires - now) / 1000)),
      ...viewRecord(chains, entry),
      ...(entry.class === 'signed' ? { observers: [], networks: [] } : viewObservers(entry)),
    })),
  }
}

/** What a read of one question brought from its replicas; undefined: nothing that suffices. */
export function viewRead(question: Question, read: RingRead, now: number): ChunkReadView[number] | undefined {
  const shown = (outcome: Content, expires: number, kind: string, certificate: Certificate | undefined) => ({
    question: questionText(question),
    records: contentRecords(outcome),
    expiresInSeconds: Math.max(0, Math.round((expires - now) / 1000)),
    class: kind,
    ...viewObservers({ certificate, question }),
  })
  if (read.kind === 'accepted') {
    const { outcome, evidence, expires } = read.finding
    const { security, provenance, certificate } = evidence
    return shown(outcome, expires, security === 'secure' ? security : provenance, certificate)
  }
  if (read.kind !== 'divergent') return undefined
  const { certificate, expires, apex } = read.divergence
  return shown({ kind: 'divergent', apex, proofs: [] }, expires, 'divergent', certificate)
}

function viewObservers({ certificate, question }: { certificate?: Certificate | undefined; question: Question }) {
  const { observations, networks } = viewEyes(certificate, question)
  return { observers: observations.map(({ observer, ...rest }) => ({ peer: observer, ...rest })), networks }
}

/** Who looked, when, and what each saw where not all saw the same. */
function viewEyes(certificate: Certificate | undefined, question: Question) {
  if (certificate === undefined) return { observations: [], networks: [] }
  const { sets, prefixes } = whatWasSeen(certificate, question)
  const observations = certificate.observations.map((one, i) => ({
    observer: peerIdFromPublicKey(one.observer),
    when: one.when,
    ttl: one.ttl,
    saw: sets[i]?.rdatas.map((rdata) => rdataToText(sets[i]!.type, rdata)) ?? [],
  }))
  return {
    observations,
    networks: prefixes.map(({ prefix, count }) => ({ network: networkText(prefix), observers: count })),
  }
}

/** `203.0.113.0/24`, `2001:db8:1::/48`, or an alias. */
function networkText({ type, bytes }: Prefix): string {
  if (type !== Type.A && type !== Type.AAAA) return rdataToText(type, bytes)
  const address = new Uint8Array(type === Type.A ? 4 : 16)
  address.set(bytes)
  return `${addressText(address)}/${8 * bytes.length}`
}

function viewRecord(chains: ChunkChains | undefined, entry: ChunkEntry | SignedEntry) {
  const recorded = chains?.recorded(entry)
  const block = recorded === undefined ? null : { chain: recorded.chain, height: recorded.height, time: recorded.time }
  return { class: entry.class, block }
}

function viewChain(view: ChunkChainView): ChunkView['chain'] {
  return {
    ...view,
    chain: view.chain ?? null,
    previous: view.previous ?? null,
    blocks: view.blocks.map((block) => ({
      ...block,
      transactions: block.transactions.map(({ kind, question }) => ({ kind, question: questionText(question) })),
    })),
  }
}

export function viewVerify(report: VerifyReport): VerifyView {
  return { ...report, chains: { ...report.chains }, faults: report.faults.map((fault) => ({ ...fault })) }
}

export function contentRecords(outcome: Content): string[] {
  if (outcome.kind === 'rrset') return rrsetToRecords(outcome.rrset, { signatures: true }).map(recordToText)
  if (outcome.kind === 'divergent') return ['; the answer depends on where one asks']
  if (outcome.kind === 'delegation') return delegationRecords(outcome)
  const soa = outcome.soa === undefined ? [] : rrsetToRecords(outcome.soa, { signatures: true }).map(recordToText)
  return [`; ${outcome.rcode === 3 ? 'the name does not exist' : 'the type does not exist'}`, ...soa]
}

function delegationRecords({ zone, nameServers, ds, ttl, glue }: Delegated): string[] {
  const ns = {
    name: zone,
    type: Type.NS,
    class: Class.IN,
    ttl,
    rdatas: nameServers.map((one) => one.wire),
    signatures: [],
  }
  const addresses = glue.flatMap((one) => one.addresses.map((rdata) => `${nameToText(one.name)} ${addressText(rdata)}`))
  const sets = ds === undefined ? [ns] : [ns, ds]
  return [...sets.flatMap((set) => rrsetToRecords(set).map(recordToText)), ...addresses.map((text) => `; glue ${text}`)]
}
