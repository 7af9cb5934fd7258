/** The system's code of an error, such as `ENOENT`. Unlike its message it quotes nothing that may be secret. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
