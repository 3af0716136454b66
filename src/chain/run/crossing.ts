/**
 * What crosses between the thread of a chain and that of its application. Thousands of small arrays would stop the thread that sends them, and the
 * one that gets them, for longer than all else: lists of transactions and results go as one piece each. And what is made of a block while
 * it is applied comes back with it, the trees of its transactions and results: of a large block they take tens of milliseconds.
 */
import { encodeByteList, type GrowingByteList } from '../../crypto/index.ts'
import type { BlockContent, BuildPlace, Built, Executed } from '../application.ts'
import {
  encodingOf,
  growingEncoding,
  hashesOf,
  noteEncoding,
  noteHashes,
  readEncoding,
} from '../blocks/transaction-lists.ts'
import { encodeResults } from '../blocks/transactions.ts'
import { limits } from '../limits.ts'
import type { HostedMethods, StatePoint } from '../state/hosted.ts'
import { MerkleHashes } from '../trees/merkle-hashes.ts'

/** Its transactions as one piece. */
type Packed<T extends { readonly transactions: readonly Uint8Array[] }> = Omit<T, 'transactions'> & {
  readonly transactions: Uint8Array
}

interface PackedExecuted extends Omit<Executed<StatePoint>, 'results' | 'encoded'> {
  readonly encoded?: { readonly list: Uint8Array; readonly root: Uint8Array }
}

/** What came of a block, and the hashes of its transactions' tree. */
interface PackedOutcome {
  readonly executed: PackedExecuted | undefined
  readonly hashes: Uint8Array
}

interface PackedBuilt extends Omit<Built<StatePoint>, 'transactions' | 'refused' | 'executed'>, PackedOutcome {
  readonly transactions: Uint8Array
  readonly refused: Uint8Array
}

/** `HostedMethods` of which large lists are one piece. */
export interface PackedMethods extends Omit<HostedMethods, 'execute' | 'build' | 'admit' | 'decide' | 'hashes'> {
  execute(block: Packed<BlockContent>): PackedOutcome
  build(place: Packed<BuildPlace>, around: Parameters<HostedMethods['build']>[1]): PackedBuilt
  admit(transactions: Uint8Array): readonly boolean[]
  decide(block: Packed<BlockContent>, root: Uint8Array, note: Uint8Array, isDurable: boolean): void
  hashes(transactions: Uint8Array): Uint8Array
}

/** In the thread of the application. */
export function packedMethods(hosted: HostedMethods): PackedMethods {
  return {
    ...hosted,
    execute(block) {
      const content = unpacked(block)
      return packedOutcome(content.transactions, hosted.execute(content))
    },
    build(place, around) {
      const { transactions, refused, executed, ...built } = hosted.build(unpacked(place), around)
      return {
        ...built,
        ...packedOutcome(transactions, executed),
        transactions: encodingOf(transactions),
        refused: encodeByteList(refused),
      }
    },
    admit: (transactions) => hosted.admit(readEncoding(transactions)),
    decide: (block, root, note, isDurable) => hosted.decide(unpacked(block), root, note, isDurable),
    hashes: (transactions) => hosted.hashes(readEncoding(transactions)),
  }
}

function packedOutcome(transactions: readonly Uint8Array[], executed: Executed<StatePoint> | undefined): PackedOutcome {
  const { bytes: hashes } = hashesOf(transactions)
  if (executed === undefined) return { executed, hashes }
  const { results, ...rest } = executed
  const encoded = encodeResults(transactions.length, results)
  // What no block may have is refused here; the machine would say the same.
  if (encoded === undefined) return { executed: undefined, hashes }
  return { executed: { ...rest, encoded: { list: encodeByteList(encoded.list), root: encoded.root } }, hashes }
}

type Call = (name: string, given: readonly unknown[]) => Promise<unknown>

/**
 * In the thread of the chain: `call` reaches `packedMethods`; what this gives has the methods of `HostedMethods`. `turn` resolves in a later turn of the loop:
 * a long list is encoded over several of them, and what is called meanwhile waits, so that calls go out in the order in which they were made.
 */
