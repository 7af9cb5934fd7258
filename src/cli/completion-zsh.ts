import type { Completable, CompletedCommand, CompletedOption } from "./completion-model.ts";

/** A script for zsh, for a folder of `$fpath` or to be sourced. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const name = commands[0]?.path[0] ?? "";
  return `#compdef ${name}
# Completes ${name} in zsh. Made by: ${name} completion zsh
${commands.map(commandFunction).join("")}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

const functionName = (path: readonly string[]) => `_${path.join("_")}`;

function commandFunction({ path, options, subcommands, argument }: CompletedCommand): string {
  const own = functionName(path);
  const specs = options.map(optionSpec);
  if (subcommands.length === 0) {
    const lines = [...specs, ...argumentSpec(argument)].map((spec) => ` \\\n    ${spec}`);
    return `${own}() {\n  _arguments -s -S${lines.join("")}\n}\n`;
  }
  const lines = specs.map((spec) => ` \\\n    ${spec}`).join("");
  const described = subcommands.map(({ name, description }) => `    ${quote(`${name}:${description}`)}`);
  const cases = subcommands.map(({ name }) => `    ${name}) ${functionName([...path, name])} ;;`);
  return `${own}() {
  local context curcontext=$curcontext state line
  typeset -A opt_args
  local -a subcommands=(
${described.join("\n")}
  )
  _arguments -C${lines} \\
    '1: :->command' \\
    '*:: :->rest'
  case $state in
  command) _describe command subcommands ;;
  rest)
    case $line[1] in
${cases.join("\n")}
    esac
    ;;
  esac
}
`;
}

/** All spellings of an option, of which one is enough unless it may be repeated. */
function optionSpec({ spellings, description, value, isValueOptional }: CompletedOption): string {
  const text = description.replace(/[[\]\\:]/g, "\\$&");
  const sign = (spelling: string) => {
    if (value === undefined) return "";
    if (isValueOptional) return "=-";
    return spelling.startsWith("--") ? "=" : "+";
  };
  const behind = value === undefined ? "" : `${isValueOptional ? "::" : ":"}value:${action(value)}`;
  const specs = spellings.map((spelling) => `${spelling}${sign(spelling)}`);
  const [only = ""] = specs;
  if (specs.length === 1) return quote(`${only}[${text}]${behind}`);
  return `${quote(`(${spellings.join(" ")})`)}{${specs.join(",")}}${quote(`[${text}]${behind}`)}`;
}

function argumentSpec(argument: Completable): string[] {
  if (argument.kind === "unknown") return [];
  if (argument.kind === "command") return ["'(-):command:_command_names -e'", "'*::argument:_normal'"];
  return [quote(`1:argument:${action(argument)}`)];
}

function action(value: Completable): string {
  if (value.kind === "words") return `(${value.words.join(" ")})`;
  return value.kind === "file" ? "_files" : " ";
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
