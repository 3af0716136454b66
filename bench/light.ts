/**
 * What following a ledger costs: the check of a name's proof, cold and warm, at 4, 31 and 100 validators; and what 100,000 followers that look for a newer
 * header once a minute cost the member that serves them, of one core. Requests and replies as bytes; what carries them is not in it (see `peers`).
 */
import { asPeerId, equalBytes } from '../src/base/index.ts'
import { setRoot } from '../src/chain/blocks/set-root.ts'
import { encodeFollowRequest } from '../src/chain/follow/messages.ts'
import { FollowServer } from '../src/chain/follow/serving.ts'
import {
  decodeProofFile,
  decodeWarmProof,
  encodeProofFile,
  encodeWarmProof,
  verifyProofFile,
  verifyWarmProof,
} from '../src/chain/light/proof-file.ts'
import { lightRules } from '../src/chain/light/trust.ts'
import { trust } from '../src/chain/light/verify.ts'
import { proveKeys } from '../src/chain/trees/proofs/prove.ts'
import { emptyStateMap, stateRoot, stateSet, stateView } from '../src/chain/trees/state-map.ts'
import { ed25519, ed25519Signer, sha256 } from '../src/crypto/index.ts'
import { systemClock } from '../src/io/index.ts'
import { MINUTE, TestLedger } from '../test/chain/light/ledger.ts'
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
    const checks = numbersOption(values, 'sizes').map((n) => checksOf(n, stateRoot(state), key, value, stateProof))
    const serving = await servingOf(numberOption(values, 'followers'), numberOption(values, 'minutes'))
    const table: Table = {
      title: `the proof of a name among ${names}`,
      columns: ['validators', 'cold, bytes', 'check, ms', 'p90', 'CPU ms', 'warm, bytes', 'check, ms', 'CPU ms'],
      rows: checks.map((one) => [
        one.n,
        one.coldBytes,
        one.coldMs,
        one.coldP90,
        one.coldCpuMs,
        one.warmBytes,
        one.warmMs,
        one.warmCpuMs,
      ]),
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
        target('check of a cold proof at 31 validators, CPU ms', at31.coldCpuMs, 3),
        target('cold proof at 31 validators, bytes', at31.coldBytes, 4_096),
        target('warm proof, bytes', at31.warmBytes, 1_331),
      )
    return { tables: [table, served], targets, data: { names, checks, serving } }
  },
}

function checksOf(n: number, root: Uint8Array, key: Uint8Array, value: Uint8Array, stateProof: Uint8Array) {
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
  const rules = lightRules(ed25519)
  const trusted = trust(ledger.at(2), ledger.setAt(3))
  const now = ledger.head.header.time
  // By the time that this process computed, too: other work on the machine stretches the time of the clock.
  const timed = (check: () => boolean) => {
    const times: number[] = []
    const before = process.cpuUsage()
    for (let i = 0; i < CHECKS; i++) {
      const start = performance.now()
      if (!check()) throw new Error('a proof that does not hold')
      times.push(performance.now() - start)
    }
    const { user, system } = process.cpuUsage(before)
    return { times, cpuMs: (user + system) / 1_000 / CHECKS }
  }
  const coldChecks = timed(() => verifyProofFile(rules, trusted, decodeProofFile(cold), now).kind === 'proven')
  const warmChecks = timed(() => verifyWarmProof(ledger.head.header, key, decodeWarmProof(warm)))
  return {
    n,
    coldBytes: cold.length,
    coldMs: round(median(coldChecks.times), 2),
    coldP90: round(quantile(coldChecks.times, 0.9), 2),
    coldCpuMs: round(coldChecks.cpuMs, 2),
    warmBytes: warm.length,
    warmMs: round(median(warmChecks.times), 3),
    warmCpuMs: round(warmChecks.cpuMs, 3),
  }
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
