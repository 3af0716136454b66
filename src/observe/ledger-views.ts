/** What the status API says of ledgers, as JSON. Hashes and keys are hex. */
import { z } from 'zod'

const hex = z.string().regex(/^([0-9a-f]{2})*$/)

export const ledgerStatusView = z.object({
  chains: z.array(
    z.object({
      name: z.string(),
      chainId: hex,
      /** validator: in the set now; full: runs the chain; light: follows its headers. */
      role: z.enum(['validator', 'full', 'light']),
      /** Of the newest header that is trusted. */
      head: z.object({
        height: z.number(),
        /** Unix ms; 0: none yet. */
        time: z.number(),
        state: z.enum(['fresh', 'stale', 'expired', 'forked']),
        /** Of the header: what `ledger.trust` names. */
        blockId: hex.nullable(),
        stateRoot: hex.nullable(),
        validators: z.number(),
      }),
      /** Which other chains it has linked, and up to where; null: that is not known now. */
      links: z
        .array(
          z.object({
            chain: z.string(),
            /** 0: it is to be linked, and no checkpoint is yet. */
            height: z.number(),
            /** Unix ms, of the header that was linked last; 0: none. */
            time: z.number(),
            /** Two notes or headers were shown that cannot both be true: it is linked no more. */
            forked: z.boolean(),
            /** It is so long ago that nothing follows it any more: nodes vote where it begins anew (`chordns ledger link`). */
            over: z.boolean(),
            /** Who signed both; hex ids. */
            signers: z.array(hex),
          }),
        )
        .nullable(),
      /** Null where this node does not run the chain. */
      engine: z
        .object({
          height: z.number(),
          target: z.number(),
          round: z.number(),
          step: z.string(),
          waiting: z.number(),
          halted: z.string().nullable(),
          stats: z.record(z.string(), z.number()),
        })
        .nullable(),
    }),
  ),
})
export type LedgerStatusView = z.infer<typeof ledgerStatusView>

/** How a node may vote on the link of another chain. */
export const linkVoteView = z.object({
  chain: z.string(),
  /** The other chain. */
  of: z.string(),
  /** Linked up to here. */
  height: z.number(),
  /** Where the link would begin. */
  at: z.number(),
  state: z.enum(['not begun', 'linked', 'over', 'forked']),
  /** Null: there is nothing to vote on. */
  payload: hex.nullable(),
})
export type LinkVoteView = z.infer<typeof linkVoteView>

export const accountView = z.object({
  chain: z.string(),
  account: hex,
  nonce: z.number(),
  /** The number of its next transaction, behind those that this node has handed in. */
  next: z.number(),
  balance: z.number(),
  /** The newest header knows it as of its time; false: it may be old. */
  fresh: z.boolean(),
})
export type AccountView = z.infer<typeof accountView>

export const submittedView = z.object({ chain: z.string(), transaction: hex })
export type SubmittedView = z.infer<typeof submittedView>

/** Null: in no block that is remembered, within the time that was given. */
export const outcomeView = z
  .object({ height: z.number(), code: z.number(), fee: z.number(), detail: z.string() })
  .nullable()
export type OutcomeView = z.infer<typeof outcomeView>

export const provenView = z.object({
  chain: z.string(),
  height: z.number(),
  time: z.number(),
  fresh: z.boolean(),
  values: z.array(z.object({ key: hex, value: hex.nullable() })),
  proof: hex,
})
export type ProvenView = z.infer<typeof provenView>

/** A piece of the state after one block: base64, as `encodePiece` of chain has it. */
export const statePieceView = z.object({
  chain: z.string(),
  chainId: hex,
  height: z.number(),
  /** Unix ms, of the header. */
  time: z.number(),
  stateRoot: hex,
  piece: z.string(),
})
export type StatePieceView = z.infer<typeof statePieceView>

/** The file is base64. */
export const proofFileView = z.object({ chain: z.string(), file: z.string() })
export type ProofFileView = z.infer<typeof proofFileView>

export const cdsView = z.object({ chain: z.string(), payload: hex, cds: z.array(hex) })
export type CdsView = z.infer<typeof cdsView>

/** Signed sets that prove the text of a claimed domain, hex. */
export const claimProofView = z.object({ chain: z.string(), sets: hex })
export type ClaimProofView = z.infer<typeof claimProofView>

/** Who vouches for who has a key. */
export const identityView = z.object({
  vouched: z.array(z.object({ certifier: z.string(), account: hex, name: z.string(), until: z.string() })),
})
export type IdentityView = z.infer<typeof identityView>

export const headView = z.object({ chain: z.string(), height: z.number(), fresh: z.boolean() })
export type HeadView = z.infer<typeof headView>
/** Who certifies the keys of a name (M16). */
export const certifiersView = z.object({
  name: z.string(),
  certifiers: z.array(
    z.object({
      /** `dns`, or the name of a ledger's chain. */
      by: z.string(),
      who: z.string(),
      says: z.enum(['keys', 'no keys', 'unknown']),
      /** What the word of this one is worth to this node; null: it cannot be had now. */
      security: z.enum(['secure', 'insecure', 'bogus', 'indeterminate']).nullable(),
      /** DS records as text. */
      ds: z.array(z.string()),
      /** Of a ledger's block; unix ms. */
      height: z.number().nullable(),
      time: z.number().nullable(),
    }),
  ),
  /** Whose word counts here. */
  believed: z.enum(['ledger', 'dns']),
})
export type CertifiersView = z.infer<typeof certifiersView>

