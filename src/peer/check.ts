/** `chordns config check` without a running node: are the files that the configuration names of use? */
import type { Log } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import { loadSecret, systemClock } from '../io/index.ts'
import { readRootZone } from '../recurse/index.ts'
import { readConfigFile, recursorOptions, validationOptions } from './core/options.ts'
import { readTls } from './tls/credentials.ts'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Reads them all, and forgets them. Throws what `startNode` would: CONFIG_INVALID, HINTS_EMPTY, DNSSEC_BAD_ANCHOR, LOCAL_ROOT_BAD, KEY_*, TLS_CERTIFICATE. */
export async function checkConfigFiles(config: Config): Promise<void> {
  recursorOptions(config)
  const validation = validationOptions(config, { clock: systemClock(), log: quiet })
  const { localRoot } = config.iterator
  if (localRoot !== undefined) readConfigFile('iterator.localRoot', localRoot, (text) => readRootZone(text, validation))
  if (config.tls.certificateFile !== undefined) readTls(config)
  const { enabled, admission, secretFile, makesSecret } = config.ring
  if (enabled && admission === 'psk' && secretFile !== undefined && !makesSecret) await loadSecret(secretFile)
}
