/** What no digest names, the ring is not asked for; what one names, it is asked first. */
import { describe, expect, it } from 'vitest'
import type { Chunks } from '../../../src/chunks/index.ts'
import { nameToText, parseName, Rcode } from '../../../src/dns/index.ts'
import type { ResolverOptions, ResolveStep } from '../../../src/resolver/index.ts'
import { createStack, createWorld, demoSpec } from '../../world/index.ts'

async function resolved(
  expected: 'yes' | 'no' | 'unknown',
  options: Partial<ResolverOptions> = {},
  name = 'www.example.com.',
) {
  const asked: string[] = []
  const told: string[] = []
  const chunks: Partial<Chunks> = {
    expects: () => expected,
    hedgeMs: () => 5_000,
    agreed: async () => false,
    tell: (question) => void told.push(nameToText(question.name)),
    read: async (question) => {
      asked.push(nameToText(question.name))
      return { kind: 'insufficient', reason: 'unknown', replies: [] }
    },
  }
  const world = await createWorld(demoSpec({ behaviours: { 'ns2.lame.info': { lame: 'refer-up' } } }), {
    sockets: false,
  })
  const stack = createStack(world, { chunks: chunks as Chunks, resolver: options })
  const steps: ResolveStep[] = []
  const result = await stack.resolver
    .resolve({
      question: { name: parseName(name), type: 1, class: 1 },
      recursionDesired: true,
      checkingDisabled: false,
      dnssecOk: false,
      authenticData: false,
      client: 'test',
      signal: new AbortController().signal,
      onStep: (step) => steps.push(step),
    })
    .catch((error: { code: string }) => error.code)
  return { asked, told, steps, rcode: typeof result === 'string' ? result : result.rcode }
}

describe('a question', () => {
  it('that no digest names goes to the authorities at once; the replicas hear of it afterwards, as ever', async () => {
    const { asked, told, steps, rcode } = await resolved('no')
    expect([asked, told, rcode]).toEqual([[], ['www.example.com.'], Rcode.NOERROR])
    const ring = steps.find((step) => step.kind === 'ring')
    expect(ring).toMatchObject({ outcome: 'not asked: no digest names it', replies: [] })
    expect(steps.at(-1)).toMatchObject({ kind: 'winner', by: 'iteration' })
  })

  it.each(['yes', 'unknown'] as const)('of which the digests say %s is asked of the ring first', async (expected) => {
    const { asked, rcode } = await resolved(expected)
    expect([asked, rcode]).toEqual([['www.example.com.'], Rcode.NOERROR])
  })

  it('is asked of the ring whatever the digests say where only what others vouch for will do', async () => {
    const { asked } = await resolved('no', { strict: true })
    expect(asked).toEqual(['www.example.com.'])
  })

  it('that no digest names is asked of the ring all the same when own iteration fails: a digest may be old', async () => {
    const { asked, rcode } = await resolved('no', {}, 'www.lame.info.')
    expect(asked).toEqual(['www.lame.info.'])
    expect(rcode).toBe(Rcode.SERVFAIL)
  })
})
