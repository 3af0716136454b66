import { z } from 'zod'
import { flag, list, oneOf, peerAddress, text, whole } from './values.ts'

const ADMIT = 'must be "auto" or a number of members from 1 to 1000'

const RECORD = 'must be "auto" or a number of seconds from 0 to 3600'

const timing = z
  .strictObject({
    stabiliseMs: whole(50, 600_000).default(1_000).describe('Milliseconds between checks of the ring neighbours.'),
    auditMs: whole(100, 3_600_000)
      .default(10_000)
      .describe('Milliseconds between checks of ring against member table.'),
    pingTimeoutMs: whole(50, 60_000).default(1_000).describe('Milliseconds until a silent neighbour counts as failed.'),
    successors: whole(1, 16).default(16).describe('Length of the successor list, at most.'),
  })
  .prefault({})

export const ring = z
  .strictObject({
    enabled: flag()
      .optional()
      .describe(
        'Share records with the other members of a ring. If nothing of it is given, the node begins a ring of one, so that `chordns invite` works at once.',
      ),
    id: text('a name of 1 to 64 characters')
      .max(64)
      .default('home')
      .describe('Name of the ring; the same for all its members.'),
    listen: list(peerAddress(), 16)
      .default(['/ip4/0.0.0.0/tcp/4153'])
      .describe('Multiaddrs where other members connect; port 0 is a free one.'),
    announce: list(peerAddress(), 8)
      .default([])
      .describe(
        'Multiaddrs that other members are told instead: behind a port forwarding or in a container, the outer address.',
      ),
    bootstrap: list(peerAddress(), 64)
      .default([])
      .describe('Multiaddrs of members to join by, with or without /p2p/ id (`chordns status` on them prints theirs).'),
    mdns: flag()
      .default(false)
      .describe(
        'Look for other members on the local network by mDNS, and be found: nothing but the addresses and a keyed hash is told.',
      ),
    rendezvous: list(peerAddress(), 16)
      .default([])
      .describe(
        'Multiaddrs (with /p2p/ id) of nodes of a Kademlia DHT through which members find each other: it learns their addresses, under a key that only the secret gives.',
      ),
    rendezvousProtocol: text('a protocol')
      .default('/ipfs/kad/1.0.0')
      .describe('What that DHT speaks; the default is the public one of libp2p.'),
    admission: oneOf(['psk', 'endorsed', 'open'])
      .default('psk')
      .describe(
        '"psk": members share the secret in secretFile; "endorsed": members are those on the list of the ledger (ledger.genesis); "open": anybody joins, and nothing unsigned from the ring is served. For experiments.',
      ),
    secretFile: text('a file')
      .optional()
      .describe(
        'File with the ring secret (mode 0600; `chordns keygen --secret FILE` makes one). If not given: ring.secret in the data directory, made when the node begins a ring.',
      ),
    acceptFrom: oneOf(['majority', 'any-member'])
      .default('majority')
      .describe(
        '"majority": more than half of the replicas must have seen the same; "any-member": one member\'s word will do (a household).',
      ),
    share: flag()
      .default(true)
      .describe('Tell the ring which names were asked here (never by whom), so that others profit.'),
    replicas: whole(0, 15).default(2).describe('Copies of each record beside the first; the same for all members.'),
    chunkBits: whole(1, 16)
      .optional()
      .describe(
        '2^chunkBits parts that names are spread over; the same for all members. If not given: what the ring began with (ring.constants in the data directory), 16 for one that begins now.',
      ),
    timing,
  })
  .prefault({})

export const chunks = z
  .strictObject({
    admitAfter: z
      .union([z.literal('auto'), whole(1, 1_000, ADMIT)], { error: ADMIT })
      .default('auto')
      .describe(
        'Members that must have asked for a name before replicas observe it; "auto" weighs the cost against the use.',
      ),
    requestTimeoutMs: whole(50, 60_000).default(2_000).describe('Milliseconds for one request to a replica.'),
    roundTimeoutMs: whole(500, 60_000).default(5_000).describe('Milliseconds for one observation round.'),
    recordAfter: z
      .union([z.literal('auto'), whole(0, 3_600, RECORD)], { error: RECORD })
      .default('auto')
      .describe(
        'Seconds that an entry waits for others of its chunk to be recorded with it; "auto" is 300, or 0 where admitAfter is a number.',
      ),
    historyHours: whole(1, 8_760)
      .default(24)
      .describe('Hours that the chain of a chunk is kept after its last block, once another has taken its place.'),
  })
  .prefault({})
