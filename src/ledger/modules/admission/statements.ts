/** What an applicant, an endorser and the applicant's machine sign before an endorsement is sent (D11-D14). */
import {
  type CborValue,
  encodeCanonical,
  type SignatureScheme,
  type Signer,
  sha256,
  signedBytes,
} from '../../../crypto/index.ts'

/** What an applicant asks to be admitted as. */
export interface AdmissionApplication {
  readonly name: string
  /** Of the machine that is to be a member of the ring. */
  readonly ringKey: Uint8Array
  /** Where people reach the organisation. */
  readonly contact: string
}

/** An endorser's question to an applicant's machine: is this yours, and are you there (D13). */
export interface Inquiry {
  readonly list: number
  readonly endorser: Uint8Array
  readonly account: Uint8Array
  /** 16 bytes that nobody could know before. */
  readonly nonce: Uint8Array
  /** Unix ms. */
  readonly at: number
}

/** The account signs this: nobody is endorsed under a name, or with a machine, that is not its own word. */
export function applicationBytes(
  chainId: Uint8Array,
  list: number,
  account: Uint8Array,
  { name, ringKey, contact }: AdmissionApplication,
): Uint8Array {
  return statement('chordns/application/1', [chainId, list, account, name, ringKey, contact])
}

/** The endorser's account signs this. */
export function inquiryBytes(chainId: Uint8Array, { list, endorser, account, nonce, at }: Inquiry): Uint8Array {
  return statement('chordns/inquiry/1', [chainId, list, endorser, account, nonce, at])
}

/** The machine's ring key signs this: it holds the key now, and knows for whom (D14). */
export function answerBytes(chainId: Uint8Array, inquiry: Inquiry, ringKey: Uint8Array): Uint8Array {
  const { list, endorser, account, nonce, at } = inquiry
  return statement('chordns/inquiry-answer/1', [chainId, list, endorser, account, ringKey, nonce, at])
}

/** A new ring key signs this, when an organisation changes its machine. */
export function ringKeyBytes(chainId: Uint8Array, list: number, account: Uint8Array, ringKey: Uint8Array): Uint8Array {
  return statement('chordns/ring-key/1', [chainId, list, account, ringKey])
}

export interface SignedInquiry extends Inquiry {
  readonly signature: Uint8Array
}

export function signInquiry(chainId: Uint8Array, signer: Signer, inquiry: Omit<Inquiry, 'endorser'>): SignedInquiry {
  const whole = { ...inquiry, endorser: signer.publicKey }
  return { ...whole, signature: signer.sign(inquiryBytes(chainId, whole)) }
}

export function isSignedInquiry(scheme: SignatureScheme, chainId: Uint8Array, inquiry: SignedInquiry): boolean {
  return scheme.verify(inquiry.endorser, inquiryBytes(chainId, inquiry), inquiry.signature)
}

/** Hides a secret: of one validator, made in one epoch, on one chain, so that nobody can use another's. */
export function commitmentTo(
  chainId: Uint8Array,
  validator: Uint8Array,
  epoch: number,
  secret: Uint8Array,
): Uint8Array {
  return sha256(statement('chordns/draw-secret/1', [chainId, validator, epoch, secret]))
}

export function drawn(
  chainId: Uint8Array,
  draw: number,
  before: Uint8Array,
  secrets: readonly (readonly [validator: Uint8Array, secret: Uint8Array])[],
): Uint8Array {
  return sha256(statement('chordns/draw/1', [chainId, draw, before, secrets.map((one) => [...one])]))
}

/** The salt of a key: nobody knew it when the key was registered. The member id is SHA-256(key || salt). */
export function saltFrom(randomness: Uint8Array, list: number, ringKey: Uint8Array): Uint8Array {
  return sha256(statement('chordns/salt/1', [randomness, list, ringKey]))
}

function statement(tag: string, fields: readonly CborValue[]): Uint8Array {
  return signedBytes(tag, encodeCanonical([...fields]))
}
