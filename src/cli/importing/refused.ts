/** A file of others that cannot be read. */
import { ChordnsError } from '../../base/index.ts'

/** `why` is a clause that follows the name of the file, such as `it is cut short`. */
export function refused(why: string, cause?: unknown): ChordnsError<'IMPORT_REFUSED', { readonly why: string }> {
  return new ChordnsError('IMPORT_REFUSED', why, { why }, { cause })
}
