import type { AuditAction } from "../../vault/audit.ts";

/** How an action is told: "somebody `verb` name `place` project". */
interface Words {
  /** Among the choices of the filter. */
  label: string;
  verb: string;
  /** Between the name, or the verb where there is none, and the project. */
  place?: string;
  /** The same where the event has a name, if that is another. */
  placeAfterName?: string;
}

/** The actions of the audit in words, in the audit's own order. */
export const auditWords: Readonly<Record<AuditAction, Words>> = {
  "secret.set": { label: "Set a secret", verb: "set", place: "in" },
  "secret.delete": { label: "Deleted a secret", verb: "deleted", place: "from" },
  "secret.reveal": { label: "Looked at one value", verb: "looked at", place: "in" },
  "secrets.reveal": { label: "Looked at all values", verb: "looked at all values", place: "in" },
  "secrets.export": { label: "Exported secrets", verb: "exported the secrets", place: "of" },
  "project.create": { label: "Created a project", verb: "created the project" },
  "project.edit": { label: "Edited a project", verb: "edited the project" },
  "project.move": { label: "Moved a project", verb: "moved the project", placeAfterName: "out of" },
  "project.delete": { label: "Deleted a project", verb: "deleted the project" },
  "project.unseal": { label: "Unsealed", verb: "unsealed" },
  "project.unseal-refused": { label: "Wrong master key", verb: "gave a wrong master key", place: "for" },
  "project.unseal-limited": {
    label: "Too many wrong master keys",
    verb: "has to wait after too many wrong master keys",
    place: "for",
  },
  "project.seal": { label: "Sealed", verb: "sealed" },
  "master-key.rotate": { label: "Replaced a master key", verb: "replaced the master key", place: "of" },
  "master-key.rotate-refused": {
    label: "Replacing a master key was refused",
    verb: "was refused to replace the master key",
    place: "of",
  },
  "service-token.create": {
    label: "Created a service token",
    verb: "created the service token",
    place: "of",
  },
  "service-token.revoke": {
    label: "Revoked a service token",
    verb: "revoked the service token",
    place: "of",
  },
  "service-token.limited": {
    label: "Too many bad service tokens",
    verb: "sent too many service tokens that are not valid",
  },
  "environment.add": { label: "Added an environment", verb: "added the environment" },
  "audit.export": { label: "Exported the audit", verb: "exported the audit", place: "of" },
  "session.sign-in": { label: "Signed in", verb: "signed in" },
  "session.sign-in-refused": { label: "Wrong admin password", verb: "gave a wrong admin password" },
  "session.sign-in-limited": {
    label: "Too many wrong admin passwords",
    verb: "has to wait after too many wrong admin passwords",
  },
  "session.sign-out": { label: "Signed out", verb: "signed out" },
};
