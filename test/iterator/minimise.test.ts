import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSubdomain, nameToText, parseName, Type } from '../../src/dns/index.ts'
import { iteratorLimits, nextMinimised } from '../../src/iterator/index.ts'

function walk(name: string, known: number, mode: 'relaxed' | 'strict' | 'off' = 'relaxed'): string[] {
  const target = { name: parseName(name), type: Type.TXT, class: 1 }
  const asked: string[] = []
  let state = { mode, known, steps: 0 }
  for (;;) {
    const question = nextMinimised(target, state)
    asked.push(nameToText(question.name))
    if (question === target) return asked
    expect(question.type).toBe(Type.A)
    state = { mode, known: question.name.labels, steps: state.steps + 1 }
  }
}

describe('nextMinimised', () => {
  it('adds one label at a time at first', () => {
    expect(walk('a.b.example.test.', 1)).toEqual(['example.test.', 'b.example.test.', 'a.b.example.test.'])
  })

  it('gives the full question at once when it is off, or when there is nothing to hide', () => {
    expect(walk('a.b.example.test.', 1, 'off')).toEqual(['a.b.example.test.'])
    expect(walk('example.test.', 1)).toEqual(['example.test.'])
    expect(walk('.', 0)).toEqual(['.'])
  })

  it('does not stop at labels with an underscore (RFC 9156 section 2.3)', () => {
    expect(walk('_443._tcp.www.example.test.', 2)).toEqual(['www.example.test.', '_443._tcp.www.example.test.'])
  })

  it('takes an ip6.arpa name of 34 labels in ten questions', () => {
    const name = `${Array.from({ length: 32 }, (_, i) => (i % 16).toString(16)).join('.')}.ip6.arpa.`
    expect(walk(name, 1)).toHaveLength(10)
  })

  it('ends with the target, in few steps, each name longer than the last and a parent of the next', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '_b', 'xn--c'), { maxLength: 60 }), fc.nat(60), (labels, known) => {
        const name = `${labels.join('.')}.`
        const asked = walk(labels.length === 0 ? '.' : name, Math.min(known, labels.length)).map((text) =>
          parseName(text),
        )
        expect(asked.length).toBeLessThanOrEqual(iteratorLimits.MAX_MINIMISE_STEPS + 1)
        expect(asked.at(-1)?.labels).toBe(labels.length)
        for (let i = 1; i < asked.length; i++) {
          expect(asked[i]!.labels).toBeGreaterThan(asked[i - 1]!.labels)
          expect(isSubdomain(asked[i]!, asked[i - 1]!)).toBe(true)
        }
      }),
    )
  })
})
