/**
 * How an organisation comes onto the list of a ledger (D10-D14), as files that are handed from one to the other: application, inquiry, answer. Nothing in
 * them is secret, and each is signed, so the way they travel does not matter.
 */
import { join } from 'node:path'
import type { z } from 'zod'
import { ChordnsError, type Clock, fromHex, type Random, toHex } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { ed25519, ed25519Signer, type Signer } from '../../crypto/index.ts'
import { loadSeed, readTextFile, systemClock, systemRandom } from '../../io/index.ts'
import {
  answerBytes,
  applicationBytes,
  endorsePayload,
  isSignedInquiry,
  type LedgerGenesis,
  type Payload,
  parseGenesisText,
  signInquiry,
} from '../../ledger/index.ts'
import {
  answerFile,
  applicationFile,
  badFile,
  fileText,
  inquiryFile,
  inquiryOf,
  parseAs,
  textIn,
} from './admission-files.ts'
import { loadAccount } from './transactions.ts'

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
  return fileText({
    format: 'chordns/application/1',
    chain,
    chainId: toHex(chainId),
    list,
    account: toHex(account.publicKey),
    name,
    ringKey: toHex(ringKey),
    contact,
    signature: toHex(signature),
  } satisfies z.infer<typeof applicationFile>)
}

/** An endorser's signed question to the applicant's machine (D13). Throws KEY_*, LEDGER_FILE, FILE_UNREADABLE. */
export async function makeInquiry(
  config: Files,
  application: string,
  { clock = systemClock(), random = systemRandom() }: { readonly clock?: Clock; readonly random?: Random } = {},
): Promise<string> {
  const asked = readApplication(application)
  const chainId = fromHex(asked.chainId)
  const endorser = await loadAccount(config)
  const given = {
    list: asked.list,
    account: fromHex(asked.account),
    nonce: random.bytes(16),
    at: Math.floor(clock.now()),
  }
  const signed = signInquiry(chainId, endorser, given)
  return fileText({
    format: 'chordns/inquiry/1',
    chain: asked.chain,
    chainId: asked.chainId,
    list: asked.list,
    endorser: toHex(signed.endorser),
    account: asked.account,
    nonce: toHex(signed.nonce),
    at: signed.at,
    signature: toHex(signed.signature),
  } satisfies z.infer<typeof inquiryFile>)
}

/** The applicant's side: whose machine it is, and the key by which it is known in the ring. */
export interface ApplicantMachine {
  /** Hex. */
  readonly account: string
  readonly identity: Signer
}

/** Throws KEY_*. */
export async function loadApplicant(config: Files): Promise<ApplicantMachine> {
  const { publicKey } = await loadAccount(config)
  return { account: toHex(publicKey), identity: await identityOf(config) }
}

/**
 * The applicant's machine says that it is there, and whose (D14). `endorsers`: the keys that were obtained in another way, hex. `from`: what the text is
 * called where it is of no use. Throws LEDGER_FILE.
 */
export function answerTo(
  { account, identity }: ApplicantMachine,
  text: string,
  { from, endorsers }: { readonly from: string; readonly endorsers: ReadonlySet<string> },
): { readonly text: string; readonly endorser: string } {
  const { format: _, signature, ...asked } = parseAs(inquiryFile, text, from)
  if (!endorsers.has(asked.endorser))
    throw badFile(from, `endorser: it is from ${asked.endorser}, not from whom you named`)
  if (asked.account !== account) throw badFile(from, 'account: it is for another organisation')
  const chainId = fromHex(asked.chainId)
  if (!isSignedInquiry(ed25519, chainId, { ...inquiryOf(asked), signature: fromHex(signature) }))
    throw badFile(from, "signature: it is not the endorser's")
  const signed = identity.sign(answerBytes(chainId, inquiryOf(asked), identity.publicKey))
  const answer = { format: 'chordns/inquiry-answer/1', ...asked, signature: toHex(signed) } as const
  return { text: fileText(answer satisfies z.infer<typeof answerFile>), endorser: asked.endorser }
}

/** Throws KEY_*, LEDGER_FILE, FILE_UNREADABLE. */
export async function makeAnswer(config: Files, file: string, endorser: string): Promise<string> {
  return answerTo(await loadApplicant(config), textIn(file), { from: file, endorsers: new Set([endorser]) }).text
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
  const said = checkedAnswer(asked, textIn(files.answer), files.answer)
  const own = await loadAccount(config)
  if (said.endorser !== toHex(own.publicKey)) throw badFile(files.answer, 'endorser: it answers another endorser')
  const payload = endorsePayload(asked.list, fromHex(asked.account), {
    name: asked.name,
    ringKey: fromHex(asked.ringKey),
    contact: asked.contact,
    signature: fromHex(asked.signature),
    inquiry: { nonce: fromHex(said.nonce), at: said.at },
    answer: fromHex(said.signature),
  })
  return { chain: asked.chain, account: asked.account, name: asked.name, payload }
}

/** The answer of the machine that the application names, to whatever inquiry. Throws LEDGER_FILE. */
export function checkedAnswer(
  asked: z.infer<typeof applicationFile>,
  text: string,
  from: string,
): z.infer<typeof answerFile> {
  const said = parseAs(answerFile, text, from)
  for (const key of ['chainId', 'list', 'account'] as const)
    if (asked[key] !== said[key]) throw badFile(from, `${key}: not that of the application`)
  const ringKey = fromHex(asked.ringKey)
  const statement = answerBytes(fromHex(asked.chainId), inquiryOf(said), ringKey)
  if (!ed25519.verify(ringKey, statement, fromHex(said.signature)))
    throw badFile(from, "signature: it is not that of the applicant's machine")
  return said
}

/** Throws FILE_UNREADABLE, LEDGER_FILE. */
export function readApplication(file: string): z.infer<typeof applicationFile> {
  const asked = parseAs(applicationFile, textIn(file), file)
  const { name, contact } = asked
  const account = fromHex(asked.account)
  const ringKey = fromHex(asked.ringKey)
  const statement = applicationBytes(fromHex(asked.chainId), asked.list, account, { name, ringKey, contact })
  if (!ed25519.verify(account, statement, fromHex(asked.signature)))
    throw badFile(file, "signature: it is not the account's")
  return asked
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
