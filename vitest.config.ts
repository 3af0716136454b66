import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/**
 * Rooms whose tests leave nothing behind in the process: no mocked modules, no environment, no directory of their own. Their files share
 * a thread, with the sources loaded once: half of the time of these tests was loading them again for each file.
 */
const SHARED = [
  'base',
  'cache',
  'chain',
  'chunk-chains',
  'chunks',
  'config',
  'crypto',
  'dns',
  'dnssec',
  'evidence',
  'iterator',
  'ledger',
  'recurse',
  'resolver',
  'ring',
].map((room) => `test/${room}/**/*.test.ts`)

const elsewhere = ['test/interop/**', 'test/sim/**', 'test/**/long/**', 'node_modules/**']

// Unit and property tests: offline, without root, under two minutes. Interop, simulation and long attacks are separate commands.
export default defineConfig({
  test: {
    testTimeout: 20_000,
    // A thread begins in less time than a process.
    pool: 'threads',
    setupFiles: ['test/setup/properties.ts'],
    // Files wait for timers and sockets often enough for one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        // The sources run as they are, as they do in production: nothing stands between one function and the next.
        test: {
          name: 'shared',
          include: SHARED,
          exclude: elsewhere,
          isolate: false,
          experimental: { viteModuleRunner: false },
        },
      },
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: [...elsewhere, ...SHARED] } },
    ],
  },
})
