/** `node loaded-process.ts FILE`: runs a node by the configuration in FILE until it is ready; prints what it has loaded by then, as JSON, and ends. */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded: string[] = []
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url)
    return nextLoad(url, context)
  },
})

const { runNode } = await import('../../src/cli/running/run.ts')
const { loadConfig } = await import('../../src/config/index.ts')
const file = process.argv[2]!
await runNode(
  () => loadConfig({ file, env: {}, readFile: (path) => (path === file ? readFileSync(file, 'utf8') : undefined) }),
  () => void process.stdout.write(JSON.stringify(loaded), () => process.exit(0)),
)
