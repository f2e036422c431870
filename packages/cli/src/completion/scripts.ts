/**
 * The completion scripts: thin, they ask `jackdaw --get-completions` for the words that fit.
 */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell): string {
  return scripts[shell];
}

const scripts: Readonly<Record<Shell, string>> = {
  bash: `# jackdaw completion for bash: eval "$(jackdaw completion bash)" in ~/.bashrc
_jackdaw() {
  local words
  words=$(jackdaw --get-completions "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _jackdaw jackdaw
`,
  zsh: `#compdef jackdaw
# jackdaw completion for zsh: eval "$(jackdaw completion zsh)" in ~/.zshrc, after compinit
_jackdaw() {
  local -a words_found
  words_found=("\${(@f)$(jackdaw --get-completions "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a words_found
}
compdef _jackdaw jackdaw
`,
  fish: `# jackdaw completion for fish: jackdaw completion fish > ~/.config/fish/completions/jackdaw.fish
function __jackdaw_complete
  set -l words (commandline -opc) (commandline -ct)
  jackdaw --get-completions $words[2..-1] 2>/dev/null
end
complete -c jackdaw -f -a '(__jackdaw_complete)'
`,
};
