import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

// The suites of what answers stub resolvers, once more with the fast path on: the front end alone, and a whole node with addresses that come and go.
export default defineConfig({
  test: {
    include: [
      'test/serve/desk/**/*.test.ts',
      'test/serve/doors/**/*.test.ts',
      'test/serve/*.test.ts',
      'test/interop/wildcard.test.ts',
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    pool: 'forks',
    setupFiles: ['test/setup/properties.ts'],
    env: { ...COMPILED, CHORDNS_TEST_FAST: '1', CHORDNS_SERVE_FAST: 'true' },
  },
})