export function packedCalls(call: Call, turn: () => Promise<void>): Call {
  const line = new Line()
  const through = <M extends keyof PackedMethods>(method: M, ...given: Parameters<PackedMethods[M]>) =>
    call(method, given) as Promise<ReturnType<PackedMethods[M]>>
  const methods: { readonly [M in 'execute' | 'build' | 'admit' | 'decide' | 'hashes']: Remote<M> } = {
    async execute(block) {
      return unpackedOutcome(block.transactions, await through('execute', packed(block)))
    },
    async build(place, around) {
      const { transactions, refused, executed, hashes, ...built } = await through('build', packed(place), around)
      const list = readEncoding(transactions)
      return {
        ...built,
        transactions: list,
        refused: readEncoding(refused),
        executed: unpackedOutcome(list, { executed, hashes }),
      }
    },
    admit: (transactions) => through('admit', encodeByteList(transactions)),
    decide: (block, root, note, isDurable) => through('decide', packed(block), root, note, isDurable),
    hashes: (transactions) => through('hashes', encodingOf(transactions)),
  }
  return (name, given) => {
    const method = Object.hasOwn(methods, name) ? methods[name as keyof typeof methods] : undefined
    const go = () =>
      method === undefined ? call(name, given) : (method as (...all: readonly unknown[]) => Promise<unknown>)(...given)
    return line.after(() => encoded(longListOf(name, given), turn), go)
  }
}

/** So many items a turn, for thousands at once would stop the loop that answers. Undefined: there is nothing to wait for. */
function encoded(transactions: readonly Uint8Array[], turn: () => Promise<void>): Promise<void> | undefined {
  const list = growingEncoding(transactions)
  return list && inTurns(transactions, list, turn)
}

async function inTurns(transactions: readonly Uint8Array[], list: GrowingByteList, turn: () => Promise<void>) {
  while (!list.add(limits.PACKED_AT_ONCE)) await turn()
  noteEncoding(transactions, list.bytes)
}

/** What is to be encoded whole before the call goes out. */
function longListOf(name: string, given: readonly unknown[]): readonly Uint8Array[] {
  const [first] = given
  if (name === 'hashes') return first as readonly Uint8Array[]
  const isOfBlock = name === 'execute' || name === 'build' || name === 'decide'
  return isOfBlock ? (first as Pick<BlockContent, 'transactions'>).transactions : []
}

/** Lets one after the other go, each when it is ready; at once where nobody waits. */
class Line {
  readonly #waiting: { readonly ready: () => Promise<void> | undefined; readonly go: () => void }[] = []
  #isBusy = false

  after<T>(ready: () => Promise<void> | undefined, go: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ready, go: () => void go().then(resolve, reject) })
      if (!this.#isBusy) this.#advance()
    })
  }

  #advance(): void {
    this.#isBusy = false
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { ready, go } = next
      const waits = ready()
      if (waits === undefined) go()
      else {
        this.#isBusy = true
        void waits.then(() => {
          go()
          this.#advance()
        })
        return
      }
    }
  }
}

type Remote<M extends keyof HostedMethods> = (
  ...given: Parameters<HostedMethods[M]>
) => Promise<ReturnType<HostedMethods[M]>>

function packed<T extends { readonly transactions: readonly Uint8Array[] }>(one: T): Packed<T> {
  return { ...one, transactions: encodingOf(one.transactions) }
}

function unpacked<T extends { readonly transactions: Uint8Array }>(one: T) {
  return { ...one, transactions: readEncoding(one.transactions) }
}

function unpackedOutcome(
  transactions: readonly Uint8Array[],
  { executed, hashes }: PackedOutcome,
): Executed<StatePoint> | undefined {
  noteHashes(transactions, new MerkleHashes(transactions.length, hashes))
  if (executed === undefined) return undefined
  const { encoded, ...rest } = executed
  return encoded === undefined ? rest : { ...rest, encoded: { list: readEncoding(encoded.list), root: encoded.root } }
}
