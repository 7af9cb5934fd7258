import { bench, group } from "mitata";
import { systemRandom } from "../../src/cryptography/bytes.ts";
import { deriveEnvironmentKeys } from "../../src/cryptography/environment-key.ts";
import type { Vault } from "../../src/vault/vault.ts";
import { buildView, type OpenPlace, openSource, type ViewSource } from "../../src/vault/views.ts";
import { exampleSecrets } from "./samples.ts";

/** Half of the secrets are a view's own and half are inherited. */
function exampleSource(count: number, withReferences: boolean): ViewSource {
  const secrets = exampleSecrets(count, withReferences).map((secret, i) => ({
    ...secret,
    id: i + 1,
    note: "",
    version: 1,
    projectId: i % 2 === 0 ? 1 : 2,
  }));
  return {
    inherited: secrets.filter(({ projectId }) => projectId === 1),
    own: secrets.filter(({ projectId }) => projectId === 2),
  };
}

/** Registers what a write does with each view that it changes. The database of the vault is not touched. */
export async function registerViews(vault: Vault): Promise<void> {
  const keys = await deriveEnvironmentKeys(systemRandom(32));
  const place: OpenPlace = { projectId: 2, environment: { id: 1, name: "prod" }, generation: 1, keys };
  const samples = await Promise.all(
    [50, 500, 2000]
      .flatMap((count) => [false, true].map((withReferences) => ({ count, withReferences })))
      .map(async ({ count, withReferences }) => {
        const source = exampleSource(count, withReferences);
        const name = `a view of ${count}${withReferences ? ", with references" : ""}`;
        // What is there already is what it replaces, as at a change of a note: its body is compared, and found the same.
        const { row } = await buildView(vault, place, source, undefined);
        return { name, source, row };
      }),
  );
  group("views: half of the secrets inherited", () => {
    for (const { name, source, row } of samples)
      bench(`build ${name}`, () => buildView(vault, place, source, row));
    for (const { name, row } of samples.filter((sample) => !sample.name.endsWith("references")))
      bench(`read the source of ${name}`, () => openSource(place, row));
  });
}
