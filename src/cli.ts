#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=40 --expose-gc
// Checks the runtime before anything else is loaded: an old Node fails inside libp2p with an error that helps nobody.
const major = Number.parseInt(process.version.slice(1), 10)
if (major < 24) {
  process.stderr.write(
    `chordns needs Node 24 or newer, this is ${process.version} (${process.execPath}).\n` +
      'In a checkout, run it through npm (npm start, or npx chordns ...), which uses the Node that npm ci installed;\n' +
      'elsewhere install Node 24.\n',
  )
  process.exit(1)
}
const { useCodeCache } = await import('./cli/code-cache.mjs')
useCodeCache()
const { findOwnFiles } = await import('./cli/own-files.ts')
findOwnFiles()
const { main } = await import('./cli/main.ts')
process.exitCode = await main(process.argv.slice(2))
