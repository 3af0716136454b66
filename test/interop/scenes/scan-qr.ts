/**
 * Reads a QR code (ISO/IEC 18004) off a picture of it, as a telephone does: a PNG in which nothing else is dark, upright, of level L and in bytes. Not by the library
 * that draws it. Nothing is repaired: a module that is wrong makes the text wrong.
 */
import { inflateSync } from 'node:zlib'

/** By version, from 1: octets of repair in a block, and blocks, of level L (table 9). */
const REPAIR = [
  ...[7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28],
  ...[28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
]
const BLOCKS = [
  ...[1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8],
  ...[8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25],
]
const LEVEL_L = 1
const BYTES = 4

type IsDark = (x: number, y: number) => boolean

/** Throws where it is no such picture. */
export function scanQr(png: Uint8Array): string {
  const { size, isDark } = modulesOf(pixelsOf(png))
  const version = (size - 17) / 4
  const { level, mask } = formatOf(isDark)
  if (level !== LEVEL_L) throw new Error(`a code of level ${level}`)
  const octets = withoutRepair(octetsOf(size, version, isDark, mask), version)
  return textOf(octets, version)
}

function textOf(octets: readonly number[], version: number): string {
  const bits = octets.map((octet) => octet.toString(2).padStart(8, '0')).join('')
  const mode = Number.parseInt(bits.slice(0, 4), 2)
  if (mode !== BYTES) throw new Error(`a code in mode ${mode}`)
  const start = 4 + (version < 10 ? 8 : 16)
  const length = Number.parseInt(bits.slice(4, start), 2)
  const text = Array.from({ length }, (_, i) => Number.parseInt(bits.slice(start + 8 * i, start + 8 * i + 8), 2))
  return Buffer.from(text).toString('utf8')
}

/** Blocks are woven into each other; the shorter ones come first. */
function withoutRepair(octets: readonly number[], version: number): number[] {
  const [blocks, repair] = [BLOCKS[version - 1]!, REPAIR[version - 1]!]
  const short = Math.floor(octets.length / blocks) - repair
  const longs = octets.length % blocks
  const woven = Array.from({ length: blocks }, (): number[] => [])
  let at = 0
  for (let i = 0; i <= short; i++)
    for (const [j, block] of woven.entries()) if (i < short || j >= blocks - longs) block.push(octets[at++]!)
  return woven.flat()
}

/** Up and down in columns of two, from the right. */
function octetsOf(size: number, version: number, isDark: IsDark, mask: number): number[] {
  const isFixed = fixedOf(size, version)
  let bits = ''
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5
    const isUp = ((right + 1) & 2) === 0
    for (let step = 0; step < size; step++)
      for (const x of [right, right - 1]) {
        const y = isUp ? size - 1 - step : step
        if (!isFixed(x, y)) bits += isDark(x, y) === isMasked(mask, x, y) ? '0' : '1'
      }
  }
  return Array.from({ length: Math.floor(bits.length / 8) }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2))
}

function isMasked(mask: number, x: number, y: number): boolean {
  const rules = [x + y, y, x, x + y, Math.floor(x / 3) + Math.floor(y / 2)]
  if (mask < 5) return rules[mask]! % [2, 2, 3, 3, 2][mask]! === 0
  const product = x * y
  if (mask === 5) return (product % 2) + (product % 3) === 0
  return ((mask === 6 ? (product % 2) + (product % 3) : ((x + y) % 2) + (product % 3)) & 1) === 0
}

/** What is the same in every code of a version: the corners, the lines between them, marks, and what says which version it is. */
function fixedOf(size: number, version: number): IsDark {
  const count = version === 1 ? 0 : Math.floor(version / 7) + 2
  const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2
  const marks = Array.from({ length: count }, (_, i) => (i === 0 ? 6 : size - 7 - (count - 1 - i) * step))
  const isMark: IsDark = (x, y) =>
    marks.some((mx) =>
      marks.some((my) => {
        const isCorner = (mx === 6 && my === 6) || (mx === 6 && my === size - 7) || (mx === size - 7 && my === 6)
        return !isCorner && Math.abs(mx - x) <= 2 && Math.abs(my - y) <= 2
      }),
    )
  return (x, y) => {
    if (x === 6 || y === 6 || (x < 9 && y < 9) || (x < 9 && y >= size - 8) || (x >= size - 8 && y < 9)) return true
    const isVersion = (a: number, b: number) => version >= 7 && a < 6 && b >= size - 11 && b < size - 8
    return isVersion(x, y) || isVersion(y, x) || isMark(x, y)
  }
}

function formatOf(isDark: IsDark): { readonly level: number; readonly mask: number } {
  const places: readonly (readonly [number, number])[] = [
    ...[0, 1, 2, 3, 4, 5].map((y) => [8, y] as const),
    ...([
      [8, 7],
      [8, 8],
      [7, 8],
    ] as const),
    ...[5, 4, 3, 2, 1, 0].map((x) => [x, 8] as const),
  ]
  const bits = places.reduce((sum, [x, y], i) => sum | (Number(isDark(x, y)) << i), 0) ^ 0x5412
  return { level: bits >> 13, mask: (bits >> 10) & 7 }
}

interface Pixels {
  readonly width: number
  readonly height: number
  readonly isDark: IsDark
}

/** The first dark line of a corner is seven modules long; between the corners every other module is dark, which says how many there are. */
function modulesOf({ width, height, isDark }: Pixels): { readonly size: number; readonly isDark: IsDark } {
  const xs = Array.from({ length: width }, (_, x) => x)
  const ys = Array.from({ length: height }, (_, y) => y)
  const top = ys.findIndex((y) => xs.some((x) => isDark(x, y)))
  const left = xs.findIndex((x) => ys.some((y) => isDark(x, y)))
  const right = xs.findLastIndex((x) => ys.some((y) => isDark(x, y)))
  const corner = xs.slice(left).findIndex((x) => !isDark(x, top))
  const between = Math.floor(top + (6.5 * corner) / 7)
  const turns = xs.slice(left + 1, right + 1).filter((x) => isDark(x, between) !== isDark(x - 1, between))
  const size = turns.length + 13
  const module = (right - left + 1) / size
  const middle = (from: number, i: number) => Math.floor(from + (i + 0.5) * module)
  return { size, isDark: (x, y) => isDark(middle(left, x), middle(top, y)) }
}

/** PNG (RFC 2083) of 8 bits and three or four channels, as browsers write it. */
function pixelsOf(png: Uint8Array): Pixels {
  const bytes = Buffer.from(png)
  const parts: Buffer[] = []
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  const [width, height, channels] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[25] === 6 ? 4 : 3]
  const raw = inflateSync(Buffer.concat(parts))
  const row = width * channels
  const pixels = new Uint8Array(row * height)
  for (let y = 0; y < height; y++)
    for (let i = 0; i < row; i++) {
      const at = y * row + i
      const a = i < channels ? 0 : pixels[at - channels]!
      const b = y === 0 ? 0 : pixels[at - row]!
      const c = i < channels || y === 0 ? 0 : pixels[at - row - channels]!
      pixels[at] = raw[y * (row + 1) + 1 + i]! + guess(raw[y * (row + 1)]!, a, b, c)
    }
  return { width, height, isDark: (x, y) => pixels[(y * width + x) * channels]! < 128 }
}

/** What a filter takes a pixel to be: left, above, and both (section 6). */
function guess(filter: number, a: number, b: number, c: number): number {
  if (filter < 4) return [0, a, b, (a + b) >> 1][filter]!
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)]
  if (pa <= pb && pa <= pc) return a
  return pb <= pc ? b : c
}
