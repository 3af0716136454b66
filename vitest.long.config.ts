import { defineConfig } from 'vitest/config'

// Attacks on the shared records that take many seconds of work: offline, without root, in virtual time.
export default defineConfig({
  test: {
    include: ['test/**/long/**/*.test.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    setupFiles: ['test/setup/properties.ts'],
  },
})
