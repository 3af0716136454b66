import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

const ON = { CHORDNS_TEST_FAST: '1' }
const OFF = { CHORDNS_SERVE_FAST: 'false' }

// What answers stub resolvers, the other way than elsewhere: a node has the fast path on unless it is told otherwise, and a front end of a unit test has none.
// So the front end and the attacks are done once more with the table, and a whole node beside other resolvers, on addresses that come and go, without it.
export default defineConfig({
  test: {
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // The comparison with other resolvers waits for most of its time; all others pass beside it.
    maxWorkers: 2,
    pool: 'forks',
    // As in `npm test`: the sources are loaded once a process, as they are.
    isolate: false,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    setupFiles: ['test/setup/properties.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'on',
          include: [
            'test/serve/desk/**/*.test.ts',
            'test/serve/doors/**/*.test.ts',
            'test/serve/*.test.ts',
            'test/attacks/long/attacks.test.ts',
          ],
          env: { ...COMPILED, ...ON },
        },
      },
      {
        extends: true,
        test: {
          name: 'off',
          include: ['test/interop/diff.test.ts', 'test/interop/reload.test.ts', 'test/interop/wildcard.test.ts'],
          env: { ...COMPILED, ...OFF },
        },
      },
    ],
  },
})
