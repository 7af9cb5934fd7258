/** @jsxImportSource hono/jsx */
import type { ProjectLink } from "../view-models.ts";
import { Breadcrumbs, Commands, ShownOnce } from "./components.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { serviceTokensPath } from "./paths.ts";

interface ServiceTokenCreatedPageProps extends PageProps {
  project: ProjectLink;
  ancestors: readonly ProjectLink[];
  environment: string;
  rights: string;
  token: string;
  apiBaseUrl: string;
}

/** Shows a new service token, this once, and how to use it without leaving it lying about. */
export function ServiceTokenCreatedPage(props: ServiceTokenCreatedPageProps) {
  const { frame, assets, project, ancestors, environment, rights, token, apiBaseUrl } = props;
  return (
    <Layout title={`New service token · ${project.name}`} frame={frame} assets={assets}>
      <Breadcrumbs projects={[...ancestors, project]} />
      <div class="card medium stack">
        <h1>Keep this service token</h1>
        <p class="lead">
          It may {rights === "write" ? "read and write" : "read"} the secrets of{" "}
          <strong>{project.name}</strong> in <span class="environment">{environment}</span>. It is shown now
          and never again.
        </p>
        <ShownOnce id="service-token" value={token} label="the service token" />
        <p>
          Put it where your platform keeps an app’s secrets, as <code>SECRETSFLY_TOKEN</code>. Whoever holds
          it may do what it may, until it expires or is revoked.
        </p>
        <h2>Use it in a terminal</h2>
        <p>
          Written into a command, a token stays in the shell’s history. <code>read</code> takes it from you
          without showing or recording it: run this line, paste the token, press Enter.
        </p>
        <Commands label="the line that reads the token" text="read -rs SECRETSFLY_TOKEN" />
        <p>Hand it to the programs that you start, and say where this server is:</p>
        <Commands label="the line that hands the token on" text="export SECRETSFLY_TOKEN" />
        <Commands
          label="the line that says where the server is"
          text={`export SECRETSFLY_API_BASE_URL=${shellQuoted(apiBaseUrl)}`}
        />
        <p>Then start your app with its secrets in its environment:</p>
        <Commands label="the command that starts an app" text="secretsfly run -- your-command" />
        <p>
          Or fetch them over HTTP. Handed over on standard input, the token does not show in the list of
          processes, either:
        </p>
        <Commands
          label="the command that fetches the secrets"
          text={`printf 'Authorization: Bearer %s' "$SECRETSFLY_TOKEN" |\n  curl --fail --header @- ${shellQuoted(`${apiBaseUrl}/secrets`)}`}
        />
        <a class="button primary" href={serviceTokensPath(project.id)}>
          I have kept it: back to the tokens
        </a>
      </div>
    </Layout>
  );
}

/** A word that a POSIX shell takes as it is. */
function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
