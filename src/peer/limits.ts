/** Bounds of what a node keeps of peers and shows to its user, beside those of the rooms it is made of. */
export const limits = {
  /** Entries, delegations and failures of the cache that one command shows, of each: a person reads them. */
  MAX_CACHE_SHOWN: 1_000,
  /** Peers whose words are remembered, some 200 bytes each. A node in a large ring speaks to its neighbours and a few others. */
  MAX_KNOWN_CAPABILITIES: 16_384,
  /** What waits for one peer at most: more leaves at once, so that no peer that is slow to come up holds memory. */
  MAX_WAITING_BYTES: 16 * 1024,
  /** Guests at once: each has a connection, and a claim lasts two seconds. */
  MAX_GUESTS: 64,
  /** Motions that are closed, as far as the status shows them. */
  CLOSED_SHOWN: 16,
  /** Linked chains of one chain that the status shows. */
  MAX_LINKS_SHOWN: 32,
  /** A transaction in hex, as the status API takes it. */
  MAX_TRANSACTION_BODY_BYTES: 2 * 32_768,
  /** How long a request to the status API may wait for what comes of a transaction, ms. */
  MAX_OUTCOME_WAIT_MS: 120_000,
  /** The greatest number of a list of transactions. */
  MAX_LIST: 65_535,
  /** Peers whose replies are timed, for the picture of the ring: those that were asked lately. */
  MAX_TIMED_PEERS: 1_024,
  /** A body with a password. */
  MAX_SIGN_IN_BYTES: 1_024,
  /** For how long a level of privacy can be chosen on the dashboard: a day. */
  MAX_CHOSEN_MINUTES: 1_440,
  /** What waits for a dnstap reader is written for so long when it is left, before it is given up. Ms. */
  DNSTAP_CLOSE_MS: 1_500,
  /** A note with its proof: docs/protocol.md, *Checkpoints*. */
  MAX_NOTE_BODY_BYTES: 131_072,
  RENDEZVOUS_MEMBERS: 32,
  /** Peers that were turned away and are remembered, so that each is told of once. */
  MAX_TURNED_AWAY: 64,
  /** Parts of a file of kept names that are written at once; a page of it, as the chain bounds it. */
  KEPT_WRITE_BYTES: 262_144,
  KEPT_PAGE_BYTES: 2_048,
  /** Names of a TLD that a policy's file keeps one by one; with more there are pages. And a part of a zone file that is read at once, characters. */
  MAX_LISTED_NAMES: 1_024,
  ZONE_PART_LETTERS: 262_144,
  /** The rules of claims of a chain, and the sets that a claim by DNSSEC shows. */
  MAX_CLAIM_BYTES: 65_536,
  /** Lease files are looked at so often: a new device has its name soon. Each look costs as many stats as there are files. Ms. */
  LEASES_EVERY_MS: 5_000,
  /** The neighbour table: a program is started for it. Ms. */
  NEIGHBOURS_EVERY_MS: 60_000,
  NEIGHBOURS_TIMEOUT_MS: 5_000,
  /** 20,000 neighbours. */
  MAX_NEIGHBOURS_BYTES: 4_194_304,
  /** Of a directory of leases: one for each interface. */
  MAX_LEASE_FILES: 64,
  /** The router is asked for so many names a look, and for each again after so long, ms. It may be a small machine. */
  ROUTER_NAMES_A_LOOK: 20,
  ROUTER_NAME_MS: 1_800_000,
  ROUTER_TIMEOUT_MS: 1_000,
  MAX_ROUTER_NAMES: 1_024,
  /** Of a host name, as Linux bounds it. */
  MAX_BOX_NAME: 64,
  /** Changes of settings that are shown at once. */
  MAX_CHANGES_SHOWN: 500,
  /** Edits of settings in one request: an import of somebody's local records. Bytes. */
  MAX_EDITS_BODY: 1_048_576,
  /** Names of `local` are remembered so long: RFC 6762 section 6.7 bounds what is told by unicast. Seconds. */
  MDNS_TTL_SECONDS: 10,
  /** How long a machine of the network has to answer, and when it is asked a second time: some sleep between beacons. Ms. */
  MDNS_PATIENCE_MS: 1_000,
  MDNS_AGAIN_MS: 300,
  /** Names that are asked for at once; others are not there then. */
  MAX_MDNS_IN_FLIGHT: 16,
  MAX_MDNS_KEPT: 512,
  MAX_MDNS_RECORDS: 16,
  MAX_MDNS_INTERFACES: 8,
  /** Of a list in all, ms: the longest have 30 MB, and come over a slow line. */
  LIST_FETCH_MS: 600_000,
  /** A server of lists that says nothing for so long is given up, ms. */
  LIST_IDLE_MS: 30_000,
  /** Of one zone that comes by transfer: the longest policy zones that are published have two million. */
  MAX_ZONE_RECORDS: 4_000_000,
  /** Of its differences, which are held in memory while they are put in: with more the whole zone costs no more. */
  MAX_DIFFERENCE_RECORDS: 200_000,
  /** What its SOA says of when to ask again is taken so far: seldom enough for the primary, often enough for a list. Ms. */
  LEAST_REFRESH_MS: 60_000,
  /** A NOTIFY is a hint that anybody can forge: the primary is asked at most so often for it. Ms. */
  NOTIFY_EVERY_MS: 10_000,
  /** From one address of a list to the next. */
  MAX_REDIRECTS: 5,
  /** After a failure a list is fetched again so soon, ms; twice as long after each further one, up to an hour. */
  LIST_RETRY_MS: 60_000,
  /** A start waits so long for lists that are on disk, ms: before they are in force nothing is blocked. */
  FIRST_LISTS_MS: 30_000,
  /** And so long for lists that were never fetched: without the Internet a house has DNS for its own names at least. */
  FIRST_FETCH_MS: 5_000,
  /** How often schedules and pauses are looked at, ms. */
  FILTER_TICK_MS: 5_000,
  /** Rules that speak of one name, as `chordns why` shows them. */
  MAX_RULES_SHOWN: 50,
  /** Rules made by command become settings of the household so many at once: more than one edit takes. */
  CARRIED_EDITS: 500,
  /** A pause longer than a week is a configuration, minutes. */
  MAX_PAUSE_MINUTES: 10_080,
} as const

