/** `chordns config check|print|schema`. */
import type { Command } from 'commander'
import { configSchemaJson, configText, refuseFaults } from '../../config/index.ts'
import { type ConfigFlags, configOptions, loadConfigFrom } from '../common/config-option.ts'
import { print, printJson } from '../common/table.ts'

type Flags = ConfigFlags & { readonly json?: boolean }

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('check or show the configuration')
  configOptions(config.command('check'))
    .description('say whether the configuration, and each file that it names, is right; exit 2 when it is not')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const { config, file, warnings, faults } = loadConfigFrom(flags)
      refuseFaults(faults)
      const { checkConfigFiles } = await import('../../peer/index.ts')
      await checkConfigFiles(config)
      if (flags.json) printJson({ ok: true, file: file ?? null, warnings })
      else print([...warnings.map((warning) => `warning: ${warning}`), `${file ?? 'the defaults'}: ok`].join('\n'))
    })
  configOptions(config.command('print'))
    .description('show every value and where it comes from')
    .option('--json', 'print JSON')
    .action((flags: Flags) => {
      const loaded = loadConfigFrom(flags)
      if (flags.json) printJson({ file: loaded.file ?? null, config: loaded.effective, settings: loaded.settings })
      else print(configText(loaded))
    })
  config
    .command('schema')
    .description('print the JSON Schema of resolver.config.json')
    .action(() => printJson(configSchemaJson()))
}