/** The list of who may be in the ring, or of another application. */
export const membersView = z.object({
  chain: z.string(),
  list: z.number(),
  height: z.number(),
  fresh: z.boolean(),
  members: z.array(
    z.object({
      account: hex,
      name: z.string(),
      contact: z.string(),
      ringKey: hex,
      isEndorser: z.boolean(),
      endorsers: z.array(hex),
      /** Its place on the ring; null: its salt is not drawn yet. */
      nodeId: hex.nullable(),
    }),
  ),
})
export type MembersView = z.infer<typeof membersView>

/** The TLDs of the Root chain. */
export const tldsView = z.object({
  height: z.number(),
  fresh: z.boolean(),
  tlds: z.array(
    z.object({
      tld: z.string(),
      /** Account; null: nobody has it. */
      registry: hex.nullable(),
      chainId: hex.nullable(),
      isLedgerOnly: z.boolean(),
      /** Name servers and keys of the TLD's own zone. */
      servers: z.number(),
      keys: z.number(),
      /** Height of the last change. */
      changed: z.number(),
      /** Whether this node follows that chain: then it resolves names below it by this precedence. */
      isFollowed: z.boolean(),
      precedence: z.enum(['ledger', 'dns', 'ledger-only']),
    }),
  ),
})
export type TldsView = z.infer<typeof tldsView>

/** A signed note as text. */
export const checkpointView = z.object({ chain: z.string(), note: z.string().nullable() })
export type CheckpointView = z.infer<typeof checkpointView>

const reply = z.object({ account: hex, inFavour: z.boolean() })

/** Who governs a chain, what its members decide about each other, and what became of who was removed. */
export const governanceView = z.object({
  chain: z.string(),
  height: z.number(),
  fresh: z.boolean(),
  /** False: the chain was founded without governance. */
  isGoverned: z.boolean(),
  rules: z.object({
    complaints: z.number(),
    periodMs: z.number(),
    motionMs: z.number(),
    waitMs: z.number(),
    repairMs: z.number(),
    holdMs: z.number(),
    promotion: z.boolean(),
    text: z.string(),
  }),
  members: z.array(
    z.object({
      account: hex,
      name: z.string(),
      role: z.string(),
      /** authority: it validates in this epoch; backup: it is to be promoted first; leader: it has neither vote nor seat. */
      standing: z.enum(['authority', 'normal', 'backup', 'leader']),
      /** What is known of it: height at which it joined, blocks verified lately of at most 800, complaints of the last period. */
      joined: z.number(),
      verified: z.number(),
      complaints: z.number(),
    }),
  ),
  motions: z.array(
    z.object({
      number: z.number(),
      kind: z.string(),
      /** Account or label that it is about; null: all. */
      about: z.string().nullable(),
      text: z.string(),
      heights: z.array(z.number()),
      /** Null: so many complaints. */
      by: hex.nullable(),
      /** Unix ms. */
      until: z.number(),
      state: z.string(),
      needed: z.number(),
      replies: z.array(reply),
      /** What this node found, of a review on a chain that it runs. */
      found: z
        .object({
          blocks: z.number(),
          abnormal: z.array(z.number()),
          missing: z.array(z.number()),
          hasBrokenLock: z.boolean(),
          carried: z.array(z.object({ height: z.number(), transaction: hex })),
          verdict: z.enum(['remove', 'keep', 'for people to say']),
        })
        .nullable(),
    }),
  ),
  /** Open votes beside motions: of all nodes, or of the endorsers of a list. */
  votes: z.array(
    z.object({
      /** What they are on: nodes, TLDs, certifiers, rules of names, root keys, modules, links, endorsers. */
      about: z.string(),
      /** Whose endorsers vote; null: all nodes do. */
      list: z.number().nullable(),
      /** SHA-256 of what is voted on. */
      hash: hex,
      /** Null: this node does not keep the block in which it was opened, or nodes say it by themselves. */
      text: z.string().nullable(),
      /** Who opened it, and in which block; null as the text is. */
      by: hex.nullable(),
      height: z.number().nullable(),
      /** Unix ms. */
      opened: z.number(),
      until: z.number(),
      inFavour: z.array(hex),
      needed: z.number(),
    }),
  ),
  /** Who was removed. */
  cases: z.array(
    z.object({
      account: hex,
      motion: z.number(),
      reason: z.string(),
      height: z.number(),
      held: z.number(),
      paid: z.number(),
      isRepaired: z.boolean(),
      /** Unix ms. */
      barredUntil: z.number(),
    }),
  ),
  hidden: z.array(z.object({ label: z.string(), reason: z.string(), text: z.string(), since: z.number() })),
})
export type GovernanceView = z.infer<typeof governanceView>
