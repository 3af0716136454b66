/**
 * How an organisation comes onto the list of a ledger (D10-D14), as files that are handed from one to the other: application, inquiry, answer. Nothing in
 * them is secret, and each is signed, so the way they travel does not matter.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { ChordnsError, type Clock, fromHex, type Random, toHex } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { ed25519, ed25519Signer } from '../../crypto/index.ts'
import { loadSeed, readTextFile, systemClock, systemRandom } from '../../io/index.ts'
import {
  answerBytes,
  applicationBytes,
  endorsePayload,
  isSignedInquiry,
  type LedgerGenesis,
  type Payload,
  parseGenesisText,
  type SignedInquiry,
  signInquiry,
} from '../../ledger/index.ts'
import { loadAccount } from './transactions.ts'

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), { error: `must be ${bytes} bytes in hex` })
const list = z.int().min(0).max(65_535)
const place = { chain: z.string().min(1).max(63), chainId: hex(32), list }

const application = z.strictObject({
  format: z.literal('chordns/application/1'),
  ...place,
  account: hex(32),
  name: z.string().min(1).max(64),
  ringKey: hex(32),
  contact: z.string().min(1).max(128),
  signature: hex(64),
})
const inquiry = z.strictObject({
  format: z.literal('chordns/inquiry/1'),
  ...place,
  endorser: hex(32),
  account: hex(32),
  nonce: hex(16),
  /** Unix ms. */
  at: z.int().min(0),
  signature: hex(64),
})
const answer = z.strictObject({
  format: z.literal('chordns/inquiry-answer/1'),
  ...place,
  endorser: hex(32),
  account: hex(32),
  nonce: hex(16),
  at: z.int().min(0),
  signature: hex(64),
})

type Files = Pick<Config, 'data' | 'ledger'>

/** What an organisation asks to be admitted as, signed by its account (D11). Throws KEY_*, LEDGER_GENESIS, USAGE. */
export async function makeApplication(
  config: Files,
  {
    chain,
    list,
    name,
    contact,
  }: { readonly chain: string; readonly list: number; readonly name: string; readonly contact: string },
): Promise<string> {
  const { chainId } = genesisOf(config, chain)
  const account = await loadAccount(config)
  const ringKey = (await identityOf(config)).publicKey
  const signature = account.sign(applicationBytes(chainId, list, account.publicKey, { name, ringKey, contact }))
  return textOf({
    format: 'chordns/application/1',
    chain,
    chainId: toHex(chainId),
    list,
    account: toHex(account.publicKey),
    name,
    ringKey: toHex(ringKey),
    contact,
    signature: toHex(signature),
  } satisfies z.infer<typeof application>)
}

/** An endorser's signed question to the applicant's machine (D13). Throws KEY_*, LEDGER_FILE, FILE_UNREADABLE. */
export async function makeInquiry(
  config: Files,
  applicationFile: string,
  { clock = systemClock(), random = systemRandom() }: { readonly clock?: Clock; readonly random?: Random } = {},
): Promise<string> {
  const asked = readApplication(applicationFile)
  const chainId = fromHex(asked.chainId)
  const endorser = await loadAccount(config)
  const given = {
    list: asked.list,
    account: fromHex(asked.account),
    nonce: random.bytes(16),
    at: Math.floor(clock.now()),
  }
  const signed = signInquiry(chainId, endorser, given)
  return textOf({
    format: 'chordns/inquiry/1',
    chain: asked.chain,
    chainId: asked.chainId,
    list: asked.list,
    endorser: toHex(signed.endorser),
    account: asked.account,
    nonce: toHex(signed.nonce),
    at: signed.at,
    signature: toHex(signed.signature),
  } satisfies z.infer<typeof inquiry>)
}

