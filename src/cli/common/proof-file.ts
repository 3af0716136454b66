/** Proofs that the running node gives, in files that anybody checks without one. */
import { proofFileView } from '../../observe/index.ts'
import { usage } from './command.ts'
import { type ConfigFlags, loadConfigFrom } from './config-option.ts'
import { type NodeFlags, nodeOf } from './node-option.ts'
import { askNode } from './status-client.ts'
import { print, printJson } from './table.ts'

/** `how`: the command that checks it. Throws KEY_EXISTS, KEY_UNWRITABLE. */
export async function writeProof(
  flags: NodeFlags & { readonly out: string; readonly json?: boolean },
  path: string,
  query: Readonly<Record<string, string>>,
  how: string,
): Promise<void> {
  const { chain, file } = await askNode(nodeOf(flags), path, query, proofFileView)
  const { writeNewFile } = await import('../../peer/ledgers.ts')
  await writeNewFile(flags.out, `${file}\n`)
  const bytes = Buffer.from(file, 'base64').length
  if (flags.json) printJson({ chain, file: flags.out, bytes })
  else print(`wrote ${flags.out} (${bytes} bytes of proof); check it with \`${how}\``)
}

/** The genesis file that a proof is checked against. Throws USAGE. */
export function genesisFileOf(flags: ConfigFlags & { readonly genesis?: string }): string {
  const genesis = flags.genesis ?? loadConfigFrom(flags).config.ledger.genesis
  if (genesis === undefined) throw usage('name the genesis file of the ledger with --genesis, or set ledger.genesis')
  return genesis
}
