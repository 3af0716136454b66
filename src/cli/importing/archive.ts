/**
 * The files in a `.tar.gz` (POSIX ustar) or `.zip`, in memory: nothing is unpacked to the disk. Who made the archive is not known, so what it may
 * take is bounded, and what no backup has (links, paths that lead out, encryption) is refused.
 */
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib'
import { limits } from '../limits.ts'
import { refused } from './refused.ts'

export type ArchiveFiles = ReadonlyMap<string, Uint8Array>

/** Throws IMPORT_REFUSED. */
export function readArchive(bytes: Uint8Array): ArchiveFiles {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length > limits.MAX_ARCHIVE_BYTES) throw refused(`it is longer than ${limits.MAX_ARCHIVE_BYTES} bytes`)
  if (buffer.length < 4) throw refused('it is cut short')
  if (buffer.readUInt16BE(0) === GZIP_MAGIC)
    return readTar(unpacked(() => gunzipSync(buffer, atMost(limits.MAX_UNPACKED_BYTES))))
  if (buffer.readUInt32LE(0) === LOCAL_HEADER) return readZip(buffer)
  throw refused('it is neither a .tar.gz nor a .zip')
}

const GZIP_MAGIC = 0x1f8b
const LOCAL_HEADER = 0x04034b50
const DIRECTORY_HEADER = 0x02014b50
const DIRECTORY_END = 0x06054b50
const BLOCK = 512

class Files {
  readonly #files = new Map<string, Uint8Array>()
  #bytes = 0

  /** What may still be added. */
  get left(): number {
    return limits.MAX_UNPACKED_BYTES - this.#bytes
  }

  add(name: string, bytes: Uint8Array): void {
    if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || name.split('/').includes('..'))
      throw refused(`the path ${JSON.stringify(name.slice(0, 100))} in it leads out of it`)
    if (this.#files.size >= limits.MAX_ARCHIVE_FILES)
      throw refused(`it has more than ${limits.MAX_ARCHIVE_FILES} files`)
    if (bytes.length > this.left) throw refused(TOO_MUCH)
    this.#bytes += bytes.length
    this.#files.set(name.replace(/^(\.\/)+/, ''), bytes)
  }

  all(): ArchiveFiles {
    return this.#files
  }
}

const TOO_MUCH = `what is in it is longer than ${limits.MAX_UNPACKED_BYTES} bytes`

function atMost(bytes: number) {
  // 0 would be no bound.
  return { maxOutputLength: Math.max(1, bytes) }
}

function unpacked(work: () => Buffer): Buffer {
  try {
    return work()
  } catch (cause) {
    throw refused(cause instanceof RangeError ? TOO_MUCH : 'it is damaged or cut short', cause)
  }
}

function readTar(tar: Buffer): ArchiveFiles {
  const files = new Files()
  let at = 0
  while (at + BLOCK <= tar.length && tar[at] !== 0) {
    const header = tar.subarray(at, at + BLOCK)
    checkSum(header)
    const size = octal(header, 124, 12)
    const end = at + BLOCK + size
    if (end > tar.length) throw refused('it is cut short')
    const type = String.fromCharCode(header[156]!)
    if (type === '0' || type === '\0') files.add(tarName(header), tar.subarray(at + BLOCK, end))
    // 5: a directory; x, g: attributes that no name of a backup needs.
    else if (!'5xg'.includes(type)) throw refused(`it has ${tarName(header)}, which is no ordinary file`)
    at = end + ((BLOCK - (size % BLOCK)) % BLOCK)
  }
  if (at + BLOCK > tar.length) throw refused('it is cut short')
  return files.all()
}

function tarName(header: Buffer): string {
  const [name, prefix] = [text(header, 0, 100), text(header, 345, 155)]
  return prefix === '' ? name : `${prefix}/${name}`
}

function checkSum(header: Buffer): void {
  // The sum itself counts as blanks.
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (sum !== octal(header, 148, 8)) throw refused('it is damaged: a header has another sum')
}

function text(header: Buffer, at: number, length: number): string {
  return header.toString('utf8', at, at + length).split('\0', 1)[0]!
}

function octal(header: Buffer, at: number, length: number): number {
  const digits = text(header, at, length).trim()
  if (!/^[0-7]{1,11}$/.test(digits)) throw refused('it is damaged: a header has no number where one belongs')
  return Number.parseInt(digits, 8)
}

function readZip(zip: Buffer): ArchiveFiles {
  const files = new Files()
  const end = directoryEnd(zip)
  const count = zip.readUInt16LE(end + 10)
  let at = zip.readUInt32LE(end + 16)
  for (let entry = 0; entry < count; entry++) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== DIRECTORY_HEADER) throw refused('its directory is damaged')
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    if (!name.endsWith('/')) files.add(name, zipFile(zip, at, files.left))
    at += 46 + nameLength + extra + comment
  }
  return files.all()
}

/** A comment of up to 65,535 bytes may stand behind it. */
function directoryEnd(zip: Buffer): number {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 22 - 0xffff); at--)
    if (zip.readUInt32LE(at) === DIRECTORY_END && at + 22 + zip.readUInt16LE(at + 20) === zip.length) return at
  throw refused('it is cut short: a .zip has its directory at its end')
}

/** `at`: its entry in the directory, which counts where the header before the file says otherwise. */
function zipFile(zip: Buffer, at: number, left: number): Uint8Array {
  const flags = zip.readUInt16LE(at + 8)
  const method = zip.readUInt16LE(at + 10)
  const [sum, packed, size, header] = [16, 20, 24, 42].map((offset) => zip.readUInt32LE(at + offset)) as [
    number,
    number,
    number,
    number,
  ]
  if ((flags & 1) !== 0) throw refused('it is encrypted: make a backup without a password')
  if (size > left) throw refused(TOO_MUCH)
  if (header + 30 > zip.length || zip.readUInt32LE(header) !== LOCAL_HEADER)
    throw refused('it is damaged: a file is not where its directory says')
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
  if (start + packed > zip.length) throw refused('it is cut short')
  const body = zip.subarray(start, start + packed)
  const bytes = method === 0 ? body : method === 8 ? unpacked(() => inflateRawSync(body, atMost(size))) : undefined
  if (bytes === undefined) throw refused(`it is packed by a method that is not known here (${method})`)
  if (bytes.length !== size || crc32(bytes) !== sum) throw refused('it is damaged: a file has another sum')
  return bytes
}
