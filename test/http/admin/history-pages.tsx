/** @jsxImportSource hono/jsx */
import { EnvironmentHistoryPage } from "../../../src/http/admin/pages/environment-history-page.tsx";
import { EnvironmentRollbackPage } from "../../../src/http/admin/pages/environment-rollback-page.tsx";
import type { PageProps } from "../../../src/http/admin/pages/layout.tsx";
import {
  InheritedHistoryPage,
  SecretHistoryPage,
} from "../../../src/http/admin/pages/secret-history-page.tsx";
import type { DifferenceLine } from "../../../src/http/admin/pages/value-difference.tsx";

/** The pages of the history in all their states, with one text wherever they show text. */
export function historyPages(page: PageProps, text: string): Record<string, string> {
  const link = { id: 1, name: text };
  const actor = { text, id: text };
  const at = page.frame.now;
  const project = { ...link, ancestors: [link], environments: [text, "prod"] };
  const place = { ...page, project, environment: text, name: text };
  const lines: DifferenceLine[] = [
    { kind: "same", parts: [{ text, isChanged: false }] },
    {
      kind: "removed",
      parts: [
        { text, isChanged: false },
        { text, isChanged: true },
      ],
    },
    { kind: "added", parts: [{ text, isChanged: true }] },
    { kind: "skipped", count: 3 },
  ];
  const version = { createdAt: at, createdBy: actor, note: text };
  const side = { version: 1, isDeletion: false, createdAt: at, createdBy: actor };
  const history = (props: Partial<Parameters<typeof SecretHistoryPage>[0]>) =>
    (
      <SecretHistoryPage
        {...place}
        version={3}
        deleted={false}
        from={link}
        versions={[
          { ...version, version: 3, change: "value-and-note", value: { text, isCut: true } },
          { ...version, version: 2, change: "deleted" },
          {
            ...version,
            version: 1,
            change: "created",
            value: { text: `${text}\n`.repeat(20), isCut: false },
          },
        ]}
        before={9}
        olderBefore={1}
        comparison={undefined}
        decrypted
        redirectAfterSeconds={300}
        isVersioned
        error={text}
        {...props}
      />
    ).toString();
  const comparison = { from: side, to: { ...side, version: 3 }, value: lines, note: lines };
  const secrets = { names: [text], count: 12 };
  const form = { at: text, error: text };
  return {
    "SecretHistoryPage, values": history({}),
    "SecretHistoryPage, comparison": history({ comparison, decrypted: false }),
    "SecretHistoryPage, same value": history({ comparison: { ...comparison, value: [], note: [] } }),
    "SecretHistoryPage, deleted": history({ deleted: true, decrypted: false, isVersioned: false }),
    InheritedHistoryPage: (<InheritedHistoryPage {...place} from={link} />).toString(),
    EnvironmentHistoryPage: (
      <EnvironmentHistoryPage
        {...place}
        moments={[{ at, by: actor, set: secrets, deleted: secrets }]}
        before={9}
        olderBefore={1}
        form={form}
        isVersioned={false}
      />
    ).toString(),
    "EnvironmentHistoryPage, empty": (
      <EnvironmentHistoryPage
        {...place}
        moments={[]}
        before={undefined}
        olderBefore={undefined}
        form={form}
        isVersioned
      />
    ).toString(),
    EnvironmentRollbackPage: (
      <EnvironmentRollbackPage
        {...place}
        at={at}
        state={text}
        counts={{ set: 1, add: 1, delete: 1, unchanged: 1 }}
        returns={[
          { name: text, kind: "value", fromVersion: 2, toVersion: 1, inheritedFrom: null },
          { name: text, kind: "add", fromVersion: 2, toVersion: 1, inheritedFrom: null },
          { name: text, kind: "delete", fromVersion: 2, toVersion: null, inheritedFrom: link },
        ]}
        position={{ page: 2, pages: 3, first: 201, last: 203, total: 403 }}
        unreachable={[text]}
        problems={Array(12).fill(text)}
        isOther
        form={form}
        isVersioned={false}
      />
    ).toString(),
  };
}
