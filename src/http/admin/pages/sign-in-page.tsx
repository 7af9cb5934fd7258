/** @jsxImportSource hono/jsx */
import { SecretField } from "./fields.tsx";
import { Layout, type PageProps } from "./layout.tsx";

/** Asks for the admin password. */
export function SignInPage({ frame, assets, error }: PageProps & { error?: string | undefined }) {
  return (
    <Layout title="Sign in" frame={frame} assets={assets}>
      <div class="card narrow stack">
        <h1>Sign in</h1>
        <p class="lead">
          The password opens these pages. It opens no secret: each root project still asks for its own master
          key.
        </p>
        <form method="post" action="/admin/sign-in" class="stack">
          <SecretField
            id="password"
            name="password"
            label="Admin password"
            autocomplete="current-password"
            error={error}
          />
          <button type="submit" class="button primary">
            Sign in
          </button>
        </form>
      </div>
    </Layout>
  );
}
