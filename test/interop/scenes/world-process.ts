/** `node world-process.ts PORT ZONES [JSON]`: an embedded world in a process of its own, with more zones as JSON, for namespaces. Prints the root hints, then `ready`. */
import { argv, stdout } from 'node:process'
import { simpleWorld } from '../../world/index.ts'

const more = JSON.parse(argv[4] ?? '{}') as Readonly<Record<string, string>>
const [port, zones] = [Number(argv[2]), Number(argv[3])]
const world = await simpleWorld(
  {
    'org.': '',
    ...Object.fromEntries(Array.from({ length: zones }, (_, i) => [`zone${i}.org.`, '* 3600 A 192.0.2.7'] as const)),
    ...more,
  },
  { port },
)
stdout.write(`${world.hintsText()}ready\n`)
