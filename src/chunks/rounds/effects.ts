/** Carries out what a round machine wants done. Each effect is only begun here; what comes of it is told as an event, later. */
import type { Clock, Log, Work } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { Witness } from '../observations/witness.ts'
import type { Placement } from '../seats/placement.ts'
import type { Ignored, RoundEffect, RoundEvent } from './machine/round-state.ts'
import type { RoundMachine } from './machine-table.ts'
import type { Observing } from './observing.ts'
import type { Late, RoundRequests } from './requests.ts'

export interface EffectsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly work: Work
  readonly placement: Placement
  readonly observing: Observing
  readonly witness: Witness
  readonly requests: RoundRequests
  readonly stopping: AbortSignal
}

export interface EffectsHooks {
  /** Takes a step of the machine. Never called before the effect has returned. */
  readonly step: (machine: RoundMachine, event: RoundEvent) => void
  /** Counts an event that came too late, or in another phase than it belongs to. */
  readonly outOfPhase: (machine: RoundMachine, what: Omit<Ignored, 'kind' | 'phase'>) => void
}

export function createEffects(
  deps: EffectsDeps,
  hooks: EffectsHooks,
): (machine: RoundMachine, effect: RoundEffect) => void {
  const { clock, requests } = deps

  function then(machine: RoundMachine, work: Promise<RoundEvent | Late>): void {
    work
      .then((event) => (event.kind === 'late' ? hooks.outOfPhase(machine, event) : hooks.step(machine, event)))
      .catch((error: unknown) => {
        if (!deps.stopping.aborted) throw error
      })
  }

  /** The event, unless the machine has gone on meanwhile. */
  async function unlessLate(machine: RoundMachine, work: Promise<RoundEvent>): Promise<RoundEvent | Late> {
    const { state } = machine
    const event = await work
    return machine.state === state ? event : { kind: 'late', event: event.kind, expected: [state.phase] }
  }

  return (machine, effect) => {
    const { question } = machine
    switch (effect.kind) {
      case 'probe':
        then(machine, unlessLate(machine, requests.probe(question, effect.peers)))
        return
      case 'queue':
        // A place may have become free this very moment.
        machine.unqueue = deps.work.whenFree('round', () => then(machine, Promise.resolve({ kind: 'free' })), {
          withinMs: limits.ROUND_WAITS_MS,
          onRefused: () => then(machine, Promise.resolve({ kind: 'not-free' })),
        })
        return
      case 'observe':
        then(machine, unlessLate(machine, deps.observing.observe(question, effect, effect.how)))
        return
      case 'open':
        machine.commitments = new Map()
        for (const peer of effect.peers) then(machine, requests.commitment(machine, peer, effect, effect.how))
        return
      case 'reveal': {
        const shown = [deps.witness.commitOwn(question, effect, effect.mine), ...effect.commitments]
        for (const peer of effect.peers) then(machine, requests.reveal(machine, peer, effect, shown))
        return
      }
      case 'wake': {
        const delayMs = Math.max(0, effect.at - clock.now())
        machine.cancel?.()
        machine.cancel = clock.after(delayMs, () => hooks.step(machine, { kind: 'tick' }))
        return
      }
      case 'gave-up':
        if (effect.reason === 'busy') deps.work.slower()
        deps.log.debug(
          { reason: effect.reason, chunk: deps.placement.chunkOf(question) },
          'a round ended without agreement',
        )
        return
      case 'ignored':
        hooks.outOfPhase(machine, effect)
        return
      case 'agreed':
      case 'want-again':
        // What follows from it is said in `node/follow.ts`, when the step has ended.
        return
    }
  }
}
