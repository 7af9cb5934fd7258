import type { Completable, CompletedCommand } from "./completion-model.ts";

/** A script for bash, 3.2 of macOS included. It needs no bash-completion, and uses it behind `run --` where it is. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const name = commands[0]?.path[0] ?? "";
  const paths = commands.slice(1).map(wordsOf);
  return `# Completes ${name} in bash. Made by: ${name} completion bash
_${name}() {
  local path=${name} cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} prefix= start= i
  COMPREPLY=()
  # --option=value arrives in three words, unless = is no word break.
  if [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $cur == = ]]; then
    cur=
  elif [[ $cur == --*=* ]]; then
    prev=\${cur%%=*} prefix=\${cur%%=*}= cur=\${cur#*=}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
    ${paths.join(" | ")})
      path="$path \${COMP_WORDS[i]}" ;;
${commands.filter(isPassing).map(findStart).join("")}    esac
  done
  if [[ -n $start ]]; then
    if ((COMP_CWORD == start)); then
      COMPREPLY=($(compgen -c -- "$cur"))
    elif declare -F _command_offset >/dev/null; then
      _command_offset "$start"
    else
      _${name}_files "$cur"
    fi
    return
  fi
  case "$path $prev" in
${commands.flatMap(valueLines).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case "$path" in
${commands.flatMap(optionLine).join("\n")}
    esac
    return
  fi
  case "$path" in
${commands.flatMap(argumentLine).join("\n")}
  esac
}
_${name}_words() {
  COMPREPLY=($(compgen -P "$3" -W "$1" -- "$2"))
}
_${name}_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -P "$2" -f -- "$1"))
}
complete -F _${name} ${name}
`;
}

const wordsOf = ({ path }: CompletedCommand) => `"${path.join(" ")}"`;

function isPassing({ argument }: CompletedCommand): boolean {
  return argument.kind === "command";
}

/** Where the command begins that one such as `run` starts: behind `--`, or behind the options and their values. */
function findStart({ path, options }: CompletedCommand): string {
  const place = path.join(" ");
  const valued = options
    .filter(({ value, isValueOptional }) => value && !isValueOptional)
    .flatMap(({ spellings }) => spellings.map((spelling) => `"${place} ${spelling}"`));
  const skipped =
    valued.length === 0
      ? ""
      : `    ${valued.join(" | ")})\n      [[ \${COMP_WORDS[i + 1]} == = ]] || ((i++)) ;;\n`;
  return `    "${place} --")
      start=$((i + 1)) && break ;;
    "${place} =")
      ((i++)) ;;
${skipped}    "${place} -"*) ;;
    "${place} "*)
      start=$i && break ;;
`;
}

/** The statements that complete a value. */
function answer(value: Completable, name: string): string {
  switch (value.kind) {
    case "words":
      return `_${name}_words "${value.words.join(" ")}" "$cur" "$prefix"`;
    case "file":
      return `_${name}_files "$cur" "$prefix"`;
    case "command":
      return 'COMPREPLY=($(compgen -c -- "$cur"))';
    case "unknown":
      return "";
  }
}

function valueLines({ path, options }: CompletedCommand): string[] {
  return options.flatMap(({ spellings, value, isValueOptional }) => {
    if (value === undefined || isValueOptional) return [];
    const places = spellings.map((spelling) => `"${path.join(" ")} ${spelling}"`).join(" | ");
    const statement = answer(value, path[0] ?? "");
    return [`  ${places})\n    ${statement && `${statement}; `}return ;;`];
  });
}

function optionLine(command: CompletedCommand): string[] {
  const words = command.options.flatMap(({ spellings }) => spellings);
  return caseLine(command, { kind: "words", words });
}

function argumentLine(command: CompletedCommand): string[] {
  const words = command.subcommands.map(({ name }) => name);
  return caseLine(command, words.length > 0 ? { kind: "words", words } : command.argument);
}

function caseLine(command: CompletedCommand, value: Completable): string[] {
  const isEmpty = value.kind === "unknown" || (value.kind === "words" && value.words.length === 0);
  return isEmpty ? [] : [`  ${wordsOf(command)}) ${answer(value, command.path[0] ?? "")} ;;`];
}
