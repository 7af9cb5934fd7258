import { Command } from "commander";

/** `secretsfly serve`: the server, in this process. The server explains its own settings and failures. */
export function serveCommand(): Command {
  return new Command("serve")
    .summary("start the server")
    .description("Starts the server with the settings of the environment and serves until SIGTERM or SIGINT.")
    .addHelpText("after", help)
    .action(async () => {
      const { serve } = await import("../main.ts");
      await serve(process.env);
    });
}

const help = `
The settings are environment variables; the README lists them all. The ones
needed first:
  DATABASE_URL             where the data is (default: file:data/secretsfly.db)
  HOST, PORT               where to listen (default: 127.0.0.1, 3000)
  ADMIN_PASSWORD           the password of the admin pages; required on any HOST
                           but a loopback address
  AVAILABLE_ENVIRONMENTS   names with commas between them (default: prod)

Example:
  AVAILABLE_ENVIRONMENTS=dev,staging,prod secretsfly serve
`;
