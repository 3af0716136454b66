/** A small signed Internet whose names fall into one chunk, and its answers with the links that prove them. */
import type { SignedEntry } from '../../src/chunks/index.ts'
import { nameToText, type Question, suffixName, Type } from '../../src/dns/index.ts'
import type { Outcome, ProofLink } from '../../src/evidence/index.ts'
import { answer } from '../chunks/world.ts'
import { buildInternet, type SmallInternet } from '../dnssec/internet.ts'
import { CHUNK, namesOf } from './world.ts'

const APEX = '@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n'

export interface SignedWorld extends SmallInternet {
  entry(question: Question, expires: number): SignedEntry
  links(question: Question): ProofLink[]
}

/** Names of one chunk. */
export const signedNames: readonly Question[] = namesOf(CHUNK, 6)

/** `last`: the last octet that the names have; `from`: unix seconds from which on it is signed, for 14 days. */
export function signedWorld(last: number, from: number, algorithm: 8 | 13 = 13): SignedWorld {
  const sign = { algorithm, inception: from, expiration: from + 14 * 86_400 } as const
  const hosts = signedNames.map(({ name }) => `${nameToText(name)} 300 A 198.51.100.${last}`).join('\n')
  const internet = buildInternet([
    { origin: '.', text: `${APEX}com. NS ns.com.\n`, sign },
    { origin: 'com.', text: `${APEX}example NS ns.example\n`, sign },
    { origin: 'example.com.', text: `${APEX}${hosts}\n`, sign: { ...sign, nsec: 'nsec' } },
  ])
  const outcomeOf = ({ name, type }: Question): Outcome => internet.claim(nameToText(name), type).outcome
  const links = ({ name }: Question): ProofLink[] =>
    [0, 1, 2].flatMap((labels) =>
      (labels === 0 ? [Type.DNSKEY] : [Type.DS, Type.DNSKEY]).map((type) => {
        const question = { name: suffixName(name, labels), type, class: 1 }
        return { question, outcome: outcomeOf(question) }
      }),
    )
  return {
    ...internet,
    links,
    entry: (question, expires) => ({
      question,
      chunk: CHUNK,
      class: 'signed',
      outcome: outcomeOf(question),
      links: links(question),
      expires,
    }),
  }
}

/** An answer that nobody has signed. */
export const unsigned = (question: Question): Outcome => answer(question, [9])
