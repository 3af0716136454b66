/** Pieces of the state of a chain that this node runs, over the status API: for commands that read all of it. */
import { ChordnsError, fromHex, toHex } from '../../base/index.ts'
import { encodePieceRequest } from '../../chain/index.ts'
import type { StatePieceView } from '../../observe/index.ts'
import type { LedgerSide } from './side.ts'

/** `height` left out: the newest that is written. Throws USAGE, CHAIN_STATE_GONE. */
export async function statePiece({ ledgers }: LedgerSide, query: URLSearchParams): Promise<StatePieceView> {
  const name = query.get('chain') ?? 'root'
  const genesis = ledgers.genesisOf(name)
  if (genesis === undefined) throw usage(`there is no ledger ${name}`)
  const running = ledgers.runningOf(genesis.chainId)
  if (running === undefined)
    throw usage(`this node follows ${name} and has no state of it: ask one with a role (ledger.roles), or give it one`)
  const height = await heightOf(running.application.state, query.get('height'))
  const header = running.chain.header(height)?.header
  if (header === undefined)
    throw new ChordnsError('CHAIN_STATE_GONE', `the header of height ${height} is not kept`, { height })
  const request = encodePieceRequest({ height, from: pathIn(query), to: undefined })
  const frames: Uint8Array[] = []
  for await (const frame of running.piece(request)) frames.push(frame)
  return {
    chain: name,
    chainId: toHex(genesis.chainId),
    height,
    time: header.time,
    stateRoot: toHex(header.stateRoot),
    piece: Buffer.concat(frames).toString('base64'),
  }
}

type States = { readonly status: () => Promise<{ readonly head: { readonly height: number } | undefined }> }

async function heightOf(state: States, text: string | null): Promise<number> {
  const head = (await state.status()).head?.height ?? 0
  const height = text === null ? head : Number(text)
  if (!Number.isInteger(height) || height < 1 || height > head)
    throw usage(head === 0 ? 'the chain has no block yet' : `height must be 1 to ${head}`)
  return height
}

function pathIn(query: URLSearchParams): Uint8Array {
  const text = query.get('from') ?? '00'.repeat(32)
  if (!/^[0-9a-f]{64}$/.test(text)) throw usage('from must be a path: 64 hex digits')
  return fromHex(text)
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}
