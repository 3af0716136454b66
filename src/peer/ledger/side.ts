/**
 * The ledgers of a node, all together: chains that it runs, followers that it serves, and what it follows itself. Opened before the ring runs, wired
 * to it, started and stopped with it.
 */
import {
  type Cancel,
  ChordnsError,
  type Clock,
  equalBytes,
  isChordnsError,
  type Log,
  type PeerId,
  type Random,
  type Store,
  sleep,
  toHex,
} from '../../base/index.ts'
import {
  FollowServer,
  KeptProofs,
  LedgerPages,
  LightFollower,
  type LightRules,
  lightRules,
  NewsDesk,
  type NoteKey,
  newestNews,
  parseNoteKey,
  trustGenesis,
  WitnessDesk,
} from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { ed25519, type Signer, verifyEd25519Elsewhere } from '../../crypto/index.ts'
import type { Name } from '../../dns/index.ts'
import {
  anchorLimits,
  ClaimDuty,
  type ClaimEyes,
  Duties,
  drawDuty,
  FaultDuty,
  Ledgers,
  Linking,
  memberIdOf,
  ReviewDuty,
  type RunningChain,
  TitleDuty,
  UseDuty,
  type UseHooks,
} from '../../ledger/index.ts'
import type { LedgerFiles } from '../disk.ts'
import { RequestRoom } from '../rooms.ts'
import { admissionChainOf, type LedgerAdmission } from './admission.ts'
import { ListFollower } from './list-follower.ts'
import { type DutyKeys, type LedgerWiring, openLedgers, PeersByName, reach } from './running.ts'

export interface LedgerSideDeps {
  readonly config: Pick<Config, 'data' | 'ledger' | 'ring'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly files: LedgerFiles
  /** The key of this node's identity in the ring. */
  readonly memberKey: Uint8Array
  /** Of an endorsed ring. */
  readonly admission: LedgerAdmission | undefined
  /** Signs for this node as a witness. */
  readonly signer: Signer
  /** By which a validator sees what holders of claimed domains show; undefined: it says nothing about claims. */
  readonly eyes?: ClaimEyes
}

export interface LedgerSideHooks {
  /** A chain has stopped and cannot go on. */
  readonly onBroken: (chain: string, failure: Error) => void
}

export interface LedgerSide {
  readonly clock: Pick<Clock, 'now'>
  /** By which measures its follower trusts headers. */
  readonly rules: LightRules
  readonly ledgers: Ledgers
  /** Newest headers of all chains, and proofs of their states. */
  readonly follower: LightFollower
  /** Of anchored names, on disk. */
  readonly nameProofs: KeptProofs
  readonly server: FollowServer
  /** What stands below /ledger/ on the status address. */
  readonly pages: LedgerPages
  /** Before `start`. */
  wire(wiring: LedgerWiring): void
  /** How it is looked whether a zone is served. Until it is said, this node says nothing of the use of names. */
  lookForUse(isServed: UseHooks['isServed']): void
  start(): void
  stop(): Promise<void>
}

/** A little more than a follower's shortest time between two looks. */
const LOOK_AGAIN_MS = 5_100
/** The longest wait of the looks at the start: then those of once a minute do. */
const LOOK_SOON_UNTIL_MS = 60_000
/** Time for somebody at an address to let this node in, ms. */
const CONNECT_MS = 5_000

