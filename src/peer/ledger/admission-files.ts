/** The files by which an organisation comes onto a list: what is in them, and what is wrong with one of no use. */
import { z } from 'zod'
import { ChordnsError, fromHex } from '../../base/index.ts'
import { readTextFile } from '../../io/index.ts'
import type { SignedInquiry } from '../../ledger/index.ts'

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), { error: `must be ${bytes} bytes in hex` })
const list = z.int().min(0).max(65_535)
const place = { chain: z.string().min(1).max(63), chainId: hex(32), list }

export const applicationFile = z.strictObject({
  format: z.literal('chordns/application/1'),
  ...place,
  account: hex(32),
  name: z.string().min(1).max(64),
  ringKey: hex(32),
  contact: z.string().min(1).max(128),
  signature: hex(64),
})
export const inquiryFile = z.strictObject({
  format: z.literal('chordns/inquiry/1'),
  ...place,
  endorser: hex(32),
  account: hex(32),
  nonce: hex(16),
  /** Unix ms. */
  at: z.int().min(0),
  signature: hex(64),
})
export const answerFile = z.strictObject({
  format: z.literal('chordns/inquiry-answer/1'),
  ...place,
  endorser: hex(32),
  account: hex(32),
  nonce: hex(16),
  at: z.int().min(0),
  signature: hex(64),
})

export function inquiryOf({
  list,
  endorser,
  account,
  nonce,
  at,
}: Omit<z.infer<typeof inquiryFile>, 'format' | 'signature'>): Omit<SignedInquiry, 'signature'> {
  return { list, endorser: fromHex(endorser), account: fromHex(account), nonce: fromHex(nonce), at }
}

/** Throws FILE_UNREADABLE. */
export function textIn(file: string): string {
  const text = readTextFile(file)
  if (text === undefined) throw new ChordnsError('FILE_UNREADABLE', `there is no file ${file}`, { file })
  return text
}

/** `from`: what the text is called where it is of no use. Throws LEDGER_FILE. */
export function parseAs<T>(schema: z.ZodType<T>, text: string, from: string): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw badFile(from, 'it is not JSON')
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badFile(from, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
}

export function badFile(file: string, what: string) {
  return new ChordnsError('LEDGER_FILE', `${file}: ${what}`, { file, what })
}

export function fileText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
