/** What customers send, command by command. What a field is called is RFC 5731's where it has it. */
import { z } from 'zod'
import { limits } from './limits.ts'

const name = z.string().min(3).max(255)
const key = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a public key: 64 hex digits in lower case' })
const signature = z
  .string()
  .regex(/^[0-9a-f]{128}$/, { error: 'must be an Ed25519 signature: 128 hex digits in lower case' })
const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 hex digits in lower case' })
const units = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const terms = z.int().min(1).max(1_000)
/** `TAG ALGORITHM DIGESTTYPE DIGEST`; no file of the registrar's machine. */
const ds = z
  .array(z.string().regex(/^\d{1,5} \d{1,3} \d{1,3} [0-9a-fA-F]{64,96}$/))
  .min(1)
  .max(2)
/** `NAME` or `NAME=ADDRESS,ADDRESS`. */
const ns = z.array(z.string().min(1).max(512)).min(1).max(4)
const settings = { ds, ns, cds: z.boolean() }

export const commands = {
  check: z.strictObject({ names: z.array(name).min(1).max(limits.MAX_CHECKED) }),
  info: z.strictObject({ name }),
  /** First the hash of what is to come, which tells nobody which name it is; two blocks later the rest. */
  create: z.union([
    z.strictObject({ tld: z.string().min(1).max(63), commit: hash }),
    z.strictObject({
      name,
      registrant: key,
      salt: hash,
      ds,
      ns,
      cds: z.boolean().default(true),
      period: terms.default(1),
      movable: z.boolean().default(false),
      guardians: hash.optional(),
      most: units.optional(),
      signature: signature.optional(),
    }),
  ]),
  renew: z.strictObject({ name, period: terms.default(1), most: units.optional() }),
  restore: z.strictObject({
    name,
    period: z.int().min(0).max(1_000).default(1),
    most: units.optional(),
    signature: signature.optional(),
  }),
  transfer: z.union([
    z.strictObject({ name, op: z.literal('query') }),
    z.strictObject({ name, op: z.literal('request'), to: key, signature: signature.optional() }),
    z.strictObject({ name, op: z.literal('cancel'), signature: signature.optional() }),
  ]),
  update: z.union([
    z.strictObject({ name, ...z.strictObject(settings).partial().shape, signature: signature.optional() }),
    z.strictObject({ name, lock: z.boolean(), signature: signature.optional() }),
  ]),
  delete: z.strictObject({ name, signature: signature.optional() }),
} as const

export type CommandName = keyof typeof commands
export type Command<C extends CommandName> = z.infer<(typeof commands)[C]>

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(commands, text)
}
