/** LOC: RFC 1876. */
import { badText } from '../errors.ts'
import { shown } from '../names/names-text.ts'
import type { TokenCursor } from '../text/tokens.ts'
import type { RdataReader, RdataWriter } from './cursor.ts'

export interface Location {
  /** Diameter and precisions in centimetres: a digit times a power of ten, up to 9e9. */
  readonly size: number
  readonly horizontalPrecision: number
  readonly verticalPrecision: number
  /** Thousandths of an arc second north of the equator, and east of the prime meridian. */
  readonly latitude: number
  readonly longitude: number
  /** Centimetres above the WGS 84 spheroid. */
  readonly altitude: number
}

const EQUATOR = 2 ** 31
const SEA_LEVEL = 10_000_000
/** RFC 1876 section 2: thousandths of a second of arc. */
const MAX_LATITUDE = 90 * 3_600_000
const MAX_LONGITUDE = 180 * 3_600_000

export function readLocation(reader: RdataReader): Location {
  const version = reader.uint(1)
  if (version !== 0) throw reader.fail(`LOC version ${version}`)
  const [size, horizontalPrecision, verticalPrecision] = [readScale(reader), readScale(reader), readScale(reader)]
  const latitude = reader.uint(4) - EQUATOR
  const longitude = reader.uint(4) - EQUATOR
  if (Math.abs(latitude) > MAX_LATITUDE || Math.abs(longitude) > MAX_LONGITUDE) throw reader.fail('no such place')
  return { size, horizontalPrecision, verticalPrecision, latitude, longitude, altitude: reader.uint(4) - SEA_LEVEL }
}

export function writeLocation(writer: RdataWriter, value: Location): void {
  writer.uint(1, 0)
  for (const scale of [value.size, value.horizontalPrecision, value.verticalPrecision])
    writer.uint(1, scaleOctet(scale))
  writer.uint(4, value.latitude + EQUATOR)
  writer.uint(4, value.longitude + EQUATOR)
  writer.uint(4, value.altitude + SEA_LEVEL)
}

export function locationToText(value: Location): string {
  const metres = [value.altitude, value.size, value.horizontalPrecision, value.verticalPrecision].map(metresText)
  return `${angleText(value.latitude, 'N', 'S')} ${angleText(value.longitude, 'E', 'W')} ${metres.join(' ')}`
}

/** Degrees, then optionally minutes and seconds; altitude; then optionally size and precisions (RFC 1876 section 3). */
export function locationFromText(tokens: TokenCursor): Location {
  const latitude = readAngle(tokens, 'N', 'S', MAX_LATITUDE)
  const longitude = readAngle(tokens, 'E', 'W', MAX_LONGITUDE)
  const altitude = readMetres(tokens.next('altitude').text)
  const scale = (otherwise: number): number => {
    if (tokens.done) return otherwise
    const centimetres = readMetres(tokens.next('size').text)
    return scaleValue(scaleOctet(centimetres))
  }
  if (altitude < -SEA_LEVEL || altitude > 0xffff_ffff - SEA_LEVEL) throw badText('the altitude is out of range')
  return {
    latitude,
    longitude,
    altitude,
    size: scale(100),
    horizontalPrecision: scale(1_000_000),
    verticalPrecision: scale(1_000),
  }
}

/** Section 2: the high four bits are a digit, the low four the power of ten it is multiplied with. */
function readScale(reader: RdataReader): number {
  const octet = reader.uint(1)
  if (octet >> 4 > 9 || (octet & 15) > 9) throw reader.fail('a LOC size has digits above 9')
  // 0 with a power is 0 all the same: it comes back as 0x00, so it is refused here rather than changed.
  if (octet >> 4 === 0 && octet !== 0) throw reader.fail('a LOC size of zero with an exponent')
  return scaleValue(octet)
}

function scaleValue(octet: number): number {
  return (octet >> 4) * 10 ** (octet & 15)
}

/** The greatest octet whose value is not above; a single digit is kept. */
function scaleOctet(centimetres: number): number {
  let digit = centimetres
  let power = 0
  while (digit >= 10) {
    digit = Math.floor(digit / 10)
    power++
  }
  if (!(digit >= 0) || power > 9) throw badText('a LOC size must be 0 to 90000000.00m')
  return digit === 0 ? 0 : (digit << 4) | power
}

function metresText(centimetres: number): string {
  const sign = centimetres < 0 ? '-' : ''
  const absolute = Math.abs(centimetres)
  return `${sign}${Math.floor(absolute / 100)}.${(absolute % 100).toString().padStart(2, '0')}m`
}

function angleText(thousandths: number, positive: string, negative: string): string {
  const absolute = Math.abs(thousandths)
  const seconds = `${Math.floor((absolute % 60_000) / 1000)}.${(absolute % 1000).toString().padStart(3, '0')}`
  const minutes = Math.floor(absolute / 60_000) % 60
  return `${Math.floor(absolute / 3_600_000)} ${minutes} ${seconds} ${thousandths < 0 ? negative : positive}`
}

function readAngle(tokens: TokenCursor, positive: string, negative: string, max: number): number {
  const parts: number[] = []
  for (;;) {
    const { text } = tokens.next('direction')
    const direction = text.toUpperCase()
    if (direction === positive || direction === negative) {
      const [degrees = Number.NaN, minutes = 0, seconds = 0] = parts
      const thousandths = degrees * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000)
      if (parts.length > 3 || minutes >= 60 || seconds >= 60 || !(thousandths <= max)) throw badText('no such place')
      return direction === negative && thousandths !== 0 ? -thousandths : thousandths
    }
    const form = parts.length < 2 ? /^\d{1,3}$/ : /^\d{1,2}(\.\d{1,3})?$/
    if (!form.test(text)) throw badText(`not a part of a place: ${shown(text)}`)
    parts.push(Number(text))
  }
}

function readMetres(text: string): number {
  const parts = /^(-?)(\d{1,8})(?:\.(\d{1,2}))?m?$/i.exec(text)
  if (parts === null) throw badText(`not a length in metres: ${shown(text)}`)
  const centimetres = Number(parts[2]) * 100 + Number((parts[3] ?? '').padEnd(2, '0'))
  return parts[1] === '-' && centimetres !== 0 ? -centimetres : centimetres
}
