/**
 * The one list of what each type's RDATA is made of. It drives views, building, canonical form, text both ways, and what the
 * message codec checks, expands and compresses.
 */
import { Type } from '../types.ts'
import { KINDS, type KindName, type KindValue } from './kinds.ts'

export interface Descriptor {
  /** Field names and kinds in wire order, which is also text order. */
  readonly fields: Readonly<Record<string, KindName>>
  /**
   * `compressed`: a type of RFC 1035, whose names may be compressed both ways. `expanded`: pointers are understood but never
   * sent (RFC 3597 section 4). Without it, names must stand uncompressed.
   */
  readonly names?: 'compressed' | 'expanded'
  /** Names are lower case in canonical form: RFC 4034 section 6.2 without NSEC (RFC 6840 section 5.1). */
  readonly lowerCase?: true
  /** The structure is checked when a message is decoded; all other types are checked when they are viewed. */
  readonly checked?: true
  /** Has this form in class IN only. */
  readonly internetOnly?: true
  /** No presentation of its own: written as RFC 3597 has it for unknown types. */
  readonly generic?: true
}

const RFC1035 = { names: 'compressed', lowerCase: true, checked: true } as const
const EXPANDED = { names: 'expanded', lowerCase: true, checked: true } as const

const DNSKEY = { fields: { flags: 'u16', protocol: 'u8', algorithm: 'algorithm', publicKey: 'base64Rest' } } as const
const DS = { fields: { keyTag: 'u16', algorithm: 'algorithm', digestType: 'u8', digest: 'hexRest' } } as const
const RRSIG_FIELDS = {
  typeCovered: 'type',
  algorithm: 'algorithm',
  labels: 'u8',
  originalTtl: 'u32',
  expiration: 'time',
  inception: 'time',
  keyTag: 'u16',
  signer: 'name',
  signature: 'base64Rest',
} as const
const TLSA = { fields: { usage: 'u8', selector: 'u8', matchingType: 'u8', data: 'hexRest' } } as const
const SVCB = { fields: { priority: 'u16', target: 'name', params: 'params' } } as const
const MAILBOX = { fields: { target: 'name' }, ...RFC1035 } as const

