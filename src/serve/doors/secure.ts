/** What encrypted doors need, in one import: only a node that has some loads it. */
export { openHttps } from './https.ts'
export { openTls } from './tls.ts'
export { TlsKeys } from './tls-keys.ts'
