export { addressRdata, addressText } from './addresses.ts'
export { edeOption, findOption, optionsOf, readEde } from './edns.ts'
export { encodeMessage, encodeWithin } from './encode.ts'
export type { BadTextDetail, MalformedDetail } from './errors.ts'
export { limits as dnsLimits } from './limits.ts'
export { decodeMessage, type Header, makeQuery, peekHeader, type QueryOptions } from './message.ts'
export {
  canonicalName,
  childLabel,
  commonAncestor,
  compareNames,
  firstLabel,
  isSubdomain,
  isWildcard,
  labelsOf,
  nameFromWire,
  parentName,
  prependLabel,
  ROOT,
  sameName,
  sameQuestion,
  suffixName,
} from './names.ts'
export { nameToText, parseName } from './names-text.ts'
export { readName } from './names-wire.ts'
export * from './rdata/index.ts'
export { canonicalRRset, coveredType, groupRRsets, rrsetKey, rrsetToRecords } from './rrset.ts'
export type {
  Delegation,
  Edns,
  EdnsOption,
  ExtendedError,
  Message,
  Name,
  Question,
  ResourceRecord,
  RRset,
} from './types.ts'
export { Class, Ede, Opcode, OptionCode, Rcode, Type } from './types.ts'
export { classFromText, classToText, opcodeToText, rcodeToText, typeFromText, typeToText } from './types-text.ts'
export { parseZone, recordToText, type ZoneOptions } from './zonefile.ts'
