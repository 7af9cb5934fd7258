/** The command cannot be carried out as given. The message is for people and holds no secret. */
export class CliError extends Error {
  override readonly name = "CliError";

  /** @param exitCode what the process ends with; `exitCodes` has those that mean something */
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}
