/** What was asked of a database cannot be done; the message is for people, and names the place and the fault. */
export class MaintenanceError extends Error {
  override readonly name: string = "MaintenanceError";
}

/** What was asked for is as it should be, and could not be written. */
export class NotWrittenError extends MaintenanceError {
  override readonly name = "NotWrittenError";
}
