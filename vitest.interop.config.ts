import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

// Real servers, clients, processes and namespaces: one file at a time, since they share ports and CPU.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    pool: 'forks',
    env: COMPILED,
  },
})
