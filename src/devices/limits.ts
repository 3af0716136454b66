/** Bounds of what is known of devices: lease files and names come from machines of strangers, too. */
export const limits = {
  /** Characters of one file: 40,000 leases. */
  MAX_FILE_CHARACTERS: 16 * 1024 * 1024,
  /** Facts that are kept of one source, and of all. */
  MAX_FACTS: 20_000,
  /** Addresses of one device: with privacy extensions a machine has a dozen. */
  MAX_ADDRESSES: 64,
  MAX_DEVICES: 4_096,
  /** Characters of a label in DNS. */
  MAX_LABEL: 63,
  /** Wrong lines of a file that are told. */
  MAX_FAULTS: 5,
} as const
