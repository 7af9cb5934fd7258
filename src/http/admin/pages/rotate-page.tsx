/** @jsxImportSource hono/jsx */
import type { FieldErrors, ProjectHead } from "../view-models.ts";
import { plural, ShownOnce, Time } from "./components.tsx";
import { FormErrors, SecretField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { rotatePath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

/** How much of each kind is sealed in a tree. */
interface SealedCounts {
  environmentKeys: number;
  versions: number;
  views: number;
  serviceTokens: number;
}

/** A service token of the tree, and whether it is to be revoked in the same step. */
export interface RotatingToken {
  id: number;
  name: string;
  projectName: string;
  environment: string;
  rights: "read" | "write";
  lastUsedAt: number | null;
  isChosen: boolean;
}

interface RotatePageProps extends PageProps {
  project: ProjectHead;
  /** What will be sealed anew, in how many projects and environments. */
  sealed: SealedCounts;
  projects: number;
  environmentCount: number;
  /** Tokens that go on working, and those that cannot. */
  carried: RotatingToken[];
  lost: RotatingToken[];
  /** A fresh key to keep first; undefined on the answer to a form that was refused. */
  suggestedMasterKey: string | undefined;
  errors: FieldErrors;
}

/** Replaces the master key of a root project, after saying all that it does and what it does not. */
export function RotatePage(props: RotatePageProps) {
  const { frame, assets, project, lost } = props;
  return (
    <Layout title={`Master key · ${project.name}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current="rotate"
        title={<>Rotate the master key of {project.name}</>}
        lead={
          <>
            A new master key takes the place of the current one, and everything below it is encrypted anew. Do
            it when somebody who knew the key leaves, or when it may have been seen.
          </>
        }
      />
      <div class="columns seal-first">
        <div class="stack loose">
          {lost.length > 0 && <LostTokens tokens={lost} />}
          <RotateForm {...props} />
        </div>
        <WhatHappens {...props} />
      </div>
    </Layout>
  );
}

/** Measured on one core of a small server: everything is sealed, read back and opened twice. */
const secondsATenThousand = 4;

function WhatHappens({ project, sealed, projects, environmentCount }: RotatePageProps) {
  const things = sealed.versions + sealed.views + sealed.environmentKeys;
  const seconds = Math.ceil((things / 10_000) * secondsATenThousand);
  return (
    <aside class="card stack" aria-labelledby="what-title">
      <h2 id="what-title">What happens</h2>
      <p>
        Encrypted anew: {plural(sealed.versions, "version")} of secrets and {plural(sealed.views, "view")} in{" "}
        {plural(projects, "project")} and {plural(environmentCount, "environment")}. Takes{" "}
        {seconds < 2 ? "a moment" : `about ${plural(seconds, "second")}`}.
      </p>
      <ul class="advice">
        <li>
          <strong>Apps notice nothing.</strong> {plural(sealed.serviceTokens, "service token")}{" "}
          {sealed.serviceTokens === 1 ? "keeps" : "keep"} working; secrets, their history and their notes stay
          as they are.
        </li>
        <li>
          <strong>People need the new key.</strong> Everybody who has {project.name} unsealed is sealed out.
        </li>
        <li>
          <strong>All or nothing.</strong> What was encrypted is read back and compared before one write puts
          it in place. Until then nothing has changed, whatever happens.
        </li>
        <li>
          <strong>Backups keep their key.</strong> One from before still opens with the current master key:
          keep that key as long as you keep them.
        </li>
        <li>
          <strong>The values stay the same.</strong> If somebody may have read them, change them where they
          are made, too.
        </li>
      </ul>
    </aside>
  );
}

function RotateForm(props: RotatePageProps) {
  const { project, carried, suggestedMasterKey, errors } = props;
  return (
    <form
      method="post"
      action={rotatePath(project.id)}
      class="stack loose"
      data-progress={`${rotatePath(project.id)}/progress`}
      data-progress-text="Encrypting anew. Leave this page open."
    >
      <FormErrors errors={errors} fields={["currentMasterKey", "newMasterKey"]} />
      {suggestedMasterKey !== undefined && <SuggestedKey masterKey={suggestedMasterKey} />}
      <section class="card stack" aria-labelledby="keys-title">
        <h2 id="keys-title">The keys</h2>
        <SecretField
          id="rotate-currentMasterKey"
          name="currentMasterKey"
          label="Current master key"
          autocomplete="off"
          error={errors.currentMasterKey}
        />
        <SecretField
          id="rotate-newMasterKey"
          name="newMasterKey"
          label="New master key"
          // Not "off": a browser that fills in the saved admin password here would choose the key for you.
          autocomplete="new-password"
          optional
          hint={
            <>
              {suggestedMasterKey === undefined ? "The key" : "The key above"}, pasted from your password
              manager, or a passphrase of at least 12 characters without a colon. Left empty, as scripts do, a
              key is made and shown once on the next page; should that page be lost on its way, so is the key.
            </>
          }
          error={errors.newMasterKey}
        />
      </section>
      {carried.length > 0 && <CarriedTokens tokens={carried} />}
      <div class="stack tight" data-progress-place="">
        <div class="actions">
          <button type="submit" class="button primary">
            Rotate the master key
          </button>
        </div>
      </div>
    </form>
  );
}

function SuggestedKey({ masterKey }: { masterKey: string }) {
  return (
    <section class="card stack" aria-labelledby="suggested-title">
      <h2 id="suggested-title">Keep a new key first</h2>
      <p>
        Made for you just now, and stored nowhere. Put it into your password manager, then paste it below. A
        key that you have kept already cannot get lost on the way.
      </p>
      <ShownOnce id="suggested-master-key" value={masterKey} label="the suggested master key" />
    </section>
  );
}

/** More than anybody looks through; the rest have their projects' pages. */
const maxTokens = 200;

function CarriedTokens({ tokens }: { tokens: RotatingToken[] }) {
  const isChosen = tokens.some((token) => token.isChosen);
  return (
    <details class="panel revoke-tokens" open={isChosen}>
      <summary>Service tokens that keep working: revoke some in the same step</summary>
      <div class="table-box">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Project</th>
              <th scope="col">May</th>
              <th scope="col">Last used</th>
              <th scope="col">Revoke</th>
            </tr>
          </thead>
          <tbody>
            {tokens.slice(0, maxTokens).map((token) => (
              <TokenRow token={token} />
            ))}
          </tbody>
        </table>
      </div>
      {tokens.length > maxTokens && (
        <p class="hint">
          And {plural(tokens.length - maxTokens, "more token")}: each can be revoked on its project’s page.
        </p>
      )}
    </details>
  );
}

function TokenRow({ token }: { token: RotatingToken }) {
  const id = `revoke-${token.id}`;
  return (
    <tr>
      <th scope="row">
        <label for={id}>{token.name}</label>
      </th>
      <td data-label="Project">{token.projectName}</td>
      <td data-label="May">
        <May token={token} />
      </td>
      <td data-label="Last used">{token.lastUsedAt === null ? "Never" : <Time at={token.lastUsedAt} />}</td>
      <td data-label="Revoke">
        <input
          type="checkbox"
          id={id}
          name="revoke"
          value={String(token.id)}
          checked={token.isChosen}
          aria-label={`Revoke ${token.name} of ${token.projectName}`}
        />
      </td>
    </tr>
  );
}

function May({ token }: { token: RotatingToken }) {
  return (
    <>
      {token.rights === "write" ? "read and write" : "read"}{" "}
      <span class="environment">{token.environment}</span>
    </>
  );
}

function LostTokens({ tokens }: { tokens: RotatingToken[] }) {
  return (
    <section class="card stack" aria-labelledby="lost-title">
      <h2 id="lost-title">{plural(tokens.length, "service token")} cannot be carried over</h2>
      <p>
        They were made by an earlier version, which did not keep what a rotation needs to give them the new
        keys. <strong>The rotation revokes them.</strong> Make new ones first, and give those to the apps.
      </p>
      <ul class="advice">
        {tokens.slice(0, maxTokens).map((token) => (
          <li>
            <strong>{token.name}</strong> of {token.projectName}: <May token={token} />
          </li>
        ))}
      </ul>
      {tokens.length > maxTokens && (
        <p class="hint">And {plural(tokens.length - maxTokens, "more token")}.</p>
      )}
    </section>
  );
}

/** How a rotation went. */
export interface RotatedNotice {
  kind: "success" | "error";
  sealed: SealedCounts;
  /** How many service tokens were revoked. */
  revoked: number;
  /** How much did not open when all was read again; null where it could not be read. */
  faults: number | null;
}

/** What became of it, for the page after it. */
export function rotationSentence({ sealed, revoked, faults }: RotatedNotice): string {
  const what = `${plural(sealed.versions, "version")} and ${plural(sealed.views, "view")}`;
  const tokens = `${plural(sealed.serviceTokens, "service token")} ${sealed.serviceTokens === 1 ? "keeps" : "keep"} working${revoked > 0 ? `, ${revoked} ${revoked === 1 ? "is" : "are"} revoked` : ""}.`;
  if (faults === null)
    return `The master key is rotated: ${what} are encrypted anew. They were verified before they were put in place, but could not be read again after it: look whether everything is there. ${tokens}`;
  if (faults > 0)
    return `The master key is rotated, but ${plural(faults, "place")} of the database did not keep what was written: the log names them. Restore the backup from before, which opens with the former master key.`;
  return `The master key is rotated: ${what} are encrypted anew, and were read back and verified. ${tokens}`;
}
