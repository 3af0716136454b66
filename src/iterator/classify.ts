/** What a reply says of the question: an answer, an alias, an absence, a referral, or nothing that its server may say. */
import {
  type Delegation,
  groupRRsets,
  isSubdomain,
  type Message,
  type Name,
  type Question,
  Rcode,
  type RRset,
  sameQuestion,
  Type,
} from '../dns/index.ts'
import type { Absence, Presence } from '../evidence/index.ts'
import { dnameTarget } from './dname.ts'
import {
  type AliasStep,
  bounded,
  chainOf,
  find,
  isWildcardExpansion,
  mayState,
  proofsOf,
  referralOf,
  signerOf,
} from './scrub.ts'
import type { Asked, AtWorst, Extra, Reply } from './types.ts'

/**
 * What the reply says about the question, with everything dropped that the zone asked may not say.
 * Does not check the id: `matchReply` did that on the bytes.
 */
export function classify(message: Message, asked: Asked): Reply {
  const question = message.questions[0]
  if (question !== undefined && !sameQuestion(question, asked.question))
    return { kind: 'mismatch', why: 'other question' }
  if (message.tc) return { kind: 'truncated' }
  const { rcode } = message
  const answers = groupRRsets(message.answers)
  const { links, end } = chainOf(answers, asked)
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN && !isTooLongByDname(message, links)) {
    return { kind: 'error', rcode, edns: message.edns !== undefined }
  }
  const authorities = groupRRsets(message.authorities)
  const first = links[0]
  if (first !== undefined) return fromChain(message, first, links, end, authorities, asked)
  return fromEmpty(message, answers, authorities, asked)
}

/** RFC 6672 section 2.2: an authority's YXDOMAIN, with the DNAME that makes the name too long; it is validated like any other. */
function isTooLongByDname({ rcode, aa }: Message, links: readonly AliasStep[]): boolean {
  const last = links.at(-1)
  if (rcode !== Rcode.YXDOMAIN || !aa || last?.rrset.type !== Type.DNAME) return false
  return dnameTarget(last.owner, last.rrset.name, last.rrset.rdatas[0]!) === undefined
}

function fromChain(
  message: Message,
  first: AliasStep,
  links: readonly AliasStep[],
  end: Name,
  authorities: readonly RRset[],
  asked: Asked,
): Reply {
  const { question } = asked
  if (!message.aa && asked.role === 'authority') {
    // A parent that answers an NS question for its delegation from the answer section: still a referral.
    const referral = question.type === Type.NS ? referralFromAnswer(message, asked) : undefined
    if (referral !== undefined) return referral
  }
  const reply = chainReply(message, first, links, end, authorities, asked)
  // With RA it is some other resolver's cache speaking. Without, it is a broken authority: Unbound and BIND take it.
  return isFromCache(message, asked) ? { kind: 'lame', why: FROM_CACHE, atWorst: reply } : reply
}

const FROM_CACHE = 'answers from a cache, not with authority'

/** RFC 2181 section 5.4.1 ranks answers without authority last; it does not forbid them. */
function isFromCache({ aa, ra }: Message, { role }: Asked): boolean {
  return !aa && ra && role === 'authority'
}

function chainReply(
  message: Message,
  first: AliasStep,
  links: readonly AliasStep[],
  end: Name,
  authorities: readonly RRset[],
  asked: Asked,
): AtWorst {
  const { question } = asked
  const isWhole = links.length === 1 && end.key === first.owner.key
  const outcome = presence(first, authorities, asked, isWhole)
  const extras = links.slice(1).map(
    (link): Extra => ({
      question: { name: link.owner, type: typeOfLink(link, question.type), class: question.class },
      outcome: presence(link, authorities, asked, link === links.at(-1)),
      section: 'answer',
    }),
  )
  const last = links.at(-1)!
  if (isAlias(last, question.type)) extras.push(...endOfChain(message, end, authorities, asked))
  if (message.aa) extras.push(...apexServers(authorities, last.owner, asked))
  for (const { rrset } of links)
    if (rrset.type === Type.DNAME) extras.push(...dnameItself(rrset, question, authorities, asked))
  const authoritative = message.aa || asked.role === 'forward'
  const kind = !isAlias(first, question.type) ? 'answer' : first.rrset.type === Type.DNAME ? 'dname' : 'cname'
  return { kind, outcome, extras, authoritative }
}

