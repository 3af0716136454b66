/** Who may import whom, and who may touch the machine. The one place to change when a room needs another. */

/**
 * Arrows of each room under src/, beside base/, which all may import. They only point downwards, so there are no cycles.
 * `evidence` reads recorded bytes of dns; `io` and `sim` implement the ports of base.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  crypto: [],
  dns: [],
  evidence: ['crypto', 'dns'],
  // crypto: what is kept on disk is canonical CBOR.
  cache: ['evidence', 'crypto', 'dns'],
  dnssec: ['evidence', 'crypto', 'dns'],
  // The word of an iteration is an Outcome, which is evidence's.
  iterator: ['evidence', 'dns'],
  // crypto: client cookies are keyed hashes.
  recurse: ['iterator', 'dnssec', 'cache', 'evidence', 'dns', 'crypto'],
  ring: ['crypto'],
  chain: ['crypto'],
  chunks: ['ring', 'recurse', 'evidence', 'crypto', 'dns'],
  // chunks: which chunk a name is in, its entries, and what a certificate must be.
  // dnssec: a signed answer on a chain proves itself.
  'chunk-chains': ['chunks', 'chain', 'ring', 'dnssec', 'evidence', 'crypto', 'dns'],
  // chunks: what may be shared, and what one peer may cost.
  household: ['chunks', 'ring', 'cache', 'evidence', 'crypto', 'dns'],
  // ring: who the other boxes are. chunks: what one peer may cost.
  settings: ['chunks', 'ring', 'crypto'],
  devices: ['dns'],
  // dnssec: a signed CDS set changes the keys of a name. cache: an anchored name has a context of its own.
  ledger: ['chain', 'recurse', 'dnssec', 'cache', 'evidence', 'crypto', 'dns'],
  // cache: the keyed hash of names.
  filter: ['cache', 'dns'],
  resolver: ['filter', 'ledger', 'chunks', 'recurse', 'cache', 'evidence', 'dns'],
  observe: [],
  // An answer says how it came (EDE texts), in evidence's words.
  // crypto: server cookies are keyed hashes.
  serve: ['resolver', 'cache', 'evidence', 'crypto', 'dns'],
  // The schema is put together from each room's options.
  config: [
    'serve',
    'filter',
    'resolver',
    'ledger',
    'chunks',
    'ring',
    'recurse',
    'iterator',
    'dnssec',
    'cache',
    'evidence',
    'dns',
  ],
  // What implements the ports of the machine, and their twins in the simulator.
  // dns: framing of messages over TCP.
  io: ['crypto', 'dns'],
  sim: ['crypto', 'dns'],
  peer: [
    'config',
    'serve',
    'observe',
    'resolver',
    'filter',
    'ledger',
    'household',
    'settings',
    'devices',
    'chunk-chains',
    'chunks',
    'chain',
    'ring',
    'recurse',
    'iterator',
    'dnssec',
    'cache',
    'evidence',
    'dns',
    'crypto',
    'io',
  ],
  // observe: only the schemas of what the status API says.
  // filter: whether an imported rule is one of ours.
  cli: ['peer', 'config', 'observe', 'filter', 'dns'],
}

/**
 * A second way into a room, beside its index, and for whom: what a command or the configuration needs of it without all that a running node loads
 * (docs/decisions/0144).
 */
export const SIDE_DOORS: Readonly<Record<string, readonly string[]>> = {
  'src/serve/settings.ts': ['config', 'peer'],
  'src/resolver/settings.ts': ['config'],
  // The core of each node has these two, with a ring or without one (docs/decisions/0167).
  'src/chunks/reads/delegation-source.ts': ['peer'],
  'src/household/watched-cache.ts': ['peer'],
  // Whether there is anything of a ring, before one is loaded (docs/decisions/0184).
  'src/ring/run/stored.ts': ['peer'],
  'src/settings/stored.ts': ['peer'],
  // Loaded only where somebody reads dnstap.
  'src/observe/dnstap/index.ts': ['peer'],
  'src/peer/ledgers.ts': ['cli'],
  'src/peer/node.ts': ['cli'],
  // By itself: it brings the curves of @noble.
  'src/crypto/sealed.ts': ['ledger', 'peer'],
}

/** Rooms that may use clocks, randomness, timers, sockets and files; everybody else gets them handed in. */
export const EFFECT_ROOMS: ReadonlySet<string> = new Set(['io', 'serve', 'cli', 'observe', 'peer'])

/** Node's own modules that only compute. */
export const PURE_BUILTINS: ReadonlySet<string> = new Set(['assert', 'buffer', 'path', 'string_decoder', 'url', 'util'])

/** Node's own modules that one pure room may use. */
export const ROOM_BUILTINS: Readonly<Record<string, readonly string[]>> = { crypto: ['crypto'] }

/** Packages that bring effects, or that one room hides from the others: package or scope -> the rooms that may import it. */
export const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  libp2p: ['io'],
  '@libp2p/': ['io'],
  '@chainsafe/': ['io'],
  '@multiformats/': ['io', 'config', 'ring'],
  koffi: ['io', 'serve'],
  pino: ['observe'],
  'prom-client': ['observe'],
  commander: ['cli'],
  // The oracle of tests: it decodes distinct names to equal strings.
  'dns-packet': [],
}

/** The file at the top of src/ belongs to the room of its name: cli.ts -> cli. */
export function roomOf(path: string): string | undefined {
  const inside = /^src\/(?:([^/]+)\/|([a-z0-9]+)\.ts$)/.exec(path)
  return inside?.[1] ?? inside?.[2]
}
