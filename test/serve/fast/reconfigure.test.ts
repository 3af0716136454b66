/** The tests of reconfiguring, with workers on the sockets. */
process.env['CHORDNS_TEST_FAST'] = '1'
await import('../reconfigure.test.ts')