/** No record that answers: a referral, an absence, or a server that does not know the zone. */
function fromEmpty(message: Message, answers: readonly RRset[], authorities: readonly RRset[], asked: Asked): Reply {
  const soa = soaFor(asked.question.name, authorities, asked)
  if (message.rcode === Rcode.NOERROR && asked.role === 'authority') {
    const delegation = referralOf(authorities, groupRRsets(message.additionals), asked)
    if (delegation !== undefined && !isDenialBeside(delegation, soa, message)) return { kind: 'referral', delegation }
  }
  const plain = (rcode: 0 | 3): AtWorst => denial(message, rcode, undefined, authorities, asked)
  if (answers.length > 0) {
    const why = 'answers something else'
    // The SOA of a denial, in the wrong section.
    const misplaced = answers.every(({ type }) => type === Type.SOA)
      ? soaFor(asked.question.name, answers, asked)
      : undefined
    if (message.aa && misplaced !== undefined) {
      const rcode = message.rcode === Rcode.NXDOMAIN ? 3 : 0
      return { kind: 'lame', why, atWorst: denial(message, rcode, misplaced, authorities, asked) }
    }
    // A for AAAA: the name is there, and what was asked for is not (RFC 4074 section 4.1, RFC 1034 section 4.3.2).
    return message.aa && isOtherType(message, answers, asked)
      ? { kind: 'lame', why, atWorst: plain(0) }
      : { kind: 'lame', why }
  }
  if (soa === undefined && asked.role === 'authority' && refersUp(authorities, asked))
    return { kind: 'lame', why: 'refers upwards' }
  const rcode = message.rcode === Rcode.NXDOMAIN ? 3 : 0
  const isOwn = message.aa || asked.role === 'forward'
  if (!isOwn && !isDenialWithoutAa(message, soa, authorities))
    return lameDenial(message, rcode, soa, authorities, asked)
  if (soa === undefined && authorities.some((rrset) => rrset.type === Type.SOA))
    return { kind: 'lame', why: 'speaks for another zone', atWorst: plain(rcode) }
  return denial(message, rcode, soa, authorities, asked)
}

function denial(
  message: Message,
  rcode: 0 | 3,
  soa: RRset | undefined,
  authorities: readonly RRset[],
  asked: Asked,
): AtWorst {
  const isOwn = message.aa || asked.role === 'forward'
  const outcome = absence(rcode, asked.question.name, soa, authorities, asked)
  const extras = message.aa ? apexServers(authorities, asked.question.name, asked) : []
  return { kind: rcode === 3 ? 'nxdomain' : 'nodata', outcome, extras, ...(!isOwn && { authoritative: false }) }
}

/**
 * With a SOA the name servers in a reply are no referral (RFC 2308 section 2.2). Where it is the parent's SOA, and the reply is without
 * authority, the parent only shows who it is: the child has to be asked.
 */
function isDenialBeside({ zone }: Delegation, soa: RRset | undefined, { aa }: Message): boolean {
  return soa !== undefined && (aa || isSubdomain(soa.name, zone))
}

/** Records of the name itself, of other types, and nothing else. */
function isOtherType(message: Message, answers: readonly RRset[], { question }: Asked): boolean {
  const { type } = question
  return (
    message.rcode === Rcode.NOERROR &&
    answers.every((rrset) => rrset.name.key === question.name.key && rrset.type !== type && rrset.type !== Type.CNAME)
  )
}

/** Name servers of a zone above the one asked (RFC 2308 section 2.2: without a SOA they are a referral), whatever AA says. */
function refersUp(authorities: readonly RRset[], { zone }: Asked): boolean {
  return authorities.some(({ type, name }) => type === Type.NS && name.labels < zone.labels && isSubdomain(zone, name))
}

/**
 * Neither with authority nor a denial that is taken as it is. Its server is lame; yet a cache that shows the SOA, a NOERROR without any
 * record, and one with the zone's own name servers say all the same that there is no such type.
 */
function lameDenial(
  message: Message,
  rcode: 0 | 3,
  soa: RRset | undefined,
  authorities: readonly RRset[],
  asked: Asked,
): Reply {
  const atWorst = denial(message, rcode, soa, authorities, asked)
  if (message.ra && soa !== undefined) return { kind: 'lame', why: FROM_CACHE, atWorst }
  const why = lameReason(authorities, asked)
  const servers = authorities.filter((rrset) => rrset.type === Type.NS)
  const isQuiet = !message.ra && servers.every(({ name }) => name.key === asked.zone.key)
  return isQuiet ? { kind: 'lame', why, atWorst } : { kind: 'lame', why }
}

/**
 * A broken authority that denies without AA, as Unbound and BIND take it: it shows the SOA of its zone, or says plainly that
 * the name is not there. With RA it is some other resolver; name servers instead of a SOA are a referral.
 */
function isDenialWithoutAa(message: Message, soa: RRset | undefined, authorities: readonly RRset[]): boolean {
  if (message.ra) return false
  if (soa !== undefined) return true
  return message.rcode === Rcode.NXDOMAIN && !authorities.some((rrset) => rrset.type === Type.NS)
}

