/** The scripts of the dashboard's pages, which know a browser and no Node, have no wrong types. Part of `npm run check`. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(/package\.json$/, 'bin/tsc')
const { status } = spawnSync(process.execPath, [tsc, '--noEmit', '--project', 'src/observe/web'], { stdio: 'inherit' })
process.exitCode = status ?? 1
