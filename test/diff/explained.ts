/** Differences that are meant: each with the reason and the RFC that leaves the choice to us. Keep it short. */
import type { Field, Replies } from './compare.ts'
import { questionText } from './questions.ts'
import type { Question } from './types.ts'

export interface Explanation {
  /** Of "name TYPE flags". */
  readonly pattern: RegExp
  readonly fields: readonly Field[]
  readonly reason: string
  /** Narrows it further, where the question alone does not say enough. */
  readonly when?: (replies: Replies, kind: Question['kind']) => boolean
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: / (do\+)?cd(\+ad)?$/,
    fields: ['ad'],
    when: ({ chordns, unbound, bind, knot }, kind) =>
      !chordns.ad || unbound.ad || bind.ad || knot.ad || kind !== 'broken',
    reason:
      'With CD the asker validates for itself (RFC 4035 section 3.2.2), and chordns does not: AD is set for what it has validated before (section 3.2.3). So do the references, each of them in other cases.',
  },
  {
    pattern: /b-n3-iter(51|150)\./,
    fields: ['ad'],
    when: ({ chordns }) => !chordns.ad,
    reason:
      'NSEC3 with more than 50 iterations counts as insecure here; RFC 9276 section 3.2 leaves the limit to the validator. These versions of the references have 150; later BIND has 50.',
  },
  {
    pattern: /o-garbage\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'A malformed packet does not end the wait for the true reply here: anyone may have sent it (TuDoor). The references give up.',
  },
  {
    pattern: /o-noudp\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'Servers that never answer over UDP are asked over TCP (RFC 7766 section 5 makes it equal); the references do not.',
  },
  {
    pattern: /(\.|^)mail\.b-nsec-nsbit\./,
    fields: ['rcode'],
    when: ({ chordns }) => chordns.rcode === 'SERVFAIL',
    reason:
      'The NSEC says that the name is a delegation: it proves nothing of other types than DS (RFC 6840 section 4.1), and what the zone above says of them is not believed. The references go on as if the name were an insecure zone.',
  },
  {
    pattern: /b-nsec-self\.|nonsbit\.parent\./,
    fields: ['rcode', 'ad', 'answer', 'soa', 'denial'],
    reason:
      'A signed NSEC of these zones denies names that the zones serve as well. Both are proven, so the answer depends on whether the NSEC was seen before (RFC 8198 section 5: MAY).',
  },
]

/** Where the proof is not good enough for us and one or two references: all that they find is not true for sure. */
const STRICT: readonly Explanation[] = [
  {
    pattern: /b-(corrupt|nosig)-soa\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'A negative answer of a signed zone whose SOA has no good signature is bogus (RFC 4035 section 5.3); BIND does not look at it.',
  },
  {
    pattern: /b-n3-unknownflag\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'NSEC3 records with unknown flags prove nothing (RFC 5155 section 8.2: MUST ignore). BIND and Knot Resolver use them.',
  },
  {
    pattern: /b-nosig-nsec\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'An absence whose NSEC has no signature is not proven (RFC 4035 section 5.4), as for Unbound and BIND; Knot Resolver has sometimes another NSEC of the zone at hand.',
  },
  {
    pattern: /b-nozonebit-ksk\./,
    fields: ['rcode'],
    when: failed,
    reason: 'A key without the zone bit MUST NOT verify signatures (RFC 4034 section 2.1.1). BIND uses it.',
  },
  {
    pattern: /b-revoked\./,
    fields: ['rcode'],
    when: failed,
    reason: 'A revoked key verifies nothing but its own revocation (RFC 5011 section 2.1). Unbound uses it below a DS.',
  },
  {
    pattern: /b-ds-badsha256\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'A SHA-1 digest does not count beside a SHA-256 one (RFC 4509 section 3), or it would be a downgrade. Unbound uses it.',
  },
]

const PROOFS: readonly Explanation[] = [
  {
    pattern: /b-nsec-outside\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'An NSEC whose next name lies outside of its zone would deny the names of others (CVE-2026-13321; RFC 4034 section 4.1.1: the next owner name in the zone). Knot Resolver 5.6 uses it.',
  },
  {
    pattern: /soabit\.parent\./,
    fields: ['rcode', 'denial'],
    reason:
      'An NSEC with NS and SOA is of the child zone and does not show that there is no DS (RFC 4035 section 5.4, RFC 6840 section 4.4). Knot Resolver takes it for the proof that nothing is below.',
  },
]

