/** Rules and pauses that were made while the node runs, in a file of the data directory: where there are no settings of a household. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorText, type Log } from '../../base/index.ts'
import type { OwnRules, Pause } from '../../filter/index.ts'
import { readTextFile, replaceTextFile } from '../../io/index.ts'

const rules = z.array(z.string())
const madeForm = z.object({
  all: rules,
  groups: z.record(z.string(), rules),
  pauses: z.array(z.object({ group: z.string().optional(), until: z.number() })),
})

export interface Made {
  readonly own: OwnRules
  readonly pauses: readonly Pause[]
}

/** Where they are kept. */
export interface MadeRules {
  read(): Made
  /** They take the place of those that were there. Throws SETTINGS_* where they are settings, and then changes nothing. */
  write(made: Made): void
}

const NOTHING: Made = { own: { all: [], groups: {} }, pauses: [] }

export interface MadeFile extends MadeRules {
  /** What is in it is somewhere else from now on: it is not read again. */
  retire(): Promise<void>
}

export function madeFile(data: string, log: Log): MadeFile {
  const file = join(data, 'filter', 'own.json')
  // One write after the other, the newest last.
  let writing: Promise<void> = Promise.resolve()
  return {
    read() {
      try {
        const text = readTextFile(file)
        if (text === undefined) return NOTHING
        const { pauses, ...own } = madeForm.parse(JSON.parse(text))
        return { own, pauses: pauses.map(({ group, until }) => ({ group, until })) }
      } catch (error) {
        log.error(
          { file, error: errorText(error) },
          'the rules that were made by command cannot be read: they are not in force',
        )
        return NOTHING
      }
    },
    write({ own, pauses }) {
      const text = JSON.stringify({ ...own, pauses })
      writing = writing
        .then(() => replaceTextFile(file, text))
        .catch((error: unknown) => log.error({ file, error: errorText(error) }, 'rules made by command are not kept'))
    },
    async retire() {
      try {
        await writing
        await rename(file, `${file}.carried`)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
          log.warn({ file, error: errorText(error) }, 'rules made by command are settings now, and their file is left')
      }
    },
  }
}