/** Of the desk where an applicant answers inquiries of endorsers, which anybody can reach. */
export const inquiryLimits = {
  /** An inquiry has 600 bytes, an answer as many. */
  MAX_BODY_BYTES: 2_048,
  /** Signatures that one address, or all behind one web server, may have made: an endorser sends one. */
  PER_SECOND: 0.5,
  BURST: 10,
  MAX_ADDRESSES: 1_024,
  /** An inquiry that is further off the own clock is an old one, kept by somebody. */
  MAX_AGE_MS: 600_000,
  TIMEOUT_MS: 10_000,
  MAX_CONNECTIONS: 16,
  MAX_HEADER_BYTES: 4_096,
} as const

/** What a validator takes of the site of a claimed domain. */
export const claimPageLimits = {
  /** A signature in hex, and white space. */
  PAGE_BYTES: 256,
  HEADER_BYTES: 8_192,
  /** How long a site may say nothing over TLS before it is asked without, ms: a third of a look. */
  TLS_MS: 6_000,
  /** Of what answers at the site while a claim is open: 100 validators, twice each. */
  ANSWER_CONNECTIONS: 64,
  ANSWER_TIMEOUT_MS: 10_000,
} as const

/** Of delegations that outlive their removal. */
export const keptLimits = {
  /** A parent's denial is believed so long, ms, whatever its SOA says: no shorter, or each question would go to it; no longer, or a zone that is back is seen late. */
  LEAST_REMOVED_MS: 30_000,
  MOST_REMOVED_MS: 600_000,
  /** The ring is asked for a zone's delegation again after so long, ms; and after so long when it had none. */
  KEPT_RENEWED_MS: 6 * 3_600_000,
  KEPT_RETRY_MS: 60_000,
  /** One such read, ms. */
  KEPT_READ_MS: 10_000,
  /** What is kept bears no TTL of its own. */
  KEPT_TTL_SECONDS: 3_600,
  /** A row on disk: thirteen servers with their addresses, and a DS set. */
  MAX_KEPT_BYTES: 16_384,
} as const
