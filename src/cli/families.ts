/**
 * The commands and where they are. A command line is about one of them, and loads that one: of the others it knows what stands in the list of
 * `chordns --help`. A test holds these lines against what the commands say of themselves.
 */
import { type Command, Option } from 'commander'

/** One module, and the commands that it adds. */
interface Family {
  readonly commands: readonly Listed[]
  readonly load: () => Promise<(program: Command) => void>
}

interface Listed {
  readonly name: string
  /** As in the list: `[options]`, arguments. */
  readonly usage?: string
  readonly description: string
}

/** In the order of the help. */
const FAMILIES: readonly Family[] = [
  {
    commands: [
      {
        name: 'start',
        usage: '[options]',
        description: 'run a resolver in the foreground; logs go to stderr, one line `ready ...` to stdout',
      },
    ],
    load: async () => (await import('./commands/start.ts')).addStartCommand,
  },
  {
    commands: [
      {
        name: 'setup',
        usage: '[options]',
        description:
          'make this machine the resolver of its LAN: writes the configuration, then, once the node answers, makes this machine ask it, too',
      },
    ],
    load: async () => (await import('./commands/setup.ts')).addSetupCommand,
  },
  {
    commands: [{ name: 'lookup', usage: '[options] <name> [type]', description: 'ask the running node a question' }],
    load: async () => (await import('./commands/lookup.ts')).addLookupCommand,
  },
  {
    commands: [{ name: 'status', usage: '[options]', description: 'show what the running node is doing' }],
    load: async () => (await import('./commands/status.ts')).addStatusCommand,
  },
  {
    commands: [
      {
        name: 'top',
        usage: '[options]',
        description: 'show queries, hit rate, times and failures of the running node, each second',
      },
    ],
    load: async () => (await import('./commands/top.ts')).addTopCommand,
  },
  {
    commands: [
      {
        name: 'queries',
        usage: '[options]',
        description: 'show the last questions that the running node was asked, as far as queries.privacy allows',
      },
    ],
    load: async () => (await import('./commands/queries.ts')).addQueriesCommand,
  },
  {
    commands: [
      {
        name: 'dashboard',
        usage: '[options]',
        description:
          'print the address of the dashboard, by which whoever may read the data directory is signed in for five minutes',
      },
    ],
    load: async () => (await import('./commands/dashboard.ts')).addDashboardCommand,
  },
  {
    commands: [{ name: 'cache', description: 'see and flush what the running node has in its cache' }],
    load: async () => (await import('./commands/cache.ts')).addCacheCommands,
  },
  {
    commands: [
      {
        name: 'why',
        usage: '[options] <name> [type]',
        description: 'say whether a name is blocked, for whom, and which line of which list says so',
      },
      { name: 'pause', usage: '[options] [minutes]', description: 'block nothing for some minutes' },
      { name: 'resume', usage: '[options]', description: 'end a pause' },
      { name: 'block', usage: '[options] <name>', description: 'block a name and all below it' },
      {
        name: 'allow',
        usage: '[options] <name>',
        description: 'resolve a name and all below it whatever lists say',
      },
      { name: 'unblock', usage: '[options] <name>', description: 'take back `block` or `allow` of a name' },
    ],
    load: async () => (await import('./commands/filter.ts')).addFilterCommands,
  },
  {
    commands: [
      {
        name: 'lists',
        usage: '[options]',
        description: 'show the blocklists of the running node, with their numbers of rules and when they came',
      },
      {
        name: 'groups',
        usage: '[options]',
        description: 'show the groups of clients that are treated apart, and those that are shared',
      },
    ],
    load: async () => (await import('./commands/lists.ts')).addListCommands,
  },
  {
    commands: [
      { name: 'record', description: 'local records of the household: each of its boxes answers them at once' },
      {
        name: 'settings',
        description: 'what the boxes of a household have in common: local records, rules, groups, names of devices',
      },
    ],
    load: async () => (await import('./commands/home.ts')).addHomeCommands,
  },
  {
    commands: [
      {
        name: 'devices',
        usage: '[options]',
        description: 'show the devices of the network: names, MAC addresses and all addresses of each',
      },
    ],
    load: async () => (await import('./commands/devices.ts')).addDevicesCommand,
  },
  {
    commands: [
      {
        name: 'ring',
        usage: '[options]',
        description: 'show the members of the ring as the running node knows them',
      },
      {
        name: 'chunk',
        usage: '[options] <name>',
        description: 'show the chunk of a name, its replicas, and what they hold of it',
      },
    ],
    load: async () => (await import('./commands/ring.ts')).addRingCommands,
  },
  {
    commands: [{ name: 'chunks', description: 'what the ring keeps' }],
    load: async () => (await import('./commands/chunks.ts')).addChunksCommands,
  },
  {
    commands: [{ name: 'chain', description: 'the chains that record what the chunks of this node agreed on' }],
    load: async () => (await import('./commands/chain.ts')).addChainCommands,
  },
  {
    commands: [
      {
        name: 'invite',
        usage: '[options]',
        description: 'print a token by which another machine joins the ring of this one; it is good once, for a day',
      },
      {
        name: 'join',
        usage: '[options] <token>',
        description:
          'take an invitation: get the secret of the ring from a member, and write the configuration by which `chordns start` joins',
      },
    ],
    load: async () => (await import('./commands/invite.ts')).addInviteCommands,
  },
  {
    commands: [{ name: 'ledger', description: 'the ledgers of the ring: who may join, who owns a name' }],
    load: async () => (await import('./commands/ledger/ledger.ts')).addLedgerCommands,
  },
  {
    commands: [{ name: 'domain', description: 'names on a ledger: keys, registering, changing, proving' }],
    load: async () => (await import('./commands/domain/domain.ts')).addDomainCommands,
  },
  {
    commands: [{ name: 'tls', description: 'what clients need to know of DNS over TLS and HTTPS' }],
    load: async () => (await import('./commands/tls.ts')).addTlsCommands,
  },
  {
    commands: [
      {
        name: 'keygen',
        usage: '[options] <file>',
        description: 'make a node identity (Ed25519) or the secret of a psk ring',
      },
    ],
    load: async () => (await import('./commands/keygen.ts')).addKeygenCommand,
  },
  {
    commands: [{ name: 'config', description: 'check or show the configuration' }],
    load: async () => (await import('./commands/config.ts')).addConfigCommands,
  },
  {
    commands: [{ name: 'import', description: 'take over lists, rules, groups and local records of another resolver' }],
    load: async () => (await import('./commands/import.ts')).addImportCommands,
  },
  {
    commands: [{ name: 'hosts', description: 'check hosts files, and see what local names answer' }],
    load: async () => (await import('./commands/hosts.ts')).addHostsCommands,
  },
  {
    commands: [
      {
        name: 'completion',
        usage: '<shell>',
        description: 'print a script by which the shell completes commands and options',
      },
    ],
    load: async () => (await import('./commands/completion.ts')).addCompletionCommand,
  },
]

/** Whose script names every option there is. */
const SEES_ALL = 'completion'

/** Adds all commands in their order; whole are those that `words` are about (`all`: each of them), the others can be listed only. */
export async function addCommands(program: Command, words: readonly string[] | 'all'): Promise<void> {
  for (const { commands, load } of FAMILIES) {
    if (words === 'all' || commands.some(({ name }) => isAbout(words, name))) (await load())(program)
    else for (const listed of commands) addListed(program, listed)
  }
}

/** `program` has no option that takes a value: the first word is the command, or the one that `help` is asked for. */
function isAbout(words: readonly string[], name: string): boolean {
  const [first, second] = words.filter((word) => !word.startsWith('-'))
  return first === name || first === SEES_ALL || (first === 'help' && (second === name || second === SEES_ALL))
}

function addListed(program: Command, { name, usage = '', description }: Listed): void {
  const command = program.command(`${name} ${usage.replace('[options]', '')}`.trim()).description(description)
  // The list says `[options]` of whoever has one.
  if (usage.startsWith('[options]')) command.addOption(new Option('--any').hideHelp())
}
