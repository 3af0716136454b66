/** Links of chains of trust that peers give: enough to validate without any authority, and worth nothing when they are forged. */
import { describe, expect, it } from 'vitest'
import { Budget } from '../../../src/base/index.ts'
import { Class, parseName, type Question, Type } from '../../../src/dns/index.ts'
import type { Finding, Outcome, ProofLink } from '../../../src/evidence/index.ts'
import { createStack, createWorld, demoSpec, signWorld } from '../../world/index.ts'

const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })
/** The same names, and other keys. */
const forged = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })

const question = (name: string, type: number = Type.A): Question => ({ name: parseName(name), type, class: Class.IN })
const signal = new AbortController().signal
const request = (queries = 100) => ({
  budget: new Budget({ queries, bytes: 1e6, timeMs: 3_000, signatures: 120, hashes: 600 }, () => performance.now()),
  signal,
  origin: 'any' as const,
  checkingDisabled: false,
})

/** What a node that has looked the name up has at hand. */
async function looked(spec: typeof signed, name: string): Promise<{ finding: Finding; links: readonly ProofLink[] }> {
  const world = await createWorld(spec.spec, { sockets: false })
  const { recursor } = createStack(world, { anchors: spec.anchorText })
  const finding = await recursor.resolve({ ...request(), question: question(name) })
  const unjudged: Finding = { ...finding, evidence: { ...finding.evidence, security: 'indeterminate' } }
  return { finding: unjudged, links: recursor.links(parseName(name), 0) }
}

/** A node that knows nothing but its trust anchor, and cannot reach anybody. */
async function cut(anchors = signed.anchorText) {
  const world = await createWorld(signed.spec, { sockets: false })
  return createStack(world, { anchors }).recursor
}
const offline = () => request(0)

const outcomeOf = (name: string, apex: string): Outcome => ({
  kind: 'rrset',
  rrset: {
    name: parseName(name),
    type: Type.A,
    class: Class.IN,
    ttl: 300,
    rdatas: [Uint8Array.of(203, 0, 113, 66)],
    signatures: [],
  },
  apex: parseName(apex),
  proofs: [],
})

describe('links of the chain of trust from a peer', () => {
  it('prove a zone unsigned without a query', async () => {
    const { finding, links } = await looked(signed, 'www.example.org')
    const judged = await (await cut()).validate(finding, offline(), links)
    expect(judged.evidence.security).toBe('insecure')
  })

  it('prove an answer secure without a query', async () => {
    const { finding, links } = await looked(signed, 'www.example.com')
    const judged = await (await cut()).validate(finding, offline(), links)
    expect(judged.evidence.security).toBe('secure')
  })

  it('are what it takes: without them nothing is proven', async () => {
    const { finding, links } = await looked(signed, 'www.example.org')
    await expect((await cut()).validate(finding, offline())).rejects.toThrow()
    const noKeys = links.filter((link) => link.question.type !== Type.DNSKEY)
    await expect((await cut()).validate(finding, offline(), noKeys)).rejects.toThrow()
  })

  it('of somebody with other keys are worth nothing, and hide no true ones', async () => {
    const { finding, links } = await looked(signed, 'www.example.com')
    const lies = (await looked(forged, 'www.example.com')).links
    await expect((await cut()).validate(finding, offline(), lies)).rejects.toThrow()
    const judged = await (await cut()).validate(finding, offline(), [...lies, ...links])
    expect(judged.evidence.security).toBe('secure')
    expect((await (await cut()).validate(finding, request(), lies)).evidence.security).toBe('secure')
  })

  it('cannot say that a signed zone is unsigned', async () => {
    const { links } = await looked(signed, 'www.example.com')
    const other = await looked(signed, 'www.example.org')
    const lie: Finding = {
      question: question('www.example.com'),
      outcome: outcomeOf('www.example.com', 'example.com'),
      evidence: { security: 'indeterminate', provenance: 'agreed', observers: [] },
      expires: Date.now() + 300_000,
    }
    const unsigned: Outcome = { kind: 'absent', rcode: 0, apex: parseName('com'), soa: undefined, proofs: [] }
    const denials = other.links.flatMap(({ outcome }) => (outcome.kind === 'absent' ? outcome.proofs : []))
    expect(denials.length).toBeGreaterThan(0)
    const others: Outcome = { ...unsigned, proofs: denials }
    const claims = [unsigned, others].map((outcome) => [
      ...links.filter(({ question: { name } }) => name.labels < 2),
      { question: question('example.com', Type.DS), outcome },
    ])
    for (const claim of claims) {
      await expect((await cut()).validate(lie, offline(), claim)).rejects.toThrow()
      await expect((await cut()).validate(lie, request(), claim)).rejects.toThrow(/bogus/)
    }
  })

  it('cost what they may cost in all, and leave the question its own budget', async () => {
    const { finding, links } = await looked(signed, 'www.example.com')
    // Signatures of the right keys over something else: each has to be checked to be refused.
    const keys = links.find(({ question: asked }) => asked.type === Type.DNSKEY && asked.name.labels === 0)!
    if (keys.outcome.kind !== 'rrset') throw new Error('keys are a set')
    const { rrset } = keys.outcome
    const broken: ProofLink = {
      question: keys.question,
      outcome: {
        ...keys.outcome,
        rrset: {
          ...rrset,
          signatures: rrset.signatures.map((one) => {
            const changed = one.slice()
            changed[changed.length - 1]! ^= 1
            return changed
          }),
        },
      },
    }
    const asked = request()
    const before = asked.budget.left('signatures')
    const judged = await (await cut()).validate(
      finding,
      asked,
      Array.from({ length: 500 }, () => broken),
    )
    expect(judged.evidence.security).toBe('secure')
    expect(before - asked.budget.left('signatures')).toBeLessThan(30)
  })
})
