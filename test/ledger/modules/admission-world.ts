/** A chain of four validators whose endorsers are alice, bob and carol, and applicants. */
import { ResultCode } from '../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  ADMISSION,
  admissionGenesis,
  answerBytes,
  applicationBytes,
  beaconPayload,
  commitmentTo,
  type EndorserSubject,
  endorsePayload,
  endorserVotePayload,
  type FirstEndorsement,
  ledgerModules,
  mayCarry,
} from '../../../src/ledger/index.ts'
import { chainId, scheme } from '../../chain/one.ts'
import { type ChainWorldOptions, chainWorld } from '../chain-world.ts'

export const EPOCH = 4

export const signerOf = (name: string): Signer => scheme.signer(sha256(new TextEncoder().encode(name)))

export const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map(signerOf) as [
  Signer,
  Signer,
  Signer,
  Signer,
]

/** An applicant: an account, and a machine with a ring key. */
export function applicant(name: string) {
  return {
    name,
    account: signerOf(`${name} account`),
    machine: signerOf(`${name} machine`),
    contact: `hello@${name}.example`,
  }
}

export type Applicant = ReturnType<typeof applicant>

/** What an endorser brings of an applicant who is new. */
export function firstOf(one: Applicant, endorser: Signer, at: number, { list = 0 } = {}): FirstEndorsement {
  const { name, account, machine, contact } = one
  const application = { name, ringKey: machine.publicKey, contact }
  const inquiry = { nonce: sha256(endorser.publicKey, account.publicKey).subarray(0, 16), at }
  const asked = { list, endorser: endorser.publicKey, account: account.publicKey, ...inquiry }
  return {
    ...application,
    signature: account.sign(applicationBytes(chainId, list, account.publicKey, application)),
    inquiry,
    answer: machine.sign(answerBytes(chainId, asked, machine.publicKey)),
  }
}

/** The organisations of the validators are in the genesis, endorsed by alice. */
export function genesisOf(n: number, epochBlocks = EPOCH) {
  const validators = Array.from({ length: n }, (_, i) => ({
    account: signerOf(`validator ${i} account`),
    // As `people` has it: the id of a validator is the hash of this key.
    ringKey: sha256(Uint8Array.of(i)),
    name: `validator ${i}`,
  }))
  const genesis = admissionGenesis({
    epochBlocks,
    randomness: sha256(new TextEncoder().encode('ceremony')),
    lists: [
      {
        name: 'main',
        endorsers: [alice, bob, carol].map(({ publicKey }, i) => ({ account: publicKey, name: `endorser ${i}` })),
        organisations: validators.map(({ account, ringKey, name }) => ({
          account: account.publicKey,
          name,
          ringKey,
          contact: 'nobody',
          endorsedBy: [0],
        })),
      },
    ],
  })
  return { genesis, validators }
}

export function admissionWorld(options: ChainWorldOptions = {}) {
  const n = options.validators ?? 4
  const { genesis, validators } = genesisOf(n)
  const chain = chainWorld({
    mayCarry,
    heartbeatMs: 3_000,
    ...options,
    genesis: new Map<number, CborValue>([
      ...(options.modules ?? ledgerModules).map(({ id }): [number, CborValue] => [id, null]),
      ...(options.genesis ?? []),
      [ADMISSION, genesis],
    ]),
  })
  const secrets = new Map<string, Uint8Array>()
  const world = {
    ...chain,
    organisations: validators,
    endorse: (endorser: Signer, one: Applicant) =>
      chain.run(endorser, endorsePayload(0, one.account.publicKey, firstOf(one, endorser, chain.clock.now()))),
    endorseAgain: (endorser: Signer, one: Applicant) => chain.run(endorser, endorsePayload(0, one.account.publicKey)),
    vote: (endorser: Signer, subject: EndorserSubject, inFavour = true) =>
      chain.run(endorser, endorserVotePayload(0, subject, inFavour)),
    height: () => chain.chains[0]!.status().height,
    epoch: () => Math.floor(world.height() / EPOCH),
    /** Lets blocks pass until an epoch begins. */
    toNextEpoch(): void {
      const before = world.epoch()
      for (let i = 0; i < 100 && world.epoch() === before; i++) chain.settle(1_000)
    },
    /** All validators but those named do their part in the epoch that has just begun. */
    draw(silent: readonly number[] = []): Uint8Array[] {
      const epoch = world.epoch()
      const sent = validators.flatMap(({ account, ringKey }, i) => {
        if (silent.includes(i)) return []
        const key = (of: number) => `${i} ${of}`
        const secret = secrets.get(key(epoch - 1)) ?? null
        const hidden = sha256(Uint8Array.of(i, epoch))
        secrets.set(key(epoch), hidden)
        return [chain.submit(account, beaconPayload(secret, commitmentTo(chainId, sha256(ringKey), epoch, hidden)))]
      })
      chain.settle(3_000)
      return sent
    },
  }
  return world
}

export const { DONE, NOT_ALLOWED, TAKEN, SIGNATURE, MALFORMED, EXPIRED, QUOTA } = ResultCode
