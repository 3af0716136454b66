/** Times of the zones that are made of a state, in seconds. */
export const limits = {
  /** Delegations: a name that has changed hands is its old owner's for so long, to resolvers that ask the zone and not the ledger. */
  TTL: 3_600,
  DNSKEY_TTL: 3_600,
  /** How long nobody is believed to have a name; the minimum of the SOA. */
  NEGATIVE_TTL: 300,
  /** Of the SOA: a chain has a block a minute; a server that hears of none for two weeks answers no more, as those of the root do not for one. */
  REFRESH: 900,
  RETRY: 300,
  EXPIRE: 1_209_600,
  /** Signatures count three weeks and are made anew each week: who serves the zone may be late by two. */
  VALIDITY: 21 * 86_400,
  RENEWAL: 7 * 86_400,
  /** Servers of the zone itself, and its keys: two of each algorithm at most, the old one and the new one. */
  MAX_APEX_SERVERS: 13,
  MAX_KEYS: 4,
} as const
