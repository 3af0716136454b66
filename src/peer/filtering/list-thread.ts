/** The thread that reads lists: millions of lines take seconds. It lives as long as one piece of work. */
import { readFileSync } from 'node:fs'
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
  close() {},
}))

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, cause), { file }, { cause })
  }
}
