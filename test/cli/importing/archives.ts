/** Archives as Pi-hole makes them, and as nobody should. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

export type Entries = Readonly<Record<string, string | Uint8Array>>

export function tar(entries: Entries, { type = '0', end = true } = {}): Buffer {
  const blocks = Object.entries(entries).flatMap(([name, content]) => {
    const body = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write(body.length.toString(8).padStart(11, '0'), 124)
    header.write(type, 156)
    header.write('        ', 148)
    header.write(
      header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0'),
      148,
    )
    header[154] = 0
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(end ? 1_024 : 0)])
}

export const tarGz = (entries: Entries) => gzipSync(tar(entries))

/** `size`: what the directory says of each file instead of the truth. */
export function zip(
  entries: Entries,
  { size, flags = 0 }: { readonly size?: number; readonly flags?: number } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(entries)) {
    const body = Buffer.from(content)
    const packed = deflateRawSync(body)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(flags, 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(body), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(size ?? body.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed])
    const offset = Buffer.alloc(14)
    offset.writeUInt32LE(at, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, offset, Buffer.from(name)]))
    parts.push(local)
    at += local.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(Buffer.concat(directory).length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06', 'latin1'), end])
}

/** A database of these statements, as a file. */
export function database(...statements: readonly string[]): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-gravity-'))
  try {
    const path = join(dir, 'gravity.db')
    const made = new DatabaseSync(path)
    made.exec(statements.join(';\n'))
    made.close()
    return readFileSync(path)
  } finally {
    rmSync(dir, { recursive: true })
  }
}
