import type { Completable, CompletedCommand, CompletedOption } from "./completion-model.ts";

/** A script for fish. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const name = commands[0]?.path[0] ?? "";
  const paths = commands.slice(1).map(({ path }) => quote(path.slice(1).join(" ")));
  return `# Completes ${name} in fish. Made by: ${name} completion fish
function __${name}_at --description 'Whether the command that is being typed is this one'
    set -l path
    for word in (commandline -opc)
        if contains -- (string join -- ' ' $path $word) ${paths.join(" ")}
            set -a path $word
        end
    end
    test "$path" = "$argv"
end

function __${name}_command --description 'Completes the command that is started, behind -- or else the first words'
    set -l words (commandline -opc)
    set -l first 3
    if set -l dashes (contains -i -- -- $words)
        set first (math $dashes + 1)
    end
    set -l command (string escape -- $words[$first..-1])
    set -l current (commandline -ct)
    if test -n "$command"; or not string match -q -- '-*' $current
        complete --do-complete=(string join -- ' ' $command $current)
    end
end

complete -c ${name} -f
${commands.flatMap((command) => linesOf(command, name)).join("\n")}
`;
}

function linesOf({ path, subcommands, options, argument }: CompletedCommand, name: string): string[] {
  const start = `complete -c ${name} -n ${quote(`__${name}_at ${path.slice(1).join(" ")}`.trim())}`;
  const words = argument.kind === "words" ? argument.words : [];
  return [
    ...subcommands.map((other) => `${start} -a ${other.name} -d ${quote(other.description)}`),
    ...(subcommands.length === 0 && words.length > 0 ? [`${start} -a ${quote(words.join(" "))}`] : []),
    ...(argument.kind === "file" ? [`${start} -F`] : []),
    ...(argument.kind === "command" ? [`${start} -a '(__${name}_command)'`] : []),
    ...options.map((option) => `${start} ${optionOf(option)}`),
  ];
}

function optionOf({ spellings, description, value, isValueOptional }: CompletedOption): string {
  const names = spellings.map((spelling) =>
    spelling.startsWith("--") ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
  );
  return [...names, ...(isValueOptional ? [] : valueFlags(value)), `-d ${quote(description)}`].join(" ");
}

function valueFlags(value: Completable | undefined): string[] {
  if (value === undefined) return [];
  if (value.kind === "words") return ["-x", `-a ${quote(value.words.join(" "))}`];
  return value.kind === "file" ? ["-r", "-F"] : ["-x"];
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
