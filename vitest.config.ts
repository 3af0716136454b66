import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Unit and property tests: offline, without root, under two minutes. Interop, simulation and long attacks are separate commands.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/sim/**', 'test/**/long/**', 'node_modules/**'],
    testTimeout: 20_000,
    // A thread begins in less time than a process, and each file has one of its own.
    pool: 'threads',
    setupFiles: ['test/setup/properties.ts'],
    // Files wait for timers and sockets often enough for one more than there are cores.
    maxWorkers: availableParallelism() + 1,
  },
})
