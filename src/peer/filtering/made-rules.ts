/** Rules and pauses that were made while the node runs, in a file of the data directory. */
import { join } from 'node:path'
import { z } from 'zod'
import { errorText, type Log } from '../../base/index.ts'
import type { OwnRules, Pause } from '../../filter/index.ts'
import { readTextFile, replaceTextFile } from '../../io/index.ts'

const rules = z.array(z.string())
const madeFile = z.object({
  all: rules,
  groups: z.record(z.string(), rules),
  pauses: z.array(z.object({ group: z.string().optional(), until: z.number() })),
})

export interface Made {
  readonly own: OwnRules
  readonly pauses: readonly Pause[]
}

const NOTHING: Made = { own: { all: [], groups: {} }, pauses: [] }

export function madeRules(data: string, log: Log) {
  const file = join(data, 'filter', 'own.json')
  // One write after the other, the newest last.
  let writing: Promise<void> = Promise.resolve()
  return {
    read(): Made {
      try {
        const text = readTextFile(file)
        if (text === undefined) return NOTHING
        const { pauses, ...own } = madeFile.parse(JSON.parse(text))
        return { own, pauses: pauses.map(({ group, until }) => ({ group, until })) }
      } catch (error) {
        log.error(
          { file, error: errorText(error) },
          'the rules that were made by command cannot be read: they are not in force',
        )
        return NOTHING
      }
    },
    write({ own, pauses }: Made): Promise<void> {
      const text = JSON.stringify({ ...own, pauses })
      writing = writing
        .then(() => replaceTextFile(file, text))
        .catch((error: unknown) => log.error({ file, error: errorText(error) }, 'rules made by command are not kept'))
      return writing
    },
  }
}
