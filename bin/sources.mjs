/**
 * Runs the sources of a checkout. JavaScript, so that the cache of compiled code is there before the first file with types, which Node would load a compiler for
 * (docs/decisions/0168). A build begins at dist/cli.js, and `node src/cli.ts` does the same as this, more slowly.
 */
if (Number.parseInt(process.version.slice(1), 10) >= 24) {
  const { useCodeCache } = await import('../src/cli/code-cache.mjs')
  useCodeCache()
}
await import('../src/cli.ts')
