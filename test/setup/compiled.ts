import { fileURLToPath } from 'node:url'

/**
 * For the environment of tests: the processes and threads that they start keep what they have compiled, for those that come after. A
 * process of `chordns` begins in half of the time: it strips and compiles several hundred files.
 */
export const COMPILED = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)),
}

// For the processes that vitest starts its tests in, too: they have it when they begin, not only once a test runs in them.
Object.assign(process.env, COMPILED)
