import type { Recursor } from '../../src/recurse/index.ts'

/** Own iteration as a resolver sees it: it resolves as it is told to, validates nothing, and knows nothing beside. */
export function recursorThat(resolve: Recursor['resolve']): Recursor {
  return {
    resolve,
    validate: async (finding) => finding,
    validates: false,
    anchors: () => [],
    infer: () => undefined,
    links: () => [],
    knownCut: () => undefined,
    prime: async () => {},
    forget: () => 0,
    delegation: () => Promise.reject(new Error('not used')),
    contextOf: () => 'main',
    stats: () => ({
      upstreamQueries: 0,
      upstreamBytes: 0,
      timeouts: 0,
      tcpQueries: 0,
      nearMisses: 0,
      inFlight: 0,
      merged: 0,
    }),
  }
}
