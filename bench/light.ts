/**
 * What following a ledger costs: the check of a name's proof, cold and warm, at 4, 31 and 100 validators; and what 100,000 followers that look for a newer
 * header once a minute cost the member that serves them, of one core. Requests and replies as bytes; what carries them is not in it (see `peers`).
 */
import { createPublicKey, verify } from 'node:crypto'
import { asPeerId, equalBytes } from '../src/base/index.ts'
import { setRoot } from '../src/chain/blocks/set-root.ts'
import { voteBytes } from '../src/chain/blocks/signing.ts'
import { encodeFollowRequest } from '../src/chain/follow/messages.ts'
import { FollowServer } from '../src/chain/follow/serving.ts'
import {
  decodeProofFile,
  decodeWarmProof,
  encodeProofFile,
  encodeWarmProof,
  type ProofFile,
  verifyProofFile,
  verifyWarmProof,
} from '../src/chain/light/proof-file.ts'
import { ledgerQuorum, lightRules } from '../src/chain/light/trust.ts'
import { trust } from '../src/chain/light/verify.ts'
import { proveKeys } from '../src/chain/trees/proofs/prove.ts'
import { emptyStateMap, stateRoot, stateSet, stateView } from '../src/chain/trees/state-map.ts'
import {
  decideAhead,
  ed25519,
  ed25519Signer,
  type SignatureScheme,
  sha256,
  verifyEd25519Elsewhere,
} from '../src/crypto/index.ts'
import { systemClock } from '../src/io/index.ts'
import { MINUTE, TestLedger } from '../test/chain/light/ledger.ts'
import { threadCpuMs } from './lib/cpu.ts'
import { median, quantile, round } from './lib/stats.ts'
import { type Benchmark, numberOption, numbersOption, type Table, type Target, target } from './lib/types.ts'

const text = (value: string) => new TextEncoder().encode(value)
const RECORD_BYTES = 524
const CHECKS = 200

export const benchmark: Benchmark = {
  summary: 'checking the proof of a name at 4, 31 and 100 validators, and serving 100,000 followers',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'entries of the state', default: '100000' },
    sizes: { type: 'string', help: 'validators', default: '4,31,100' },
    followers: { type: 'string', help: 'followers that look once a minute', default: '100000' },
    minutes: { type: 'string', help: 'minutes of them', default: '3' },
  },
  async run(values, say) {
    const names = numberOption(values, 'names')
    say(`a state of ${names} names`)
    let state = emptyStateMap
    for (let i = 0; i < names; i++) state = stateSet(state, text(`name ${i}`), new Uint8Array(RECORD_BYTES).fill(i))
    const key = text('name 7')
    const stateProof = proveKeys(stateView(state), [key])
    const value = new Uint8Array(RECORD_BYTES).fill(7)
    const checks: Checked[] = []
    for (const n of numbersOption(values, 'sizes'))
      checks.push(await checksOf(n, stateRoot(state), key, value, stateProof))
    const serving = await servingOf(numberOption(values, 'followers'), numberOption(values, 'minutes'))
    const table: Table = {
      title: `the proof of a name among ${names}`,
      columns: [
        'validators',
        'cold, bytes',
        'signatures',
        'one bare, ms',
        'check, ms',
        'p95',
        'on the thread',
        'all CPU',
      ],
      rows: checks.flatMap(({ n, cold, bare, atOnce, ahead }) => [
        [`${n}`, cold, ledgerQuorum(n), bare.ms, atOnce.ms, atOnce.p95, atOnce.threadMs, atOnce.cpuMs],
        [`${n}, other cores`, cold, ledgerQuorum(n), bare.ms, ahead.ms, ahead.p95, ahead.threadMs, ahead.cpuMs],
      ]),
    }
    const warm: Table = {
      title: 'the same for one who has the head',
      columns: ['bytes', 'check, ms', 'p95'],
      rows: checks.slice(0, 1).map((one) => [one.warm, one.known.ms, one.known.p95]),
    }
    const served: Table = {
      title: `${serving.followers} followers, one request a minute each, over ${serving.minutes} minutes`,
      columns: ['CPU ms a minute', 'of a core', 'us a request', 'from kept replies', 'bytes a reply'],
      rows: [[serving.cpuMs, serving.share, serving.usEach, serving.fromKept, serving.replyBytes]],
    }
    const at31 = checks.find(({ n }) => n === 31)
    const targets: Target[] = [target('part of a core for the followers', serving.share, 0.1)]
    if (at31 !== undefined)
      targets.push(
        target('check of a cold proof at 31 validators, ms', at31.ahead.ms, 3),
        target('the same on the thread that answers, one signature after the other, ms', at31.atOnce.ms, 3),
        target('the same against bare verifications of its signatures', at31.timesBare, 1.2),
        target('cold proof at 31 validators, bytes', at31.cold, 4_096),
        target('warm proof, bytes', at31.warm, 1_331),
      )
    return { tables: [table, warm, served], targets, data: { names, checks, serving } }
  },
}

type Checked = Awaited<ReturnType<typeof checksOf>>