const LOOSE: readonly Explanation[] = [
  {
    pattern: /o-soaanswer\./,
    fields: ['soa'],
    reason:
      'The SOA of an absence that stands in the answer section is told where it belongs (RFC 2308 section 2): with it the asker knows how long to keep the absence. The references leave it out.',
  },
  {
    pattern: /o-subdsall\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'The referral itself carried the signed proof that there is no DS (RFC 4035 section 3.1.4.1): the question that fails need not be asked. Unbound goes by it too.',
  },
  {
    pattern: /o-nxanswers\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'The RCODE speaks of the last name of a chain (RFC 6604 section 3), and the reply gives the records of that name: an address is worth more than the RCODE that denies it. Unbound and Knot Resolver say NXDOMAIN beside the records.',
  },
  {
    pattern: /o-refanswer\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'An NS set in the answer section of a question for another type is no referral (RFC 1034 section 4.3.2, step 3b). BIND asks for NS sets on the way and takes it as the answer to that; the others say NODATA of every name.',
  },
  {
    pattern: /o-noglue\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'In-zone glue that the parent left out is asked for, as BIND does (RFC 9471 section 3: the parent must send it). Unbound and Knot Resolver give up.',
  },
  {
    pattern: /o-unaskededns\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'An OPT in the reply to a query without one breaks RFC 6891 section 6.1.1, and harms nobody. Unbound takes the answer too; BIND and Knot Resolver do not.',
  },
  {
    pattern: /o-nsdrop\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'Where questions for the names between are dropped, the whole name is asked for (RFC 9156 section 2.3, step 6d). Unbound does so, too; the others give up.',
  },
  {
    pattern: /o-\dof\d-\S* \S+ (noedns\+)?(do\+)?cd/,
    fields: ['rcode', 'ad', 'answer', 'soa', 'denial'],
    reason:
      'With CD the copy that came first is given as it is (RFC 4035 section 3.2.2): which server that was is chance. The references have often asked another one before.',
  },
  {
    pattern: /o-\dof\d-/,
    fields: ['rcode'],
    when: answered,
    reason:
      'Another server of the zone has a copy that verifies: it is asked when one is no good (RFC 1034 section 5.3.3, step 4d). Where the references fail they gave up earlier.',
  },
  {
    pattern: /o-ownns(noaa)?\./,
    fields: ['rcode', 'soa'],
    when: answered,
    reason:
      'An empty reply with the NS set of the zone itself means NODATA (RFC 2308 section 2.2, type 3), with or without AA, and is kept as the SOA says. Unbound takes it too; BIND and Knot Resolver give up where AA is missing.',
  },
  {
    pattern: /o-sfanswers\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'Records in a reply with SERVFAIL are not used (RFC 1035 section 4.1.1: the server was unable to process the query), as by Unbound and BIND; Knot Resolver serves them.',
  },
  {
    pattern: /o-aonly\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'Its servers say NOTIMP to all questions but A. Unbound had the alias in its cache from such a question; whoever had not fails.',
  },
  {
    pattern: /b-sametag\..*cd/,
    fields: ['ad'],
    when: ({ chordns }) => chordns.ad,
    reason:
      'Signed well, with two keys of one tag: AD is set for what was validated before the question with CD came (RFC 4035 section 3.2.3).',
  },
  {
    pattern: /o-dropedns\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'Servers that are silent to EDNS are asked without it once in a while, where no DS says that the zone is signed; the references wait, or give up.',
  },
  {
    pattern: /o-ednsnotimp\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'A server that says NOTIMP to a query with OPT is asked without one, as Unbound does (RFC 6891 section 7 knows FORMERR and NOTIMP alike). BIND and Knot Resolver give up.',
  },
  {
    pattern: /o-oneignoreedns\.\S* \S+ (noedns\+)?(do\+)?cd/,
    fields: ['ad', 'answer', 'denial'],
    when: ({ chordns }) => chordns.ad,
    reason:
      'One of the two servers leaves the signatures out. The other one is asked, as by Unbound; with CD BIND and Knot Resolver give the copy that came first.',
  },
  {
    pattern: /\.w\.dnames\./,
    fields: ['rcode', 'ad', 'answer', 'soa', 'denial'],
    reason:
      'What a DNAME at a wildcard means is undefined (RFC 4592 section 4.4, RFC 6672 section 3.3): the authorities make names of it, or fail, and each resolver has seen something else of it before.',
  },
  {
    pattern: /o-badvers\./,
    fields: ['rcode', 'answer', 'soa'],
    when: answered,
    reason:
      'A server that says BADVERS to version 0 does not know EDNS (RFC 6891 section 6.1.3 leaves nothing else), and is asked without. The references give up, or say NODATA.',
  },
]

const ENDLESS: readonly Explanation[] = [
  {
    pattern: /o-upaa\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'NS records without an SOA are a referral, not NODATA (RFC 2308 section 2.2), and one that leads upwards is lame, AA or not. Knot Resolver calls it NODATA.',
  },
  {
    pattern: /\.self\.dnames\.|\.pair\d\.dnames\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'A chain of DNAMEs that never ends is an error (RFC 1034 section 3.6.2); Unbound gives the part that it has followed.',
  },
  {
    pattern: /^s\d+-\d+\.longchain\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'More than 11 aliases are given up (CVE-2019-19331), as by BIND; Unbound follows one more where it knows a part of them, Knot Resolver 13. Chains in use reach 8.',
  },
  {
    pattern: /\.o-dsfails\.com\. DS\b/,
    fields: ['rcode'],
    when: failed,
    reason:
      'The servers fail this very question. What they said of other types is not used for DS (the zone above may hold it); the references do where they have seen the NSEC before (RFC 8198 section 5: MAY).',
  },
  {
    pattern: /o-yxdomain\./,
    fields: ['rcode'],
    when: failed,
    reason:
      'YXDOMAIN means that a DNAME makes the name too long (RFC 6672 section 2.2). Without such a DNAME it is an error of the server; Unbound and Knot Resolver hand it on.',
  },
]

function failed({ chordns }: Replies): boolean {
  return chordns.rcode === 'SERVFAIL' || chordns.rcode === 'TIMEOUT'
}

function answered({ chordns }: Replies): boolean {
  return chordns.rcode === 'NOERROR' || chordns.rcode === 'NXDOMAIN'
}

export function explanationOf(question: Question, replies: Replies, fields: readonly Field[]): Explanation | undefined {
  const text = questionText(question)
  return [...EXPLANATIONS, ...STRICT, ...PROOFS, ...LOOSE, ...ENDLESS].find(
    (one) =>
      one.pattern.test(text) &&
      fields.every((field) => one.fields.includes(field)) &&
      (one.when?.(replies, question.kind) ?? true),
  )
}