/** Undefined: no genesis is configured. Throws CONFIG_INVALID, LEDGER_GENESIS, KEY_* and STORE_*. */
export async function openLedgerSide(deps: LedgerSideDeps, hooks: LedgerSideHooks): Promise<LedgerSide | undefined> {
  const { config, clock, random, log, files, memberKey } = deps
  const rules = lightRules(ed25519)
  let wired: LedgerWiring | undefined
  let follower: LightFollower | undefined
  let duties: Duties | undefined
  let isServed: UseHooks['isServed'] = async () => undefined
  const wiring = () => wired
  // What this node decides, its resolver knows at once; a look that comes too soon after another does nothing, so there is one more.
  const news = new NewsDesk({
    clock,
    send: (peer, body, options) => reach(wiring).send(RequestRoom.LEDGERS, peer, body, options),
  })
  const looking = new Set<string>()
  const onDecided = (chain: RunningChain) => {
    const { id, genesis } = chain
    const { chainId } = genesis
    void follower?.look(chainId)
    const fresh = newestNews(chain.served.headers)
    // Who hears nothing looks, and is told of the fork then.
    if (fresh !== undefined && follower?.conflict(chainId) === undefined) news.publish(chainId, fresh)
    void duties?.decided(chain)
    if (looking.has(id)) return
    looking.add(id)
    clock.after(LOOK_AGAIN_MS, () => {
      looking.delete(id)
      void follower?.look(chainId)
    })
  }
  const opened = await openLedgers(
    { config, clock, log, stores: files, memberKey },
    { wiring, onDecided, onBroken: hooks.onBroken, trusts: (chainId) => follower?.head(chainId) },
  )
  if (opened === undefined) return undefined
  const peers = new PeersByName(wiring)
  /** Members that were found by their addresses, before this node is in the ring. */
  const contacts = new Set<PeerId>()
  const ledgers = new Ledgers(
    { ...opened, clock },
    {
      send: (peer, body, options) => wired!.send(RequestRoom.LEDGER_CHAINS, peer, body, options),
      peerOf: (name) => peers.peerOf(name),
      nameOf: (peer) => peers.nameOf(peer),
      members: () => othersOf(wired),
    },
  )
  const server = new FollowServer({
    clock,
    news,
    onNews: (chainId, from, told) => follower?.hear(chainId, from, told) ?? false,
  })
  const light: LightFollower = new LightFollower(
    {
      clock,
      random,
      log,
      rules,
      verifyMany: verifyEd25519Elsewhere,
      store: files.followed,
      news,
      runs: (chainId) => ledgers.runningOf(chainId) !== undefined,
      members: {
        of(chainId) {
          const genesis = ledgers.chains.find((one) => equalBytes(one.chainId, chainId))
          const sets = [...(genesis?.genesis.validators ?? []), ...(light.head(chainId)?.validators ?? [])]
          const found = sets.flatMap(({ id }) => peers.peerOf(toHex(id)) ?? [])
          const own = ledgers.runningOf(chainId) === undefined || wired === undefined ? [] : [wired.ring.self.peer]
          return [...new Set([...own, ...found, ...(found.length === 0 ? contacts : [])])]
        },
        request: async (peer, body, options) =>
          peer === wired?.ring.self.peer
            ? server.answer(peer, body)
            : wired!.send(RequestRoom.LEDGERS, peer, body, options),
      },
    },
    {
      onConflict: ({ chainId }, conflict) => ledgers.runningOf(chainId)?.show(conflict),
    },
  )
  follower = light
  // From now on what is on disk counts; there is nobody yet who could be asked for more.
  for (const { genesis } of opened.all) {
    const { name } = genesis
    light.follow({ name, trusted: trustGenesis(genesis), point: config.ledger.trust.get(name) })
  }
  const keptOver = (store: Store, most: number) => new KeptProofs({ trust: light, rules, store, clock, log }, most)
  const nameProofs = keptOver(files.names, anchorLimits.NAMES_KEPT)
  const use = { isServed: (zone: Name, signal: AbortSignal) => isServed(zone, signal) }
  duties = opened.duties && dutiesOf(deps, { ledgers, follower: light, keys: opened.duties, use })
  const pages = new LedgerPages(() => sleep(clock, 0), witnessDesk(deps))
  for (const chain of opened.running) {
    const { genesis } = chain.genesis
    pages.publish({ genesis, headers: chain.served.headers, checkpoint: () => chain.cosigning.checkpoint })
    server.serve({
      ...chain.served,
      conflict: () => light.conflict(chain.genesis.chainId),
      onConflict: (conflict) => void light.show(chain.genesis.chainId, conflict),
      checkpoint: (size) => chain.cosigning.checkpointOf(size),
      onNote: (note) => (note === undefined ? chain.cosigning.checkpoint : chain.cosigning.receive(note)),
    })
  }
  /** Where the ring is said to be, as long as this node is in none: members let it in as soon as they have it on their list. */
  const seek = async () => {
    if (wired === undefined || wired.ring.members().length > 1) return contacts.clear()
    for (const address of config.ring.bootstrap)
      try {
        contacts.add(await wired.connect(address, { timeoutMs: CONNECT_MS }))
      } catch (error) {
        if (!isChordnsError(error)) throw error
        log.debug({ address, code: error.code }, 'no member lets this node in yet')
      }
  }
  /** A follower looks once a minute. At the start the ring may still be being joined, and then nobody has answered the first look. */
  let cancelSoon: Cancel = () => {}
  const lookSoon = (afterMs: number) => {
    cancelSoon = clock.after(afterMs, () => {
      const unknown = opened.all.filter(({ chainId }) => light.head(chainId)?.certified === undefined)
      for (const { chainId } of unknown) void light.look(chainId)
      if (unknown.length > 0 && afterMs < LOOK_SOON_UNTIL_MS) lookSoon(afterMs * 2)
    })
  }
  const { admission } = deps
  const { chainId } = admissionChainOf(opened.all)
  const kept = keptOver(files.lists, 1)
  const list = admission && new ListFollower({ follower: light, chainId, admission, kept, seek, clock, log })
  await list?.recall()
  return {
    clock,
    rules,
    ledgers,
    follower: light,
    nameProofs,
    server,
    pages,
    wire(next) {
      wired = next
    },
    lookForUse(look) {
      isServed = look
    },
    start() {
      ledgers.start()
      for (const { chainId } of opened.all) void light.look(chainId)
      list?.start()
      lookSoon(LOOK_AGAIN_MS)
    },
    async stop() {
      cancelSoon()
      list?.stop()
      light.close()
      await ledgers.stop()
    },
  }
}