async function checksOf(n: number, root: Uint8Array, key: Uint8Array, value: Uint8Array, stateProof: Uint8Array) {
  const people = Array.from({ length: n }, (_, i) => i)
  const ledger = new TestLedger(people, { makeKey: ed25519Signer }).grow(3, { stateRoot: root })
  const claims = [{ key, value }]
  const cold = encodeProofFile({
    head: ledger.head,
    claims,
    stateProof,
    older: undefined,
    validators: undefined,
    trail: [],
  })
  const warm = encodeWarmProof({ height: 3, value, stateProof })
  const trusted = trust(ledger.at(2), ledger.setAt(3))
  const { time, chainId } = ledger.head.header
  const { certificate } = ledger.head
  const verdictOn = (file: ProofFile) => (scheme: SignatureScheme) =>
    verifyProofFile(lightRules(scheme), trusted, file, time).kind === 'proven'
  // Bare: what OpenSSL takes for the signatures, in turn with the checks, so that all have the same machine.
  const bytes = voteBytes(chainId, { kind: 'precommit', ...certificate })
  const bareKeys = certificate.signatures.map(({ index, signature }) => ({
    key: createPublicKey({ key: spkiOf(ledger.setAt(3)[index]!.publicKey), format: 'der', type: 'spki' }),
    signature,
  }))
  const bare = new Timed()
  const atOnce = new Timed()
  const ahead = new Timed()
  const known = new Timed()
  for (let i = 0; i < CHECKS; i++) {
    await bare.time(() => bareKeys.every(({ key, signature }) => verify(null, bytes, key, signature)))
    await atOnce.time(() => verdictOn(decodeProofFile(cold))(ed25519))
    await ahead.time(() => decideAhead(ed25519, verifyEd25519Elsewhere, verdictOn(decodeProofFile(cold))))
    await known.time(() => verifyWarmProof(ledger.head.header, key, decodeWarmProof(warm)))
  }
  const [bareTimes, onceTimes] = [bare.result(), atOnce.result()]
  return {
    n,
    cold: cold.length,
    warm: warm.length,
    bare: { ms: round(bareTimes.ms / bareKeys.length, 4), all: bareTimes },
    atOnce: onceTimes,
    ahead: ahead.result(),
    known: known.result(),
    timesBare: round(onceTimes.ms / bareTimes.ms, 3),
  }
}

function spkiOf(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
}

/** By the clock, and by the time that this process and this thread computed: other work on the machine stretches the former. */
class Timed {
  readonly #times: number[] = []
  #cpu = 0
  #threadMs = 0

  async time(check: () => boolean | Promise<boolean>): Promise<void> {
    const [cpu, thread, start] = [process.cpuUsage(), threadCpuMs(), performance.now()]
    const outcome = check()
    if (!(outcome instanceof Promise ? await outcome : outcome)) throw new Error('a proof that does not hold')
    this.#times.push(performance.now() - start)
    this.#cpu += microseconds(process.cpuUsage(cpu))
    this.#threadMs += threadCpuMs() - thread
  }

  result() {
    const each = (us: number) => round(us / 1_000 / this.#times.length, 3)
    return {
      ms: round(median(this.#times), 3),
      p95: round(quantile(this.#times, 0.95), 3),
      threadMs: each(1_000 * this.#threadMs),
      cpuMs: each(this.#cpu),
    }
  }
}

function microseconds({ user, system }: { readonly user: number; readonly system: number }): number {
  return user + system
}

/** 31 validators; each follower comes at a moment of its own, some of them a block or two behind. */
async function servingOf(followers: number, minutes: number) {
  const people = Array.from({ length: 31 }, (_, i) => i)
  const ledger = new TestLedger(people, { makeKey: ed25519Signer }).grow(20)
  const { chainId } = ledger
  const server = new FollowServer({ clock: systemClock() })
  server.serve({
    headers: {
      chainId,
      height: () => ledger.height,
      certified: (height) => ledger.certified[height - 1],
      hashes: (level, index) => ledger.log.hashes(level, index),
      set: (root) => (equalBytes(setRoot(ledger.setAt(1)), root) ? ledger.setAt(1) : undefined),
    },
    states: { prove: async () => undefined },
    conflict: () => undefined,
    onConflict: () => {},
  })
  const peers = Array.from({ length: followers }, (_, i) =>
    asPeerId(
      `peer ${sha256(text(`${i}`))
        .slice(0, 8)
        .join('')}`,
    ),
  )
  let bytes = 0
  const before = process.cpuUsage()
  for (let minute = 0; minute < minutes; minute++) {
    for (const [i, peer] of peers.entries()) {
      const of = ledger.height - 1 - (i % 10 === 0 ? 1 + (i % 3) : 0)
      const reply = server.answer(peer, encodeFollowRequest({ kind: 'header', chainId, height: 0, of }))
      bytes += (reply instanceof Uint8Array ? reply : await reply).length
    }
    ledger.block({ time: ledger.head.header.time + MINUTE })
  }
  const { user, system } = process.cpuUsage(before)
  const cpuMs = (user + system) / 1_000 / minutes
  return {
    followers,
    minutes,
    cpuMs: round(cpuMs, 1),
    share: round(cpuMs / MINUTE, 4),
    usEach: round((cpuMs * 1_000) / followers, 2),
    fromKept: round(server.stats.fromKept / server.stats.requests, 4),
    replyBytes: Math.round(bytes / (followers * minutes)),
  }
}
