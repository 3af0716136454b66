/** What is proven already needs no peer: the ring is neither asked nor told. */
import { expect, it } from 'vitest'
import type { Chunks } from '../../../src/chunks/index.ts'
import { nameToText, parseName, Rcode } from '../../../src/dns/index.ts'
import type { ResolveStep } from '../../../src/resolver/index.ts'
import { createStack, createWorld, demoSpec, signWorld } from '../../world/index.ts'

const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'example.com.': {} })

it('a name in a span that is known is answered without the ring, and no replica hears of it', async () => {
  const asked: string[] = []
  const told: string[] = []
  const chunks: Partial<Chunks> = {
    expects: () => 'unknown' as const,
    hedgeMs: () => 5_000,
    tell: (question) => void told.push(nameToText(question.name)),
    read: async (question) => {
      asked.push(nameToText(question.name))
      return { kind: 'insufficient', reason: 'unknown', replies: [] }
    },
  }
  const world = await createWorld(signed.spec, { sockets: false })
  const stack = createStack(world, { anchors: signed.anchorText, chunks: chunks as Chunks })
  expect((await stack.ask({ name: 'nothing.example.com' })).rcode).toBe(Rcode.NXDOMAIN)
  expect([asked, told]).toEqual([['nothing.example.com.'], ['nothing.example.com.']])
  world.clearLog()

  const steps: ResolveStep[] = []
  const resolution = await stack.resolver.resolve({
    question: { name: parseName('nothinh.example.com.'), type: 1, class: 1 },
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: false,
    authenticData: true,
    client: 'test',
    signal: new AbortController().signal,
    onStep: (step) => steps.push(step),
  })
  expect([resolution.rcode, resolution.security, resolution.provenance]).toEqual([Rcode.NXDOMAIN, 'secure', 'solo'])
  expect(steps.map(({ kind }) => kind)).toEqual(['cache', 'winner'])
  expect([asked.length, told.length, world.count()]).toEqual([1, 1, 0])
})
