/** The paths that the pages of the dashboard, `chordns top` and `chordns queries` ask for. */
import { ChordnsError, type Clock, jsonFields } from '../base/index.ts'
import type { Config, Setting } from '../config/index.ts'
import { readTextFile } from '../io/index.ts'
import {
  acts,
  type ConfigurationView,
  forAnybody,
  type InvitedView,
  isPrivacyLevel,
  looksUp,
  type OverviewView,
  owns,
  PRIVACY_LEVELS,
  type PulseView,
  type QueriesView,
  reads,
  Sessions,
  type SessionView,
  SPAN_NAMES,
  type StatusRoute,
  type StatusView,
  signsIn,
  streamOf,
  worthTelling,
} from '../observe/index.ts'
import { keyFile, passwordFile } from './dashboard-files.ts'
import { limits } from './limits.ts'
import type { QueryWatch } from './query-watch.ts'
import type { Peers } from './ring.ts'

/** The settings in force, as people wrote them. */
export interface ShownSettings {
  readonly file: string | undefined
  readonly settings: readonly Setting[]
}

export interface DashboardDeps {
  readonly clock: Clock
  readonly watch: QueryWatch
  readonly sessions: Sessions
  /** A ring that waits begins first. */
  readonly peers: () => Promise<Peers | undefined>
  readonly status: () => StatusView
  /** In force now. */
  readonly config: () => Config
  readonly shown: () => ShownSettings | undefined
}

export function createSessions(data: string, clock: Clock): Sessions {
  return new Sessions({
    now: () => clock.now(),
    passwordLine: () => readTextFile(passwordFile(data)),
    keySecret: () => readTextFile(keyFile(data)),
  })
}

export function dashboardRoutes(deps: DashboardDeps): Readonly<Record<string, StatusRoute>> {
  const { watch, sessions } = deps
  return {
    '/overview': reads((query) => overview(deps, query.get('span') ?? 'minutes')),
    '/events': looksUp((query) =>
      streamOf({ pulse: () => pulseOf(deps), book: watch.book }, query.get('queries') === '1'),
    ),
    '/queries': looksUp((query) => queriesOf(deps, query)),
    '/queries/privacy': acts((query) => {
      const level = query.get('level') ?? ''
      if (!isPrivacyLevel(level))
        throw new ChordnsError('USAGE', `level: one of ${PRIVACY_LEVELS.join(', ')}`, { level })
      watch.choose(level, Number(query.get('minutes') ?? 30))
      return queriesOf(deps, query)
    }),
    '/queries/clear': acts((query) => {
      watch.book.clear()
      return queriesOf(deps, query)
    }),
    '/configuration': looksUp(() => configurationOf(deps.shown())),
    '/session': forAnybody(
      reads((_, __, ___, { isOwner, isOpen }): SessionView => {
        return { isOwner, isNeeded: !isOpen, hasPassword: sessions.hasPassword }
      }),
    ),
    '/session/begin': signsIn(limits.MAX_SIGN_IN_BYTES, (_, __, body) => sessions.signIn(readSignIn(body))),
    '/ring/invitation': owns((query) => invite(deps, query)),
  }
}

export function pulseOf({ clock, watch, status }: DashboardDeps): PulseView {
  const { uptimeSeconds, serve, cache, upstream, ring, memory } = status()
  return {
    at: clock.now(),
    uptimeSeconds,
    ...watch.meter.picture(),
    inFlight: serve['inFlight'] ?? 0,
    cacheEntries: cache['entries'] ?? 0,
    cacheBytes: cache['bytes'] ?? 0,
    upstreamQueries: upstream['upstreamQueries'] ?? 0,
    timeouts: upstream['timeouts'] ?? 0,
    members: ring?.members.length ?? 0,
    rssBytes: memory.rssBytes,
  }
}

function overview(deps: DashboardDeps, wanted: string): OverviewView {
  const span = SPAN_NAMES.find((name) => name === wanted)
  if (span === undefined) throw new ChordnsError('USAGE', `span: one of ${SPAN_NAMES.join(', ')}`, {})
  const { stepSeconds, at, columns } = deps.watch.meter.series(span)
  const { queries, atOnce, failed, blocked, p50, p95 } = columns
  const copied = {
    queries: [...queries],
    atOnce: [...atOnce],
    failed: [...failed],
    blocked: [...blocked],
    p50: [...p50],
    p95: [...p95],
  }
  return { pulse: pulseOf(deps), series: { stepSeconds, at: [...at], columns: copied } }
}

function queriesOf({ watch }: DashboardDeps, query: URLSearchParams): QueriesView {
  const { privacy, keep, hours, ignore } = watch.book.options
  const most = Math.min(Math.max(1, Number(query.get('most') ?? 200) || 1), keep)
  const of = (key: string) => query.get(key) ?? undefined
  return {
    privacy,
    until: watch.until,
    keep,
    hours,
    size: watch.book.size,
    ignore: [...ignore],
    rows: watch.book.search({ text: of('search'), client: of('client'), outcome: of('outcome'), most }),
  }
}

function configurationOf(shown: ShownSettings | undefined): ConfigurationView {
  return {
    file: shown?.file ?? null,
    settings: (shown?.settings ?? []).map(({ path, value, source, where, description }) => ({
      path,
      value: JSON.stringify(value) ?? '-',
      source,
      where: where ?? null,
      description,
    })),
  }
}

function readSignIn(body: string): { readonly password?: string; readonly key?: string } {
  const { password, key } = jsonFields(body) as { readonly password?: unknown; readonly key?: unknown }
  return { ...(typeof password === 'string' && { password }), ...(typeof key === 'string' && { key }) }
}

/** Signs with the keys in the data directory, for whoever has signed in: to a program of another user of this machine it is refused. */
async function invite({ peers: begun, config }: DashboardDeps, query: URLSearchParams): Promise<InvitedView> {
  const { data, ring } = config()
  const peers = await begun()
  if (peers === undefined) throw new ChordnsError('RING_OFF', 'this node runs without a ring', {})
  if (ring.secretFile === undefined || ring.admission !== 'psk')
    throw new ChordnsError('RING_OFF', 'only the rings of households are entered by invitations: `chordns invite`', {})
  const uses = Number(query.get('uses') ?? 1)
  const hours = Number(query.get('hours') ?? 24)
  const isFair = Number.isInteger(uses) && uses >= 1 && uses <= 20 && hours >= 1 && hours <= 720
  if (!isFair) throw new ChordnsError('USAGE', 'uses: 1 to 20; hours: 1 to 720', {})
  const [{ ringLimits }, { makeInvitation }, { announceInvitation }] = await Promise.all([
    import('../ring/index.ts'),
    import('./joining.ts'),
    import('./ring-commands.ts'),
  ])
  const members = [...peers.ring.members()].sort(
    (a, b) => Number(b.id === ownId(peers)) - Number(a.id === ownId(peers)),
  )
  const addresses = worthTelling(members).slice(0, ringLimits.MAX_INVITED_ADDRESSES)
  const { token, invitation, announcement } = await makeInvitation(
    { data, ringId: ring.id, secretFile: ring.secretFile },
    { uses, forMs: hours * 3_600_000, addresses },
  )
  await announceInvitation(peers.ring, announcement)
  return { token, id: Buffer.from(invitation.id).toString('hex'), expires: invitation.expires }
}

function ownId({ ring }: Peers): string {
  return ring.status().self.id
}
