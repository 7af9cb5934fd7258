import { Command } from "commander";
import type { DeleteOptions, GetOptions, ListOptions, SetOptions } from "./command-options.ts";

/** `secretsfly secrets`: what it takes and says. What it does is loaded when it is used. */
export function secretsCommand(): Command {
  const secrets = new Command("secrets")
    .summary("list, get, set and delete secrets")
    .description("Lists, gets, sets and deletes the secrets of the service token's project and environment.")
    .addHelpText("after", help);
  for (const command of [listCommand(), getCommand(), setCommand(), deleteCommand()]) {
    secrets.addCommand(command);
  }
  return secrets;
}

function listCommand(): Command {
  return new Command("list")
    .summary("list the names, or with --values everything")
    .description("Lists the names of all secrets that an app gets, sorted, one a line.")
    .option("--values", "show the values, too")
    .option("--json", "print an array of {id, name}, with --values of {id, name, value}")
    .addHelpText("after", listHelp)
    .action(async (options: ListOptions) => {
      const { listSecrets } = await import("./secrets-read-action.ts");
      await listSecrets(options);
    });
}

function getCommand(): Command {
  return new Command("get")
    .summary("print one value")
    .description("Prints the value of a secret as an app gets it, with a line end behind it.")
    .argument("<NAME>", "the secret's name")
    .option("--plain", "print exactly the value: no line end, and nothing made visible on a terminal")
    .option("--json", "print {id, name, value, version}")
    .addHelpText("after", getHelp)
    .action(async (name: string, options: GetOptions) => {
      const { getSecret } = await import("./secrets-read-action.ts");
      await getSecret(name, options);
    });
}

function setCommand(): Command {
  return new Command("set")
    .summary("create or change secrets (write token)")
    .description("Creates or changes secrets: all of them, or none where one cannot be.")
    .usage("[options] NAME[=VALUE] [NAME=VALUE...]")
    .argument("<NAME[=VALUE]...>", "without =VALUE, it is read from stdin, or asked for on a terminal")
    .option("--note <TEXT>", "why, for the history; for one secret")
    .option("--keep-newline", "keep the line break at the end of stdin")
    .option("--literal", "take ${NAME} as the text that it is, not as a reference to another secret")
    .option("--json", "print an array of {id, name, version, outcome}")
    .addHelpText("after", setHelp)
    .action(async (assignments: string[], options: SetOptions) => {
      const { setSecrets } = await import("./secrets-write-action.ts");
      await setSecrets(assignments, options);
    });
}

function deleteCommand(): Command {
  return new Command("delete")
    .summary("delete secrets (write token)")
    .description("Deletes secrets: all of them, or none where one is not there.")
    .argument("<NAME...>", "the secrets' names")
    .option("-y, --yes", "do not ask; needed without a terminal")
    .option("--json", "print an array of {id, name, version, outcome}")
    .addHelpText("after", deleteHelp)
    .action(async (names: string[], options: DeleteOptions) => {
      const { deleteSecrets } = await import("./secrets-write-action.ts");
      await deleteSecrets(names, options);
    });
}

const exits = `
Exit codes:
  0  done
  1  the server cannot be reached or refuses; stderr says why
  2  an option, an argument or a setting is wrong; nothing was sent`;

const help = `
Examples:
  secretsfly secrets list
  secretsfly secrets get DATABASE_URL
  secretsfly secrets set API_KEY        (asks for the value, or reads stdin)
  secretsfly secrets delete OLD_KEY
`;

const listHelp = `
A value is shown on one line: a line break in it as ␊, an escape as ␛ and so
on. --json and "secretsfly export" say values exactly.
${exits}

Examples:
  secretsfly secrets list
  secretsfly secrets list --values | less
  secretsfly secrets list --json | jq -r '.[].name'
`;

const getHelp = `
References are expanded: it is what an app gets. On a terminal, control
characters other than line breaks and tabs are shown as ␛ and the like, unless
--plain is given.
${exits}

Examples:
  secretsfly secrets get DATABASE_URL
  secretsfly secrets get TLS_KEY --plain > key.pem
  secretsfly secrets get API_KEY --json | jq .version
`;

const setHelp = `
What stands in a command is seen by everybody on the machine (ps) and kept in
the shell's history. Leave =VALUE away: then the value is asked for without
being shown, or read from stdin where that is no terminal.

Of stdin, and of what is pasted, one line break at the end is left away, so that
"echo value |" and a file with one line mean the value; with --keep-newline
everything counts. An empty stdin is refused: NAME= sets an empty value. Only
one NAME can be without =VALUE.

\${NAME} in a value stands for another secret and must be there; $\${ is a
literal \${. With --literal nothing in the value is a reference.
${exits}

Examples:
  secretsfly secrets set API_KEY
  secretsfly secrets set TLS_KEY --keep-newline < key.pem
  openssl rand -hex 32 | secretsfly secrets set SESSION_SECRET --note 'rotated'
  secretsfly secrets set LOG_LEVEL=info PORT=8080
  secretsfly secrets set 'DATABASE_URL=postgres://\${DB_HOST}/app'
`;

const deleteHelp = `
Only secrets of this project itself can be deleted; an inherited one is its
parent's. What was deleted comes back from the history in the browser.
${exits}

Examples:
  secretsfly secrets delete OLD_KEY
  secretsfly secrets delete --yes OLD_KEY OLDER_KEY
`;
