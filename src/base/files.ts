/** What is wrong with a file, in words that say what to do. Pure: the caller reads, and hands in what the system said. */
import { errorText } from './errors.ts'

/** The sentence for a file that cannot be read or written, with its path. */
export function fileTrouble(file: string, error: unknown, doing: 'read' | 'write' = 'read'): string {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      if (doing === 'write') return `${file} has no directory to stand in: make it, or correct the path`
      return `there is no file ${file}: correct the path`
    case 'EISDIR':
      return `${file} is a directory, not a file: name the file in it`
    case 'ENOTDIR':
    case 'EEXIST':
      return `${file} cannot be: a part of its path is a file, not a directory`
    case 'EACCES':
    case 'EPERM':
      return `${file}: permission denied; give it, and the directories above it, to the user that chordns runs as`
    case 'EROFS':
      return `${file} is on a disk that cannot be written to: name another place`
    case 'ENOSPC':
    case 'EDQUOT':
      return `${file} cannot be written: the disk is full`
    case 'ELOOP':
      return `${file} is a symbolic link that leads back to itself`
    case 'ENAMETOOLONG':
      return `${file.slice(0, 60)}...: the path is too long`
    default:
      return `${file}: ${errorText(error)}`
  }
}

/** The code of an error of the operating system: ENOENT, EACCES, ... Undefined for all others. */
export function systemCodeOf(error: unknown): string | undefined {
  const isSystem = error instanceof Error && 'code' in error && 'syscall' in error
  return isSystem && typeof error.code === 'string' ? error.code : undefined
}

/** The bytes as text. Throws an Error that says what they are instead, if they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new Error('UTF-16 text (Windows calls it "Unicode"): save it as UTF-8')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new Error(`not UTF-8 text (line ${brokenLine(bytes)}): save it as UTF-8`, { cause })
  }
}

/** The first line that is not UTF-8, counted from 1: no sequence of UTF-8 reaches over a line feed. */
function brokenLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start)
    const stop = end === -1 ? bytes.length : end + 1
    try {
      decoder.decode(bytes.subarray(start, stop))
    } catch {
      return line
    }
    start = stop
  }
  return line
}

/** The fields of a JSON object that stands in a file; none where the text is no JSON, or JSON of another kind (`null`, a list). */
export function jsonFields(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
