import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

/** Tests that `npm test` does a part of. */
const scaled = globSync('test/**/*.test.ts').filter((file) => readFileSync(file, 'utf8').includes('/setup/effort.ts'))

// Tests that take many seconds each: of work, or of waiting for processes and sockets. Offline, without root.
export default defineConfig({
  test: {
    include: ['test/**/long/**/*.test.ts', ...scaled],
    // Ends what hangs: a busy machine may take long for what is quick.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // As in `npm test`: the sources are loaded once a process, as they are.
    isolate: false,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // The default leaves one core to whoever waits for the tests.
    maxWorkers: availableParallelism(),
    setupFiles: ['test/setup/properties.ts'],
    env: { ...COMPILED, CHORDNS_TEST_LONG: '1' },
  },
})
