import { defineConfig } from 'vitest/config'
import { COMPILED } from './test/setup/compiled.ts'

// Real servers, clients, processes and namespaces: one file at a time. `npm run test:interop` runs several of this, each in a namespace.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    // What tests wait for has a time of its own (`scenes/asking.ts`) and says what it saw last. This one ends what hangs.
    testTimeout: 900_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    pool: 'forks',
    env: COMPILED,
    // The sources as they are: to have them rewritten is seven seconds of work a file.
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
})
