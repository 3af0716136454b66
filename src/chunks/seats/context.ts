/** What this node holds any word about a question against: its own view of the ring, never a peer's. */
import type { ChunkId, PeerId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { CertificateContext, Content, PolicyContext } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { Seats } from './seats.ts'

export interface ReadContext {
  readonly ringId: string
  readonly chunk: ChunkId
  readonly question: Question
  readonly n: number
  readonly replicas: readonly { readonly peer: PeerId; readonly publicKey: Uint8Array }[]
  readonly scheme: SignatureScheme
  readonly policy: PolicyContext
  /** A member that keeps a copy: what it says counts where that stands alone. */
  readonly copy?: PeerId
}

export function readContext(
  ring: Pick<Ring, 'ringId'>,
  seats: Seats,
  question: Question,
  scheme: SignatureScheme,
  { acceptFrom, admission }: Pick<PolicyContext, 'acceptFrom' | 'admission'>,
): ReadContext {
  return {
    ringId: ring.ringId,
    chunk: seats.chunk,
    question,
    n: seats.n,
    replicas: seats.members.map(({ peer, publicKey }) => ({ peer, publicKey })),
    scheme,
    policy: {
      acceptFrom,
      admission,
      // Whether `solo` will do is the resolver's to say; a read offers what the ring can prove.
      strict: false,
      // What is proven of the zone is the resolver's to say as well.
      zoneSecurity: 'indeterminate',
    },
  }
}

/** What the verifier holds a certificate against. */
export function certificateContext(context: ReadContext, now: number, outcome?: Content): CertificateContext {
  return {
    ringId: context.ringId,
    chunk: context.chunk,
    question: context.question,
    replicas: context.replicas.map((replica) => replica.publicKey),
    n: context.n,
    now,
    scheme: context.scheme,
    ...(outcome !== undefined && { outcome }),
  }
}
