/** The thread that reads lists: millions of lines take seconds. It lives as long as one piece of work. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { ChordnsError, fileTrouble } from '../../base/index.ts'
import { nameFromWire } from '../../dns/index.ts'
import {
  type Compiled,
  compileLists,
  explainList,
  type ListOptions,
  type ListText,
  type RuleLine,
} from '../../filter/index.ts'
import { answerCalls } from '../../io/index.ts'
import { changedText, readDifferences } from './transfer/differences.ts'
import { zoneText } from './transfer/zone-text.ts'

/** A list and the file that has its text. */
export interface ListFile {
  readonly options: ListOptions
  readonly file: string
}

answerCalls(() => ({
  compile: (files: readonly ListFile[], seed: Uint8Array): Compiled =>
    compileLists(
      files.map(({ options, file }): ListText => ({ options, bytes: bytesOf(file) })),
      seed,
    ),
  explain: ({ options, file }: ListFile, name: Uint8Array, most: number): readonly RuleLine[] =>
    explainList(bytesOf(file), options, nameFromWire(name), most),
  /** Throws TRANSFER_FAILED or DNS_MALFORMED, and then `file` is not whole. */
  write(frames: string, zone: Uint8Array, file: string, maxBytes: number): void {
    writeParts(zoneText(bytesOf(frames), nameFromWire(zone)), file, maxBytes)
  },
  /** `text`: what the differences are from. Throws likewise. */
  change(text: string, frames: string, zone: Uint8Array, file: string, maxBytes: number) {
    const differences = readDifferences(bytesOf(frames), nameFromWire(zone))
    writeParts(changedText(bytesOf(text), differences), file, maxBytes)
    return { added: differences.added.size, deleted: differences.deleted.size }
  },
  close() {},
}))

function writeParts(parts: Iterable<string | Uint8Array>, file: string, maxBytes: number): void {
  const to = openSync(file, 'w', 0o600)
  try {
    let bytes = 0
    for (const part of parts) {
      bytes += writePart(to, typeof part === 'string' ? Buffer.from(part) : part)
      if (bytes > maxBytes)
        throw new ChordnsError('TRANSFER_FAILED', `more than ${maxBytes} bytes`, { why: 'too long' })
    }
  } finally {
    closeSync(to)
  }
}

/** A system may take less than it is given. */
function writePart(to: number, part: Uint8Array): number {
  for (let done = 0; done < part.length; ) done += writeSync(to, part, done)
  return part.length
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, cause), { file }, { cause })
  }
}