function lameReason(authorities: readonly RRset[], asked: Asked): string {
  const ns = authorities.find((rrset) => rrset.type === Type.NS)
  if (ns === undefined) return 'no authority, no referral'
  if (isSubdomain(asked.zone, ns.name)) return 'refers upwards or to itself'
  return 'refers sideways'
}

function referralFromAnswer(message: Message, asked: Asked): Reply | undefined {
  const moved = [...message.answers, ...message.authorities]
  const delegation = referralOf(groupRRsets(moved), groupRRsets(message.additionals), asked)
  return delegation === undefined ? undefined : { kind: 'referral', delegation }
}

/** The apex is the signer's name; else the owner of NS or SOA in the authority section, which speaks of the chain's end; else the zone asked. */
function presence(link: AliasStep, authorities: readonly RRset[], asked: Asked, isEnd: boolean): Presence {
  const { rrset } = link
  const signer = signerOf(rrset, asked.zone)
  const apex = signer ?? (isEnd ? apexShown(rrset.name, authorities, asked) : undefined) ?? asked.zone
  return { kind: 'rrset', rrset, apex, proofs: isWildcardExpansion(rrset) ? proofsOf(authorities, apex) : [] }
}

function absence(
  rcode: 0 | 3,
  name: Name,
  soa: RRset | undefined,
  authorities: readonly RRset[],
  asked: Asked,
): Absence {
  const apex = soa?.name ?? apexShown(name, authorities, asked) ?? asked.zone
  return { kind: 'absent', rcode, apex, soa, proofs: proofsOf(authorities, apex) }
}

function apexShown(name: Name, authorities: readonly RRset[], asked: Asked): Name | undefined {
  return authorities
    .filter((rrset) => rrset.type === Type.NS || rrset.type === Type.SOA)
    .map((rrset) => rrset.name)
    .filter((owner) => isSubdomain(name, owner) && mayState(owner, asked))
    .sort((a, b) => b.labels - a.labels)[0]
}

/** RFC 2308 section 2: the SOA that a negative answer carries; it must belong to a zone that encloses the name. */
function soaFor(name: Name, authorities: readonly RRset[], asked: Asked): RRset | undefined {
  const soas = authorities.filter(
    (rrset) =>
      rrset.type === Type.SOA &&
      rrset.rdatas.length === 1 &&
      isSubdomain(name, rrset.name) &&
      mayState(rrset.name, asked),
  )
  const deepest = soas.sort((a, b) => b.name.labels - a.name.labels)[0]
  return deepest === undefined ? undefined : bounded(deepest)
}

/** The rcode and SOA of a reply with a chain speak of the chain's last name (RFC 6604, RFC 2308 section 2.1). */
function endOfChain(message: Message, end: Name, authorities: readonly RRset[], asked: Asked): Extra[] {
  if (!message.aa || !mayState(end, asked)) return []
  const soa = soaFor(end, authorities, asked)
  if (soa === undefined) return []
  const question = { name: end, type: asked.question.type, class: asked.question.class }
  const outcome = absence(message.rcode === Rcode.NXDOMAIN ? 3 : 0, end, soa, authorities, asked)
  return [{ question, outcome, section: 'answer' }]
}

/** The zone's own NS set, as an RRset like any other: it never becomes or stretches a delegation (CVE-2022-30698). */
function apexServers(authorities: readonly RRset[], name: Name, asked: Asked): Extra[] {
  const apex = apexShown(name, authorities, asked)
  const servers = apex === undefined ? undefined : find(authorities, apex, Type.NS)
  if (apex === undefined || servers === undefined) return []
  const question = { name: apex, type: Type.NS, class: asked.question.class }
  return [{ question, outcome: { kind: 'rrset', rrset: bounded(servers), apex, proofs: [] }, section: 'authority' }]
}

/** A DNAME answers questions below its owner by synthesis; questions for itself are answered by it directly. */
function isAlias(link: AliasStep, type: number): boolean {
  return link.rrset.type !== type || link.rrset.name.key !== link.owner.key
}

function dnameItself(rrset: RRset, asking: Question, authorities: readonly RRset[], asked: Asked): Extra[] {
  const question = { name: rrset.name, type: Type.DNAME, class: asking.class }
  if (rrset.name.key === asking.name.key) return []
  return [{ question, outcome: presence({ owner: rrset.name, rrset }, authorities, asked, false), section: 'answer' }]
}

function typeOfLink(link: AliasStep, type: number): number {
  return link.rrset.type === Type.CNAME ? Type.CNAME : type
}
