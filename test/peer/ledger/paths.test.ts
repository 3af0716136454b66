import { expect, it } from 'vitest'
import { domainRoutes } from '../../../src/peer/ledger/domain-routes.ts'
import { ledgersOff } from '../../../src/peer/ledger/paths.ts'
import { ledgerRoutes } from '../../../src/peer/ledger/routes.ts'

it('has each path that a node with a ledger has, by the same method and with the same bounds', () => {
  const none = undefined as never
  const there = { ...ledgerRoutes(none, none), ...domainRoutes(none, none) }
  const how = (routes: ReturnType<typeof ledgersOff>) =>
    Object.entries(routes)
      .map(([path, { handle, ...route }]) => ({ path, ...route }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  expect(how(ledgersOff())).toEqual(how(there))
})

it('says on each that there is no ledger', () => {
  for (const { handle } of Object.values(ledgersOff()))
    expect(() =>
      handle(new URLSearchParams(), new AbortController().signal, '', { isOwner: false, isOpen: true }),
    ).toThrow(expect.objectContaining({ code: 'LEDGER_OFF' }))
})