interface DutyPorts {
  readonly ledgers: Ledgers
  readonly follower: LightFollower
  readonly keys: DutyKeys
  readonly use: UseHooks
}

/** What this node does for its chains beside voting, in the order of what is urgent. */
function dutiesOf(
  { clock, random, log, memberKey, config, eyes }: LedgerSideDeps,
  { ledgers, follower, keys, use }: DutyPorts,
): Duties {
  const { account, votingSeed } = keys
  const own = { account: account.publicKey, memberId: memberIdOf(memberKey) }
  const port = { clock, scheme: ed25519, follower, all: ledgers.chains }
  const runningOf = (chainId: Uint8Array) => ledgers.runningOf(chainId)
  const duties = [
    new FaultDuty({ ...own, ...port }),
    drawDuty({ ...own, votingSeed }),
    ...(eyes === undefined ? [] : [new ClaimDuty({ ...own, ...port, random, log, eyes })]),
    new Linking({ ...own, ...port, runningOf }),
    ...(config.ledger.reviews === 'vote' ? [new ReviewDuty({ ...own, ...port })] : []),
    new TitleDuty({ account: own.account, clock, view: follower }),
    new UseDuty({ account: own.account, clock, log }, use),
  ]
  return new Duties({ clock, log, account, duties })
}

function othersOf(wired: LedgerWiring | undefined): readonly PeerId[] {
  if (wired === undefined) return []
  const { ring } = wired
  return ring.members().flatMap(({ peer }) => (peer === ring.self.peer ? [] : [peer]))
}

/** Undefined: no outside log is configured. Throws CONFIG_INVALID. */
function witnessDesk({ config, clock, log, files, memberKey, signer }: LedgerSideDeps): WitnessDesk | undefined {
  const { witness } = config.ledger
  if (witness.length === 0) return undefined
  const logs = witness.map(({ origin, keys, enough }, index) => ({
    origin,
    enough,
    keys: keys.map((text, place) => readNoteKey(`ledger.witness.${index}.keys.${place}`, text)),
  }))
  return new WitnessDesk(
    {
      scheme: ed25519,
      logs,
      id: memberIdOf(memberKey),
      signer,
      store: files.witnessed,
      now: () => clock.now(),
    },
    { onFork: (origin) => log.warn({ origin }, 'an outside log has shown two histories: it is not cosigned') },
  )
}

function readNoteKey(path: string, text: string): NoteKey {
  try {
    return parseNoteKey(text)
  } catch (error) {
    if (!isChordnsError(error)) throw error
    throw new ChordnsError('CONFIG_INVALID', `${path}: ${error.message}`, {
      problems: [{ path, message: error.message }],
    })
  }
}
