/** Reads what a ledger begins with out of a zone file that need not fit into memory. */
import { ChordnsError } from '../../base/index.ts'
import { type Name, openedIn } from '../../dns/index.ts'
import { type ImportedZone, importParts } from '../ledger/claiming.ts'
import { limits } from '../limits.ts'
import { linesOf } from './text-files.ts'

/** `origin`: for files without $ORIGIN. Throws USAGE, FILE_UNREADABLE. */
export function importZoneFile(file: string, origin: Name): ImportedZone {
  return importParts(file, () => partsOf(file), origin)
}

/** Of whole records each. */
function* partsOf(file: string): Iterable<string> {
  const lines = linesOf(file)
  if (lines === undefined) throw new ChordnsError('FILE_UNREADABLE', `there is no file ${file}`, { file })
  let part: string[] = []
  let letters = 0
  let depth = 0
  for (const line of lines) {
    part.push(line, '\n')
    letters += line.length + 1
    depth += openedIn(line)
    if (depth > 0 || letters < limits.ZONE_PART_LETTERS) continue
    yield part.join('')
    part = []
    letters = 0
  }
  if (part.length > 0) yield part.join('')
}
