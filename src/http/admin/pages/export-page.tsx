/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import type { ProjectHead } from "../view-models.ts";
import { EmptyState, plural } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { environmentSecretsPath, exportPath, importPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

interface ExportPageProps extends PageProps {
  project: ProjectHead;
  environment: string;
  /** How many secrets apps get here. */
  count: number;
  /** Why there is no file. */
  error?: string | undefined;
}

/** The ways to take the secrets of one environment along as a file. */
export function ExportPage({ frame, assets, project, environment, count, error }: ExportPageProps) {
  return (
    <Layout title={`Export · ${project.name} · ${environment}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current={{ environment, below: "secrets" }}
        title={
          <>
            Export {project.name} in <span class="environment">{environment}</span>
          </>
        }
        lead="A file holds what apps get: inherited secrets too, and with every reference filled in. Its values are not encrypted, and the audit tells who took them."
      />
      {error !== undefined && (
        <p class="flash error" role="alert">
          {error}
        </p>
      )}
      {count === 0 ? (
        <EmptyState title={`No secrets in ${environment} yet`}>
          <p>
            There is nothing to take along.{" "}
            <a href={environmentSecretsPath(project.id, environment)}>Add some</a>, or{" "}
            <a href={importPath(project.id, environment)}>import a file</a>.
          </p>
        </EmptyState>
      ) : (
        <section class="stack" aria-labelledby="formats-title">
          <h2 id="formats-title">{plural(count, "secret")}, in the format of your choice</h2>
          <ul class="formats card">
            {formats.map((format) => (
              <li>
                <div>
                  <h3>{format.title}</h3>
                  <p class="hint">{format.use}</p>
                </div>
                <a
                  class="button"
                  href={`${exportPath(project.id, environment)}?format=${format.name}`}
                  aria-label={`Download as ${format.title}`}
                >
                  Download
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Layout>
  );
}

const formats: readonly { name: string; title: string; use: Child }[] = [
  {
    name: "env",
    title: ".env",
    use: "For the dotenv package, and for a shell that sources it: both read the same values, and nothing in it can run.",
  },
  {
    name: "docker",
    title: "Docker env file",
    use: (
      <>
        For <code>docker run --env-file</code>: every value to the letter, on one line.
      </>
    ),
  },
  {
    name: "yaml",
    title: "YAML",
    use: "Names and values, for Helm, Ansible and whatever else reads YAML.",
  },
  {
    name: "k8s",
    title: "Kubernetes Secret",
    use: (
      <>
        A manifest for <code>kubectl apply -f</code>.
      </>
    ),
  },
  {
    name: "map",
    title: "JSON",
    use: (
      <>
        One object of names and values, as <code>jq</code> and every program likes it. It can say every value.
      </>
    ),
  },
  {
    name: "json",
    title: "JSON of the API",
    use: (
      <>
        What <code>GET /api/secrets</code> answers, byte for byte.
      </>
    ),
  },
];
