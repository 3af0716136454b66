/** `chordns completion SHELL`: what a shell may complete, written out from the commands as they are. */
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { print } from '../common/table.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

interface Completable {
  /** Words after `chordns`; empty for the program itself. */
  readonly path: readonly string[]
  readonly description: string
  readonly subcommands: readonly string[]
  readonly options: readonly { readonly flag: string; readonly description: string }[]
}

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .argument('<shell>', `one of ${SHELLS.join(', ')}`)
    .description('print a script by which the shell completes commands and options')
    .addHelpText(
      'after',
      `
Examples:
  source <(chordns completion bash)
  chordns completion zsh > "\${fpath[1]}/_chordns"
  chordns completion fish > ~/.config/fish/completions/chordns.fish`,
    )
    .action((shell: string) => {
      const known = SHELLS.find((one) => one === shell)
      if (known === undefined)
        throw new ChordnsError('USAGE', `no completion for ${shell}: one of ${SHELLS.join(', ')}`, { shell })
      print(completionScript(known, completables(program)))
    })
}

/** All commands that are shown in the help, with what can stand after them. */
export function completables(program: Command): Completable[] {
  const found: Completable[] = []
  const visit = (command: Command, path: readonly string[]): void => {
    const help = command.createHelp()
    const children = help.visibleCommands(command).filter((child) => child.name() !== 'help')
    found.push({
      path,
      description: command.description(),
      subcommands: children.map((child) => child.name()),
      options: help
        .visibleOptions(command)
        .flatMap(({ long, description }) => (long ? [{ flag: long, description }] : [])),
    })
    for (const child of children) visit(child, [...path, child.name()])
  }
  visit(program, [])
  return found
}

export function completionScript(shell: (typeof SHELLS)[number], commands: readonly Completable[]): string {
  if (shell === 'bash') return bashScript(commands)
  return shell === 'zsh' ? zshScript(commands) : fishScript(commands)
}

/** The words so far without options name the command; what it has is offered. */
function bashScript(commands: readonly Completable[]): string {
  const cases = commands.map(({ path, subcommands, options }) => {
    const words = [...subcommands, ...options.map(({ flag }) => flag)].join(' ')
    return `    '${path.join(' ')}') words='${words}' ;;`
  })
  return `_chordns() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path= word words= known=' ${commands.map(({ path }) => path.join('/')).join(' ')} '
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    [[ $known == *" \${path// //}\${path:+/}$word "* ]] && path="\${path:+$path }$word"
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _chordns chordns`
}

function zshScript(commands: readonly Completable[]): string {
  return `#compdef chordns
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`
}

function fishScript(commands: readonly Completable[]): string {
  const lines = ['complete -c chordns -f']
  for (const { path, options } of commands) {
    const parent = path.slice(0, -1)
    const description = commands.find((one) => one.path.join(' ') === path.join(' '))!.description
    if (path.length > 0)
      lines.push(`complete -c chordns -n '${within(parent, commands)}' -a '${path.at(-1)}' -d '${quoted(description)}'`)
    for (const option of options)
      lines.push(
        `complete -c chordns -n '${within(path, commands)}' -l '${option.flag.slice(2)}' -d '${quoted(option.description)}'`,
      )
  }
  return lines.join('\n')
}

/** The condition under which the words so far name this command and none below it. */
function within(path: readonly string[], commands: readonly Completable[]): string {
  const own = commands.find((one) => one.path.join(' ') === path.join(' '))!
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`)
  const below = own.subcommands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${own.subcommands.join(' ')}`]
  return [...seen, ...below].join('; and ') || 'true'
}

function quoted(text: string): string {
  return text.replace(/[\\']/g, (char) => `\\${char}`)
}
