import { defineConfig } from 'vitest/config'

// Tests that take many seconds each: of work, or of waiting for processes and sockets. Offline, without root.
export default defineConfig({
  test: {
    include: ['test/**/long/**/*.test.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    setupFiles: ['test/setup/properties.ts'],
  },
})