export const TABLE = {
  [Type.A]: { fields: { address: 'ipv4' }, checked: true, internetOnly: true },
  [Type.NS]: { fields: { target: 'name' }, ...RFC1035 },
  3: MAILBOX, // MD
  4: MAILBOX, // MF
  [Type.CNAME]: { fields: { target: 'name' }, ...RFC1035 },
  [Type.SOA]: {
    fields: {
      mname: 'name',
      rname: 'name',
      serial: 'u32',
      refresh: 'period',
      retry: 'period',
      expire: 'period',
      minimum: 'period',
    },
    ...RFC1035,
  },
  7: MAILBOX, // MB
  8: MAILBOX, // MG
  9: MAILBOX, // MR
  [Type.NULL]: { fields: { data: 'hexRest' }, generic: true },
  [Type.PTR]: { fields: { target: 'name' }, ...RFC1035 },
  [Type.HINFO]: { fields: { cpu: 'string', os: 'string' } },
  14: { fields: { rmailbx: 'name', emailbx: 'name' }, ...RFC1035 }, // MINFO
  [Type.MX]: { fields: { preference: 'u16', exchange: 'name' }, ...RFC1035 },
  [Type.TXT]: { fields: { strings: 'strings' } },
  [Type.RP]: { fields: { mailbox: 'name', text: 'name' }, ...EXPANDED },
  [Type.AFSDB]: { fields: { subtype: 'u16', hostname: 'name' }, ...EXPANDED },
  21: { fields: { preference: 'u16', intermediate: 'name' }, ...EXPANDED }, // RT
  [Type.SIG]: { fields: RRSIG_FIELDS, ...EXPANDED },
  [Type.KEY]: DNSKEY,
  26: { fields: { preference: 'u16', map822: 'name', mapx400: 'name' }, ...EXPANDED }, // PX
  [Type.AAAA]: { fields: { address: 'ipv6' }, checked: true, internetOnly: true },
  [Type.LOC]: { fields: { location: 'location' } },
  [Type.NXT]: { fields: { next: 'name', types: 'hexRest' }, ...EXPANDED, generic: true },
  [Type.SRV]: { fields: { priority: 'u16', weight: 'u16', port: 'u16', target: 'name' }, ...EXPANDED },
  [Type.NAPTR]: {
    fields: {
      order: 'u16',
      preference: 'u16',
      flags: 'string',
      services: 'string',
      regexp: 'string',
      replacement: 'name',
    },
    ...EXPANDED,
  },
  [Type.KX]: { fields: { preference: 'u16', exchanger: 'name' }, lowerCase: true, checked: true },
  [Type.CERT]: {
    fields: { certificateType: 'certificateType', keyTag: 'u16', algorithm: 'algorithm', certificate: 'base64Rest' },
  },
  [Type.DNAME]: { fields: { target: 'name' }, lowerCase: true, checked: true },
  [Type.DS]: DS,
  [Type.SSHFP]: { fields: { algorithm: 'u8', fingerprintType: 'u8', fingerprint: 'hexRest' } },
  [Type.RRSIG]: { fields: RRSIG_FIELDS, lowerCase: true },
  [Type.NSEC]: { fields: { next: 'name', types: 'types' } },
  [Type.DNSKEY]: DNSKEY,
  [Type.NSEC3]: {
    fields: {
      hashAlgorithm: 'u8',
      flags: 'u8',
      iterations: 'u16',
      salt: 'salt',
      nextHash: 'base32Counted',
      types: 'types',
    },
  },
  [Type.NSEC3PARAM]: { fields: { hashAlgorithm: 'u8', flags: 'u8', iterations: 'u16', salt: 'salt' } },
  [Type.TLSA]: TLSA,
  [Type.SMIMEA]: TLSA,
  [Type.CDS]: DS,
  [Type.CDNSKEY]: DNSKEY,
  [Type.OPENPGPKEY]: { fields: { publicKey: 'base64Rest' } },
  [Type.CSYNC]: { fields: { serial: 'u32', flags: 'u16', types: 'types' } },
  [Type.ZONEMD]: { fields: { serial: 'u32', scheme: 'u8', hashAlgorithm: 'u8', digest: 'hexRest' } },
  [Type.SVCB]: SVCB,
  [Type.HTTPS]: SVCB,
  [Type.SPF]: { fields: { strings: 'strings' } },
  [Type.EUI48]: { fields: { address: 'eui48' } },
  [Type.EUI64]: { fields: { address: 'eui64' } },
  [Type.URI]: { fields: { priority: 'u16', weight: 'u16', target: 'quotedRest' } },
  [Type.CAA]: { fields: { flags: 'u8', tag: 'tag', value: 'quotedRest' } },
} as const satisfies Readonly<Record<number, Descriptor>>

export type KnownType = keyof typeof TABLE

type FieldsOf<T extends KnownType> = (typeof TABLE)[T]['fields']

/** The decoded form of one RDATA of a known type. Byte fields are views into the RDATA. */
export type ViewOf<T extends KnownType> = T extends KnownType
  ? { readonly kind?: never; readonly type: T } & {
      readonly [F in keyof FieldsOf<T>]: FieldsOf<T>[F] extends KindName ? KindValue<FieldsOf<T>[F]> : never
    }
  : never

/** RDATA of a type that the table does not have. */
export interface OpaqueView {
  readonly kind: 'opaque'
  /** Absent, so that a test of `type` tells the known ones apart. */
  readonly type?: never
  readonly bytes: Uint8Array
}

export type RdataView = ViewOf<KnownType> | OpaqueView

/** What one pass over the wire form needs to know: octets to skip, a name, a character-string, or all that is left. */
export type ShapeStep = number | 'name' | 'string' | 'rest'

export interface Shape extends Descriptor {
  readonly entries: readonly (readonly [field: string, kind: KindName])[]
  readonly steps: readonly ShapeStep[]
}

const shapes = new Map<number, Shape>(
  Object.entries<Descriptor>(TABLE).map(([type, descriptor]) => [Number(type), shapeOf(descriptor)]),
)

export function shapeOfType(type: number): Shape | undefined {
  return shapes.get(type)
}

function shapeOf(descriptor: Descriptor): Shape {
  const entries = Object.entries(descriptor.fields)
  const steps: ShapeStep[] = []
  for (const [, kind] of entries) {
    const { size } = KINDS[kind] as { size?: number }
    const last = steps.at(-1)
    if (size !== undefined && typeof last === 'number') steps[steps.length - 1] = last + size
    else if (size !== undefined) steps.push(size)
    else if (kind === 'name' || kind === 'string') steps.push(kind)
    else {
      steps.push('rest')
      break
    }
  }
  return { ...descriptor, entries, steps }
}
