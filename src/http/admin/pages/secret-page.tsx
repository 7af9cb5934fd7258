/** @jsxImportSource hono/jsx */
import type { ProjectHead, SecretEdit, SecretRow } from "../view-models.ts";
import { Countdown } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { ProjectHeader } from "./project-header.tsx";
import { SecretsTable } from "./secret-tables.tsx";
import type { Generator } from "./value-generator.tsx";

interface SecretPageProps extends PageProps {
  project: ProjectHead;
  environment: string;
  /** With its value. */
  secret: SecretRow;
  /** When the value leaves the screen. */
  redirectAfterSeconds: number;
  /** When the server forgets the key. */
  unsealedUntil: number;
  keepsVersions: boolean;
  /** Its form is open. */
  editing?: SecretEdit | undefined;
  error?: string | undefined;
  generator: Generator;
}

/** One secret with its value, and no other's. A script takes its row from here into the list. */
export function SecretPage(props: SecretPageProps) {
  const { frame, assets, project, environment, secret, error } = props;
  return (
    <Layout title={`${secret.name} · ${project.name} · ${environment}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current={{ environment, below: "secrets" }}
        title={
          <>
            <span class="secret-title">{secret.name}</span> in <span class="environment">{environment}</span>
          </>
        }
      />
      {error && (
        <p class="flash error" role="alert">
          {error}
        </p>
      )}
      <p class="hint">
        The server keeps the key for another{" "}
        <Countdown milliseconds={props.unsealedUntil - frame.now} isOfKey />.
      </p>
      <SecretsTable
        projectId={project.id}
        environment={environment}
        secrets={[secret]}
        editing={props.editing}
        revealedFor={props.redirectAfterSeconds * 1000}
        keepsVersions={props.keepsVersions}
        generator={props.generator}
      />
    </Layout>
  );
}
