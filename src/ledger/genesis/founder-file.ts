/** What an organisation hands to whoever founds a ledger: its name and public keys. Made by `chordns ledger keygen`. */
import { z } from 'zod'
import { fromHex, toHex } from '../../base/index.ts'
import { badGenesis } from '../refusal.ts'
import type { Founder } from '../types.ts'

const FORMAT = 'chordns/founder/1'
const key = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 32 bytes in hex' })
const schema = z.strictObject({
  format: z.literal(FORMAT),
  name: z.string().min(1).max(64),
  account: key,
  member: key,
  voting: key.nullable(),
})

export function founderText({ name, account, memberKey, votingKey }: Omit<Founder, 'isEndorser'>): string {
  const voting = votingKey === undefined ? null : toHex(votingKey)
  return `${JSON.stringify({ format: FORMAT, name, account: toHex(account), member: toHex(memberKey), voting }, undefined, 2)}\n`
}

/** Throws LEDGER_GENESIS with the place in `file`. */
export function parseFounderText(file: string, text: string): Omit<Founder, 'isEndorser'> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw badGenesis(`${file} is not JSON`)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw badGenesis(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
  }
  const { name, account, member, voting } = parsed.data
  return {
    name,
    account: fromHex(account),
    memberKey: fromHex(member),
    votingKey: voting === null ? undefined : fromHex(voting),
  }
}
