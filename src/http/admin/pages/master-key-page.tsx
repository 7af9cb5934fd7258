/** @jsxImportSource hono/jsx */
import type { ProjectLink } from "../view-models.ts";
import { Breadcrumbs, ShownOnce } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { projectPath } from "./paths.ts";
import { type RotatedNotice, rotationSentence } from "./rotate-page.tsx";

interface MasterKeyPageProps extends PageProps {
  project: ProjectLink;
  masterKey: string;
  /** Present where the key takes the place of another one. */
  rotated?: RotatedNotice;
}

/** Shows a generated master key, this once. */
export function MasterKeyPage({ frame, assets, project, masterKey, rotated }: MasterKeyPageProps) {
  return (
    <Layout title={`Master key of ${project.name}`} frame={frame} assets={assets}>
      <Breadcrumbs projects={[project]} />
      <div class="card medium stack">
        <h1>Keep this {rotated && "new "}master key</h1>
        {rotated && (
          <p class={`flash ${rotated.kind}`} role={rotated.kind === "error" ? "alert" : "status"}>
            {rotationSentence(rotated)}
          </p>
        )}
        <p class="lead">
          It opens <strong>{project.name}</strong> and every project below it. It is shown now and never
          again.
        </p>
        <ShownOnce id="master-key" value={masterKey} label="the master key" />
        <ul class="advice">
          <li>Put it into your password manager before you leave this page.</li>
          <li>If others look after this project too, give it to them over a safe channel.</li>
          <li>
            The server does not store it. Should it be lost, nobody can recover it; apps go on with their
            service tokens, but the secrets can no longer be seen or changed here.
          </li>
        </ul>
        <a class="button primary" href={projectPath(project.id)}>
          I have kept it: go to {project.name}
        </a>
      </div>
    </Layout>
  );
}
