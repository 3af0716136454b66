/** Bounds of claims. All of them are rules of the chain: another value needs another number of the rules. */
const MINUTE_MS = 60 * 1_000
const DAY_MS = 24 * 60 * MINUTE_MS

export const limits = {
  /** Claims that are open at once: each validator looks at each of them. With 100 validators they have 200 kB. */
  MAX_OPEN: 64,
  /** Of one account: who wants to fill all places needs sixteen endorsed organisations, and loses a bond for each claim. */
  MAX_OPEN_EACH: 4,
  /** Claims that are over and stay in the state, so that who made them sees what became of them. */
  KEPT_CLAIMS: 256,
  MAX_CLAIMS: 0xffff_ffff,
  /** How long validators may take to look: what is due at the end of a block is bounded by MAX_OPEN. */
  LEAST_WINDOW_MS: 5_000,
  MOST_WINDOW_MS: 30 * DAY_MS,
  /** Where the genesis says nothing else. Long enough for a TXT record that was put in place a moment ago, and for one that must not stand for a minute only. */
  WINDOW_MS: 60 * MINUTE_MS,
  /** In units, where names have prices. */
  BOND: 100,
  MOST_BOND: 2 ** 40,
  /** DS records of the root: two of IANA now, and as many in a roll-over. */
  MAX_ANCHORS: 8,
  /** Root keys, then DS and keys of the TLD, DS and keys of the domain, the text. TLDs with a zone between have two more. */
  MAX_SETS: 8,
  /** Records of one set, and bytes of each. A set of a TLD in a roll-over has four or five RSA keys. */
  MAX_RECORDS: 12,
  MAX_RDATA_BYTES: 1_100,
  /** RRSIG rdata: 18 bytes, a name, a signature of 4,096 bits. */
  MAX_SIGNATURE_BYTES: 800,
  /** Of a whole chain of sets; a third of a largest transaction. With one signature a set, and two keys of one tag, it costs 16 checks (KeyTrap, CVE-2023-50387). */
  MAX_PROOF_BYTES: 12_000,
  MAX_CHECKS: 16,
  /** A text that was signed before is not shown any more: signers sign anew within a month. In seconds. */
  MAX_PROOF_AGE_S: 31 * 24 * 60 * 60,
  /** A claim in the state: a hundred validators by id, and settings. */
  MAX_CLAIM_BYTES: 8_192,
  /** Records of a domain that have the form of a claim: the others are passed over. */
  MAX_TEXTS: 64,
} as const
