import { Argument, Command } from "commander";
import { type Shell, shells } from "./command-options.ts";

/** `secretsfly completion`: what it takes and says. What it does is loaded when it is used. */
export function completionCommand(): Command {
  return new Command("completion")
    .summary("print a completion script for your shell")
    .description("Prints a script by which the shell completes commands, options and file names.")
    .addArgument(new Argument("<SHELL>", "the shell").choices(shells))
    .addHelpText("after", help)
    .action(async (shell: Shell, _: object, command: Command) => {
      const { printCompletion } = await import("./completion-action.ts");
      await printCompletion(shell, command.parent ?? command);
    });
}

const help = `
The script is complete in itself: it starts nothing and asks no server. Print it
anew after an update.

bash, in ~/.bashrc:
  source <(secretsfly completion bash)

zsh, into a folder of $fpath:
  secretsfly completion zsh > ~/.zsh/completions/_secretsfly
  and in ~/.zshrc, before compinit: fpath+=(~/.zsh/completions)

fish:
  secretsfly completion fish > ~/.config/fish/completions/secretsfly.fish
`;
