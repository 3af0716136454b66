import { describe, expect, it } from 'vitest'
import { createGuard } from '../../../src/cli/running/guard.ts'

function thrown(name: string, frames: readonly string[]): Error {
  const error = new Error('cannot write to a closed stream')
  error.name = name
  error.stack = [`${name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return error
}
const LIBRARY = [
  'drain (file:///app/node_modules/@libp2p/utils/dist/src/stream.js:1:1)',
  'runMicrotasks (node:internal/process:1:1)',
]

describe('an exception that nothing caught', () => {
  it('of the transport library, from its own frames, ends no node', () => {
    expect(createGuard()(thrown('StreamStateError', LIBRARY))).toBe('spare')
  })

  it.each([
    [
      'with a frame of ours',
      thrown('StreamStateError', [...LIBRARY, 'flush (file:///app/src/io/streams/peer-stream.ts:1:1)']),
    ],
    ['of another kind', thrown('TypeError', LIBRARY)],
    ['without a stack', thrown('StreamStateError', [])],
    ['that is no error', 'text'],
  ])('%s ends the process', (_, error) => {
    expect(createGuard()(error)).toBe('end')
  })

  it('is not spared without end', () => {
    const decide = createGuard()
    const verdicts = Array.from({ length: 21 }, () => decide(thrown('StreamResetError', LIBRARY)))
    expect(verdicts.indexOf('end')).toBe(20)
  })
})
