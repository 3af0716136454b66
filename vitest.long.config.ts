import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

// Tests that take many seconds each: of work, or of waiting for processes and sockets. Offline, without root.
export default defineConfig({
  test: {
    include: ['test/**/long/**/*.test.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    setupFiles: ['test/setup/properties.ts'],
    env: COMPILED,
  },
})
