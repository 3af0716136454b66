/** Numbers of the identity module, for ever: its own, and those of its payloads. */
export const IDENTITY = 41

export const IdentityKind = {
  CERTIFIER: 250,
  ENDORSE: 251,
  REVOKE: 252,
} as const
