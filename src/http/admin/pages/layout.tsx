/** @jsxImportSource hono/jsx */
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import type { Flash, Frame } from "../view-models.ts";
import { Countdown } from "./components.tsx";
import { apiDocsPath, auditPath, projectPath, projectsPath, sealAllPath } from "./paths.ts";

/** Addresses of what a page loads, each with its content's hash in it. */
interface Assets {
  style: string;
  script: string;
  favicon: string;
}

/** What every page is given besides its own content. */
export interface PageProps {
  frame: Frame;
  assets: Assets;
}

interface LayoutProps extends PageProps {
  title: string;
  children: Child;
}

/** The whole document around a page: head, header, flashes, main. */
export function Layout({ title, frame, assets, children }: LayoutProps) {
  return html`<!doctype html>${(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="same-origin" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · secretsfly`}</title>
        <link rel="stylesheet" href={assets.style} />
        <link rel="icon" type="image/svg+xml" href={assets.favicon} />
        <script type="module" src={assets.script} />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <Header frame={frame} logo={assets.favicon} />
        <main id="main" class="stack" tabindex={-1}>
          {frame.flashes.map((flash) => (
            <FlashMessage flash={flash} />
          ))}
          {children}
        </main>
        <footer class="site-foot">
          <a href={apiDocsPath}>API</a>
        </footer>
        <p class="visually-hidden" role="status" id="announcer" />
      </body>
    </html>
  )}`;
}

function Header({ frame, logo }: { frame: Frame; logo: string }) {
  return (
    <header class="site">
      <div class="site-inner">
        <a class="brand" href={projectsPath}>
          <img src={logo} width="28" height="28" alt="" />
          secretsfly
        </a>
        {frame.unsealed.length > 0 && <Unsealed frame={frame} />}
        {frame.mayEnter && <SiteActions frame={frame} />}
      </div>
    </header>
  );
}

/** What this session holds the keys of, for how long, and the button that gives all of them up. */
function Unsealed({ frame }: { frame: Frame }) {
  return (
    <div class="unsealed-bar">
      <ul class="unsealed" aria-label="Unsealed projects">
        {frame.unsealed.map((project) => (
          <li class="badge good" data-seal-state="">
            <a href={projectPath(project.id)}>{project.name}</a>
            <Countdown milliseconds={project.unsealedUntil - frame.now} />
          </li>
        ))}
      </ul>
      <form method="post" action={sealAllPath}>
        <button type="submit" class="button">
          Seal everything
        </button>
      </form>
    </div>
  );
}

function SiteActions({ frame }: { frame: Frame }) {
  return (
    <nav class="site-actions" aria-label="Session and audit">
      <a class="button quiet" href={auditPath}>
        Audit
      </a>
      {frame.canSignOut && (
        <form method="post" action="/admin/sign-out">
          <button type="submit" class="button quiet">
            Sign out
          </button>
        </form>
      )}
    </nav>
  );
}

/** A message that a screen reader reads out: an error interrupts, the others wait. */
function FlashMessage({ flash }: { flash: Flash }) {
  return (
    <p class={`flash ${flash.kind}`} role={flash.kind === "error" ? "alert" : "status"}>
      {flash.text}
      {flash.link && (
        <>
          {" "}
          <a href={flash.link.href}>{flash.link.text}</a>
        </>
      )}
    </p>
  );
}
