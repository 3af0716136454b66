/** Bounds of local data. The files are the operator's, but blocklists among them are written by strangers. */
export const limits = {
  /** Characters of one hosts file: three million names of 20 characters. */
  MAX_HOSTS_CHARACTERS: 128 * 1024 * 1024,
  /** Names of all hosts files together: about 40 bytes each, so 160 MB at the most. */
  MAX_HOST_NAMES: 4_000_000,
  /** Different addresses of all hosts files; each one has a reverse name and objects of its own. */
  MAX_HOST_ADDRESSES: 200_000,
  /** Addresses of one name: more would not fit into an answer that anybody uses. */
  MAX_ADDRESSES_PER_NAME: 64,
  /** Wrong lines told of one file; a file that is no hosts file has nothing but wrong lines. */
  MAX_PROBLEMS_PER_FILE: 10,
  /** Entries of `local.records`, and characters of each (a TXT record of 64 KiB). */
  MAX_RECORDS: 20_000,
  MAX_RECORD_CHARACTERS: 70_000,
  /** Entries of `local.zones`. */
  MAX_ZONES: 20_000,
} as const
