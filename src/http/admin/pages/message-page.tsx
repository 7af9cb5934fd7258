/** @jsxImportSource hono/jsx */
import { Layout, type PageProps } from "./layout.tsx";
import { projectsPath } from "./paths.ts";

interface MessagePageProps extends PageProps {
  status: number;
  title: string;
  detail: string;
  /** What to look for in the server's log. */
  requestId?: string | undefined;
}

/** Says what went wrong, and leads back. */
export function MessagePage({ frame, assets, status, title, detail, requestId }: MessagePageProps) {
  return (
    <Layout title={title} frame={frame} assets={assets}>
      <div class="card narrow stack">
        <p class="status">{status}</p>
        <h1>{title}</h1>
        <p>{detail}</p>
        {requestId && (
          <p class="hint">
            Request <code>{requestId}</code>: the server’s log knows more under this id.
          </p>
        )}
        <a class="button primary" href={projectsPath}>
          Go to the projects
        </a>
      </div>
    </Layout>
  );
}
