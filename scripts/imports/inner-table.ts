/** The rooms inside the rooms: what stands above what, and which of them are pure. The one place to change when one is added. */

/**
 * For each room that has rooms inside it, its parts from top to bottom: folders, and the files that stand beside them.
 * A part imports only what stands below it. `index.ts` is above all of them without being named; `types.ts` and
 * `limits.ts` are below all of them. A room inside an inner room has a row of its own, under its path.
 */
export const INNER_ROOMS: Readonly<Record<string, readonly string[]>> = {
  cli: ['main.ts', 'commands', 'running', 'common'],
  peer: [
    'node.ts',
    'status.ts',
    'check.ts',
    'offline.ts',
    'ring.ts',
    'core',
    'root-keys.ts',
    'disk.ts',
    'proofs.ts',
    'views.ts',
    'rooms.ts',
  ],
  'peer/core': ['core.ts', 'reload.ts', 'local-root.ts', 'options.ts'],
  config: ['load.ts', 'print.ts', 'reload.ts', 'sources', 'derive.ts', 'local.ts', 'sections'],
  io: ['peers', 'finding', 'streams', 'upstream', 'disk', 'clock.ts', 'interfaces.ts', 'random.ts'],
  serve: ['front-end.ts', 'doors', 'desk', 'access'],
  'chunk-chains': ['run', 'audit', 'disk', 'state'],
  chunks: ['node', 'reads', 'rounds', 'handover', 'observations', 'digests', 'entries', 'seats', 'wire'],
  chain: ['run', 'machine', 'blocks', 'trees'],
  dnssec: ['validate.ts', 'learn.ts', 'chain.ts', 'anchors', 'denial', 'signatures', 'why.ts'],
  recurse: ['node', 'denials', 'trust', 'walk', 'servers', 'job'],
  ring: ['door', 'run', 'machine', 'wire', 'members', 'chord'],
  dns: ['message', 'zonefile.ts', 'rrset.ts', 'rdata', 'text', 'names', 'bytes.ts', 'errors.ts'],
}

/**
 * Rooms, inner rooms and files that are pure in the strict sense: they take the time as an argument, hold no port
 * of base/ports.ts but Random, never wait, and use only pure parts of their own room.
 */
export const PURE: readonly string[] = [
  'dns',
  'crypto',
  'evidence',
  'dnssec',
  'iterator',
  'recurse/denials/denial-store.ts',
  'recurse/denials/zone-denials.ts',
  'recurse/denials/ordered.ts',
  'recurse/walk/agreed-cuts.ts',
  'recurse/walk/dnames.ts',
  'recurse/walk/lookup-shares.ts',
  'recurse/servers/crowd.ts',
  'recurse/servers/cookies.ts',
  'recurse/servers/reporting.ts',
  'recurse/servers/reply-text.ts',
  'recurse/job/referral.ts',
  'ring/chord',
  'ring/members',
  'ring/wire',
  'ring/machine',
  'chain/trees',
  'chain/blocks',
  'chain/machine',
  'chunk-chains/state',
]
