import { mapHoldsIt, type NamedValue, UnprintableSecretError } from "./printer.ts";

/**
 * Variables that a shell computes, guards or evaluates itself. Assigning one does not set it, or worse.
 *
 * - bash evaluates RANDOM, OPTIND and HISTCMD as arithmetic, and zsh every variable that it keeps as a
 *   number, such as COLUMNS: `a[$(command)]` in one of them runs the command.
 * - An interactive shell expands the prompts, and the messages of MAILPATH; zsh reads TMOUT and PERIOD as
 *   arithmetic before each prompt.
 */
const evaluated = namesOf(
  // sh and bash; all that begins with BASH is bash's, too.
  "_ COMP_CWORD COPROC DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD IFS LINENO",
  "MAILPATH OPTIND PPID PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 RANDOM SECONDS SHELLOPTS SRANDOM UID",
  // zsh
  "BAUD COLUMNS DIRSTACKSIZE EGID ERRNO FUNCNEST GID HISTSIZE KEYTIMEOUT LINES LISTMAX LOGCHECK MAILCHECK",
  "PERIOD PROMPT PROMPT2 PROMPT3 PROMPT4 REPORTMEMORY REPORTTIME RPROMPT RPROMPT2 RPS1 RPS2 SAVEHIST SHLVL",
  "SPROMPT TMOUT TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTYIDLE ZLE_RPROMPT_INDENT",
);

/**
 * What is harmless in sh and bash, and an array, read-only or something else of its own in zsh: assigning it
 * fails, and the lines after it are not read.
 */
const ownedByZsh = namesOf(
  "ARGC HISTCHARS KEYBOARD_HACK USERNAME WATCH ZSH_EVAL_CONTEXT ZSH_SUBSHELL aliases argv builtins cdpath",
  "commands dirstack dis_aliases dis_builtins dis_functions dis_functions_source dis_galiases dis_patchars",
  "dis_reswords dis_saliases errnos fignore fpath funcfiletrace funcsourcetrace funcstack functions",
  "functions_source functrace galiases histchars history historywords jobdirs jobstates jobtexts keymaps",
  "langinfo mailpath manpath mapfile module_path modules nameddirs options parameters patchars path",
  "pipestatus prompt psvar reswords saliases signals status sysparams termcap terminfo userdirs usergroups",
  "watch widgets zsh_eval_context zsh_scheduled_events",
);

/** @throws UnprintableSecretError when assigning the name in POSIX sh, bash or zsh could run the value */
export function requireInertName({ name }: NamedValue): void {
  if (evaluated.has(name) || name.startsWith("BASH"))
    throw new UnprintableSecretError(name, `a shell keeps this variable for itself; ${mapHoldsIt}`);
}

/** @throws UnprintableSecretError when assigning the name does not set it in each of POSIX sh, bash and zsh */
export function requireSettableName(secret: NamedValue): void {
  requireInertName(secret);
  if (ownedByZsh.has(secret.name))
    throw new UnprintableSecretError(secret.name, `zsh keeps this variable for itself; ${mapHoldsIt}`);
}

function namesOf(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}
