// For the HEALTHCHECK of an image: exit 0 when the node of this machine says on its status address that it is up.
const [at = process.env.CHORDNS_STATUS_LISTEN || '127.0.0.1:8053'] = process.argv.slice(2)
fetch(`http://${at}/healthz`).then(
  ({ ok }) => process.exit(ok ? 0 : 1),
  () => process.exit(1),
)
