/** RDATA as text and back: by the table, and in the form for unknown types (RFC 3597 section 5). */
import { fromHex, isChordnsError, toHex } from '../../base/index.ts'
import { badText } from '../errors.ts'
import { ROOT } from '../names/names.ts'
import { shown } from '../names/names-text.ts'
import { type Token, TokenCursor, tokensOf } from '../text/tokens.ts'
import { typeToText } from '../text/types-text.ts'
import type { Name } from '../types.ts'
import { type FieldKind, KINDS } from './kinds.ts'
import { type Shape, shapeOfType } from './table.ts'
import { type RdataFields, readFields, writeFields } from './view.ts'

/**
 * Presentation form of uncompressed RDATA. Never throws: RDATA that is not made as its type says is shown in the generic
 * form, `\# length hex`, which names the same octets.
 */
export function rdataToText(type: number, rdata: Uint8Array): string {
  const shape = shapeOfType(type)
  if (shape === undefined || shape.generic === true) return genericText(rdata)
  let fields: RdataFields
  try {
    fields = readFields(shape, rdata)
  } catch (error) {
    if (!isChordnsError(error, 'DNS_MALFORMED')) throw error
    return genericText(rdata)
  }
  const texts = shape.entries.map(([field, kind]) => (KINDS[kind] as FieldKind<unknown>).toText(fields[field]))
  // An empty last field leaves no trace; where nothing else is there, no tool would read nothing at all.
  return texts.filter((text) => text !== '').join(' ') || genericText(rdata)
}

/**
 * Wire form of rdata text, or of its tokens. Relative names get `origin`; `\#` is accepted for every type and then checked
 * against the type's structure. Throws DNS_BAD_TEXT.
 */
export function rdataFromText(type: number, text: string | readonly Token[], origin: Name = ROOT): Uint8Array {
  const tokens = typeof text === 'string' ? tokensOf(text) : text
  const shape = shapeOfType(type)
  if (tokens[0]?.text === '\\#' && !tokens[0].quoted) return fromGeneric(type, shape, tokens)
  if (shape === undefined || shape.generic === true) {
    throw badText(`rdata of ${typeToText(type)} must be written as \\# length hex`)
  }
  const cursor = new TokenCursor(tokens, origin)
  try {
    return fromFields(type, shape, cursor)
  } catch (error) {
    throw placed(error, type, cursor.last)
  }
}

function fromFields(type: number, shape: Shape, cursor: TokenCursor): Uint8Array {
  const fields: Record<string, unknown> = {}
  for (const [field, kind] of shape.entries) fields[field] = KINDS[kind].fromText(cursor, field)
  if (!cursor.done) throw badText(`more than ${typeToText(type)} takes: ${shown(cursor.next('').text)}`)
  return writeFields(shape, fields)
}

/** The kinds of field know what is wrong, the cursor knows where. */
function placed(error: unknown, type: number, token: Token | undefined): unknown {
  if (!isChordnsError(error)) return error
  const what = 'what' in error.detail ? String(error.detail.what) : error.message
  return badText(`${typeToText(type)}: ${what}`, token)
}

function genericText(rdata: Uint8Array): string {
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${toHex(rdata).toUpperCase()}`
}

function fromGeneric(type: number, shape: Shape | undefined, tokens: readonly Token[]): Uint8Array {
  const cursor = new TokenCursor(tokens.slice(1), ROOT)
  const length = cursor.number('rdata length', 65_535)
  const digits = cursor
    .rest()
    .map(({ text }) => text)
    .join('')
  if (digits.length !== 2 * length || !/^[0-9a-fA-F]*$/.test(digits))
    throw badText(`\\# ${length} needs ${length} octets in hex`)
  const rdata = fromHex(digits)
  if (shape !== undefined) {
    try {
      readFields(shape, rdata)
    } catch (error) {
      throw isChordnsError(error, 'DNS_MALFORMED')
        ? badText(`no rdata of ${typeToText(type)}: ${error.message}`)
        : error
    }
  }
  return rdata
}
