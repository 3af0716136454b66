/** The doors to the status of a node: which paths, pages and files each of them has. */
import { ChordnsError, type Clock } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import {
  createPages,
  createStatusServer,
  isLoopbackHost,
  isOwnHost,
  type Sessions,
  type StatusFolder,
  type StatusRoute,
} from '../observe/index.ts'
import { createSessions, dashboardRoutes } from './dashboard.ts'
import { ledgersOff } from './ledger/paths.ts'
import { limits } from './limits.ts'
import type { Machine, NodeParts } from './node-parts.ts'
import type { Peers } from './ring.ts'
import { statusOf, statusRoutes } from './status.ts'
import { readTls } from './tls/credentials.ts'

export interface Opening {
  readonly machine: Machine
  readonly version: string
  readonly startedAt: number
}

/** On loopback for programs of this machine and its browser; on the LAN, where that is wanted, for who has signed in. */
export async function openStatus(parts: Partial<NodeParts>, config: Config, opening: Opening): Promise<void> {
  const { listen, dashboard } = config.status
  if (listen === false && dashboard === false) return
  const made = parts as NodeParts
  const { machine, version, startedAt } = opening
  const { clock, log } = machine
  const sessions = createSessions(config.data, clock)
  const seen = {
    ...made,
    peers: () => made.peers,
    ringAwake: async () => made.waiting?.awake(),
    sharedNames: () => made.sharedNames,
    tap: () => made.tap,
    clock,
    version,
    startedAt,
  }
  const routes = {
    ...statusRoutes({ ...seen, ...machine }, await ledgerRoutesOf(made, clock)),
    ...dashboardRoutes({
      clock,
      sessions,
      watch: made.watch,
      async peers() {
        await seen.ringAwake()
        return made.peers
      },
      status: () => statusOf(seen),
      config: () => made.inForce,
      shown: () => made.shown,
    }),
  }
  const pages = createPages()
  const isOwner = (authorization: string | undefined) => sessions.isOwner(authorization)
  if (listen !== false)
    parts.status = await createStatusServer(listen, routes, log, {
      folder: await ledgerFolder(made.peers, config, machine),
      pages,
      door: { isOpen: true, scheme: 'http', allowsHost: isLoopbackHost, isOwner },
    })
  if (dashboard === false) return
  refuseWithoutPassword(sessions)
  const names = config.tls.name === undefined ? [] : [config.tls.name.toLowerCase()]
  parts.dashboard = await createStatusServer(dashboard, routes, log, {
    pages,
    door: { isOpen: false, scheme: 'https', allowsHost: (host) => isOwnHost(host, names), isOwner },
    tls: readTls(config),
  })
}

function refuseWithoutPassword(sessions: Sessions): void {
  if (!sessions.hasPassword)
    throw new ChordnsError(
      'DASHBOARD_NO_PASSWORD',
      'status.dashboard is for the whole network, and needs a password: `chordns dashboard --password` sets it',
      {},
    )
}

/** The paths of a ledger, loaded where there is one. */
async function ledgerRoutesOf(
  { peers, core }: NodeParts,
  clock: Clock,
): Promise<Readonly<Record<string, StatusRoute>>> {
  const side = peers?.ledger
  if (side === undefined) return ledgersOff()
  const [{ ledgerRoutes }, { domainRoutes }] = await Promise.all([
    import('./ledger/routes.ts'),
    import('./ledger/domain-routes.ts'),
  ])
  const { resolver, recursor } = core
  return { ...ledgerRoutes(side, () => core.precedence()), ...domainRoutes(side, { resolver, recursor, clock }) }
}

/** The ledgers' history as files, the desk of the witness, and that of an applicant. */
async function ledgerFolder(
  peers: Peers | undefined,
  config: Config,
  { clock, log }: Machine,
): Promise<StatusFolder | undefined> {
  const pages = peers?.ledger?.pages
  if (pages === undefined) return undefined
  const endorsers = new Set(config.ledger.answerTo)
  const desk = endorsers.size === 0 ? undefined : await inquiryDesk()
  return {
    path: '/ledger/',
    maxBody: limits.MAX_NOTE_BODY_BYTES,
    // Behind a web server all come from one address.
    answer: async (method, path, body) =>
      desk !== undefined && path === desk.path ? desk.answer(method, body, 'all') : pages.answer(method, path, body),
  }

  async function inquiryDesk() {
    const [{ loadApplicant }, { INQUIRY_PATH, InquiryDesk }] = await Promise.all([
      import('./ledger/admitting.ts'),
      import('./ledger/inquiring.ts'),
    ])
    const opened = new InquiryDesk({ machine: await loadApplicant(config), endorsers, clock, log })
    return { path: INQUIRY_PATH, answer: opened.answer.bind(opened) }
  }
}