/** The applicant's machine says that it is there, and whose (D14). `endorser`: the key that was obtained in another way, hex. */
export async function makeAnswer(config: Files, inquiryFile: string, endorser: string): Promise<string> {
  const { format: _, signature, ...asked } = read(inquiry, inquiryFile)
  if (asked.endorser !== endorser)
    throw badFile(inquiryFile, `endorser: it is from ${asked.endorser}, not from whom you named`)
  const account = await loadAccount(config)
  if (asked.account !== toHex(account.publicKey)) throw badFile(inquiryFile, 'account: it is for another organisation')
  const chainId = fromHex(asked.chainId)
  if (!isSignedInquiry(ed25519, chainId, { ...inquiryOf(asked), signature: fromHex(signature) }))
    throw badFile(inquiryFile, "signature: it is not the endorser's")
  const identity = await identityOf(config)
  const signed = identity.sign(answerBytes(chainId, inquiryOf(asked), identity.publicKey))
  return textOf({ format: 'chordns/inquiry-answer/1', ...asked, signature: toHex(signed) } satisfies z.infer<
    typeof answer
  >)
}

export interface EndorsementFiles {
  readonly application: string
  readonly answer: string
}

/** What the endorser's transaction says (D12), and of which chain and account it is. Throws LEDGER_FILE when the files do not belong together. */
export async function endorsementFrom(
  config: Files,
  files: EndorsementFiles,
): Promise<{ readonly chain: string; readonly account: string; readonly name: string; readonly payload: Payload }> {
  const asked = readApplication(files.application)
  const said = read(answer, files.answer)
  const chainId = fromHex(asked.chainId)
  for (const key of ['chainId', 'list', 'account'] as const)
    if (asked[key] !== said[key]) throw badFile(files.answer, `${key}: not that of ${files.application}`)
  const own = await loadAccount(config)
  if (said.endorser !== toHex(own.publicKey)) throw badFile(files.answer, 'endorser: it answers another endorser')
  const ringKey = fromHex(asked.ringKey)
  if (!ed25519.verify(ringKey, answerBytes(chainId, inquiryOf(said), ringKey), fromHex(said.signature)))
    throw badFile(files.answer, "signature: it is not that of the applicant's machine")
  const payload = endorsePayload(asked.list, fromHex(asked.account), {
    name: asked.name,
    ringKey,
    contact: asked.contact,
    signature: fromHex(asked.signature),
    inquiry: { nonce: fromHex(said.nonce), at: said.at },
    answer: fromHex(said.signature),
  })
  return { chain: asked.chain, account: asked.account, name: asked.name, payload }
}

function readApplication(file: string): z.infer<typeof application> {
  const asked = read(application, file)
  const { name, contact } = asked
  const account = fromHex(asked.account)
  const ringKey = fromHex(asked.ringKey)
  const statement = applicationBytes(fromHex(asked.chainId), asked.list, account, { name, ringKey, contact })
  if (!ed25519.verify(account, statement, fromHex(asked.signature)))
    throw badFile(file, "signature: it is not the account's")
  return asked
}

function inquiryOf({
  list,
  endorser,
  account,
  nonce,
  at,
}: Omit<z.infer<typeof inquiry>, 'format' | 'signature'>): Omit<SignedInquiry, 'signature'> {
  return { list, endorser: fromHex(endorser), account: fromHex(account), nonce: fromHex(nonce), at }
}

async function identityOf({ data }: Files) {
  return ed25519Signer(await loadSeed(join(data, 'identity.key'), 'node identity'))
}

/** Throws USAGE, LEDGER_GENESIS, FILE_UNREADABLE. */
function genesisOf({ ledger: { genesis: file } }: Files, chain: string): LedgerGenesis {
  const text = file === undefined ? undefined : readTextFile(file)
  if (text === undefined) throw new ChordnsError('USAGE', 'set ledger.genesis to the genesis file of the ledgers', {})
  const all = parseGenesisText(text)
  const found = all.find(({ genesis }) => genesis.name === chain)
  if (found !== undefined) return found
  const names = all.map(({ genesis }) => genesis.name).join(', ')
  throw new ChordnsError('USAGE', `there is no ledger ${chain} in ${file}; there are: ${names}`, {})
}

function read<T>(schema: z.ZodType<T>, file: string): T {
  const text = readTextFile(file)
  if (text === undefined) throw new ChordnsError('FILE_UNREADABLE', `there is no file ${file}`, { file })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw badFile(file, 'it is not JSON')
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badFile(file, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
}

function badFile(file: string, what: string) {
  return new ChordnsError('LEDGER_FILE', `${file}: ${what}`, { file, what })
}

function textOf(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
