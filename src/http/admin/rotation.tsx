/** @jsxImportSource hono/jsx */
import { type Context, Hono } from "hono";
import { generateMasterKey } from "../../cryptography/master-key.ts";
import { invalid } from "../../errors.ts";
import { loggable } from "../../logger.ts";
import { type Rotation, rotateMasterKey } from "../../vault/rotation.ts";
import { previewRotation } from "../../vault/rotation-preview.ts";
import type { LiveToken } from "../../vault/rotation-tokens.ts";
import { getProject, type Project, readTree } from "../../vault/tree.ts";
import type { AppEnv } from "../app-env.ts";
import { keepConnection } from "../keep-connection.ts";
import { type Form, idParam, readForm } from "./form.ts";
import { answerForm } from "./form-fault.ts";
import { pageProps } from "./frame.ts";
import { tryMasterKey } from "./guessing.ts";
import { MasterKeyPage } from "./pages/master-key-page.tsx";
import { projectPath, rotatePath } from "./pages/paths.ts";
import {
  type RotatedNotice,
  RotatePage,
  type RotatingToken,
  rotationSentence,
} from "./pages/rotate-page.tsx";
import { projectHead } from "./project-head.ts";
import { actorOf, currentSession, tell } from "./session.ts";
import type { FieldErrors } from "./view-models.ts";

/** The rotation of a root project's master key. Whoever knows the current one may, sealed or not. */
export const rotationRoutes = new Hono<AppEnv>({ strict: false })
  .get("/", async (c) => {
    const { vault } = c.var;
    const project = await getProject(vault.db, idParam(c, "id"));
    if (project.parentId !== null) return c.redirect(rotatePath(project.rootId), 303);
    // Kept before it is used: an answer that is lost on the way then loses nothing. Not stored anywhere.
    return showRotate(c, project, { suggestedMasterKey: generateMasterKey(vault.random) });
  })
  .post("/", async (c) => {
    const project = await getProject(c.var.vault.db, idParam(c, "id"));
    if (project.parentId !== null)
      throw invalid("currentMasterKey", "Only a root project has a master key: rotate that one.");
    const form = await readForm(c);
    return answerForm(
      () => rotate(c, project, form),
      (errors) => showRotate(c, project, { errors, revoke: readRevoke(form) }),
    );
  })
  .get("/progress", async (c) => {
    const { rootId } = await getProject(c.var.vault.db, idParam(c, "id"));
    const progress = c.var.rotations.progressOf(rootId);
    return progress ? c.json(progress) : c.body(null, 204);
  });

/** Ids that are none name nothing, and are refused with the others that are not of this tree. */
function readRevoke(form: Form): number[] {
  return form.texts("revoke").map((text) => (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0));
}

async function rotate(c: Context<AppEnv>, project: Project, form: Form): Promise<Response> {
  const { vault, config, sessions, rotations } = c.var;
  const input = {
    currentMasterKey: form.secret("currentMasterKey"),
    newMasterKey: form.secret("newMasterKey"),
    revoke: readRevoke(form),
  };
  // Before it begins: nothing may come between a generated key and the only page that shows it.
  const props = await pageProps(c);
  // A rotation sends nothing until it is over.
  keepConnection(c);
  const current = { typed: input.currentMasterKey, field: "currentMasterKey" };
  const rotation = await tryMasterKey(c, project, current, () =>
    rotations.follow(project.id, (onProgress) =>
      rotateMasterKey(vault, project.id, input, actorOf(c), onProgress),
    ),
  );
  // Other sessions hold a root key that is no longer one.
  sessions.forgetRoot(project.id);
  const until = vault.clock() + config.ADMIN_MASTER_KEY_EXPIRATION * 1000;
  currentSession(c).keyring.hold(rotation.root, until);
  logFaults(c, rotation);
  const notice = noticeOf(rotation);
  if (rotation.generatedMasterKey === undefined) {
    tell(c, notice.kind, rotationSentence(notice));
    return c.redirect(projectPath(project.id), 303);
  }
  const { frame } = props;
  const others = frame.unsealed.filter(({ id }) => id !== project.id);
  const unsealed = [...others, { id: project.id, name: project.name, unsealedUntil: until }];
  return c.html(
    <MasterKeyPage
      assets={props.assets}
      frame={{ ...frame, unsealed, now: vault.clock() }}
      project={project}
      masterKey={rotation.generatedMasterKey}
      rotated={notice}
    />,
  );
}

function noticeOf({ sealed, revoked, faults }: Rotation): RotatedNotice {
  const kind = faults?.length === 0 ? "success" : "error";
  return { kind, sealed, revoked: revoked.length, faults: faults?.length ?? null };
}

function logFaults(c: Context<AppEnv>, { faults, unreadable }: Rotation): void {
  const { logger, requestId } = c.var;
  if (!faults) logger.error({ requestId, ...loggable(unreadable) }, "a rotation could not be read again");
  for (const place of faults ?? []) logger.error({ requestId, place }, "data does not open after a rotation");
}

interface Shown {
  suggestedMasterKey?: string;
  errors?: FieldErrors;
  /** The service tokens that were chosen in a form that was refused. */
  revoke?: readonly number[];
}

async function showRotate(
  c: Context<AppEnv>,
  project: Project,
  { suggestedMasterKey, errors = {}, revoke = [] }: Shown,
) {
  const { vault } = c.var;
  const tree = await readTree(vault.db, project.id);
  const { sealed, projects, environments, carried, lost } = await previewRotation(vault, tree);
  return c.html(
    <RotatePage
      {...(await pageProps(c))}
      project={await projectHead(c, tree, project)}
      sealed={sealed}
      projects={projects}
      environmentCount={environments}
      carried={carried.map((token) => rotatingToken(token, revoke))}
      lost={lost.map((token) => rotatingToken(token, []))}
      suggestedMasterKey={suggestedMasterKey}
      errors={errors}
    />,
  );
}

function rotatingToken(token: LiveToken, revoke: readonly number[]): RotatingToken {
  const { id, name, projectName, environment, rights, lastUsedAt } = token;
  return { id, name, projectName, environment, rights, lastUsedAt, isChosen: revoke.includes(id) };
}
