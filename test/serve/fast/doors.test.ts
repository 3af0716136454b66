/** What holds for a front end holds with the fast path, too: the same tests, with workers on the sockets. */
process.env['CHORDNS_TEST_FAST'] = '1'
await import('../doors/udp.test.ts')
