import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

/** What replaces a module: for one file alone, so it has the thread for itself, and the sources by way of vite, which can replace them. */
const MOCKING = ['test/household/catch-up.test.ts']

const elsewhere = ['test/interop/**', 'test/sim/**', 'test/**/long/**', 'node_modules/**']

// Unit and property tests: offline, without root, under two minutes. Interop, simulation and long attacks are separate commands.
export default defineConfig({
  test: {
    // Ends what hangs: a busy machine may take long for what is quick.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A thread begins in less time than a process.
    pool: 'threads',
    setupFiles: ['test/setup/properties.ts'],
    env: COMPILED,
    // Files wait for timers and sockets often enough for one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        // Files leave nothing behind in their thread, so the sources are loaded once for all files of one: as they are, as in production.
        // Half of the time of these tests was loading them again.
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...elsewhere, ...MOCKING],
          isolate: false,
          experimental: { viteModuleRunner: false, nodeLoader: false },
        },
      },
      { extends: true, test: { name: 'mocking', include: MOCKING } },
    ],
  },
})
