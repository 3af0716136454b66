import { defineConfig } from 'vitest/config'

// Unit and property tests: offline, without root, under two minutes. Interop, simulation and long attacks are separate commands.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/sim/**', 'test/**/long/**', 'node_modules/**'],
    testTimeout: 20_000,
    pool: 'forks',
  },
})
