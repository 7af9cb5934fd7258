import { scalar } from "./api-requests.ts";
import type { Dice } from "./dice.ts";
import { hostileText, mutated, names } from "./hostile.ts";
import type { World } from "./world.ts";

/** A request of somebody who is signed in. */
export interface AdminRequest {
  method: string;
  path: string;
  body?: URLSearchParams | FormData;
  /** The pattern of its route. */
  route: string;
}

/** Field → what a page would send. What is not here gets a text like any other. */
const plausible: Readonly<Record<string, readonly string[]>> = {
  name: [...names, "worker", "shop", "api"],
  value: ["plain", "two\nlines", "$" + "{A}", ""],
  note: ["", "a note"],
  description: ["", "what it is for"],
  parentId: ["1", "", "2", "3", "999"],
  masterKey: ["", "a passphrase of the fuzzer", "short", "a:b"],
  currentMasterKey: ["", "a passphrase of the fuzzer"],
  newMasterKey: ["", "short", "a:b"],
  confirmName: ["api", "worker", "shop"],
  environment: ["dev", "prod", "nowhere"],
  rights: ["read", "write", "admin"],
  expiresInDays: ["", "1", "3650", "3651", "0", "-1", "1.5"],
  allowedIps: ["", "203.0.113.0/24", "::/0", "300.1.1.1", "1.2.3.4/33"],
  version: ["1", "2", "0", "999", "1e3"],
  text: ["A=1\nB=2", '{"A":"1"}', "A: 1", "A=\nA=2", "export A='x'", "- [", "{{{{"],
  format: ["env", "auto", "docker", "json", "yaml", "map", "k8s", "csv", "jsonl", "xml"],
  literal: ["true", ""],
  confirm: ["true", "", "yes"],
  from: ["dev", "prod", "2026-01-31", "1", "2"],
  to: ["dev", "2026-01-31T14:30", "2"],
  names,
  at: ["1767225600000", "0", "2026-01-01T00:00:00Z", "yesterday", "9e99"],
  page: ["1", "2", "0", "-1", "1e9"],
  before: ["1", "0", "99999999999999"],
  q: ["A", "%", "_", "\\"],
  show: ["missing", "different", "needless"],
  with: ["parent"],
  environments: ["dev", "prod", "x"],
  decrypt: ["true"],
  edit: ["A", "true"],
  add: ["NEW"],
  generate: ["0", "1", "-1", "99999"],
  length: ["1", "512", "513", "0"],
  alphabet: ["letters-digits", "symbols", "hexadecimal", "none"],
  newlines: ["lf", "mixed", "x"],
  notes: ["exact"],
  previewed: ["x"],
  state: ["x"],
  scope: ["alone"],
  actor: ["system"],
  action: ["secret.set", "nothing"],
  project: ["1", "999"],
  parent: ["shop"],
  tick: ["all"],
  back: ["/admin/projects", "//evil.example", "https://evil.example/"],
  revoke: ["3", "4", "x"],
  password: ["wrong"],
};
const fieldNames = Object.keys(plausible);

/** What ends the session or takes away what the others need; they have tests of their own. */
const leftOut = /^POST \/admin\/(?:sign-out|sign-in|seal)$|^POST \/admin\/projects\/:id\/seal$/;

/** Makes requests for the routes that the app itself has below /admin. */
export class AdminRequests {
  readonly #routes: { method: string; path: string }[];

  constructor(
    private readonly world: World,
    private readonly dice: Dice,
  ) {
    const { routes } = world.app.app;
    const own = routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/admin"));
    this.#routes = own.filter(({ method, path }) => !leftOut.test(`${method} ${path}`));
  }

  next(): AdminRequest {
    const { dice } = this;
    const { method, path: route } = dice.pick(this.#routes);
    const path = route.replace(/:(\w+)/g, (_match, name: string) => this.#parameter(name));
    const form = new URLSearchParams();
    for (const name of dice.once(6) ? dice.times(3, () => dice.pick(fieldNames)) : fieldsOf(route, method)) {
      if (dice.once(8)) continue;
      for (let i = dice.once(10) ? 3 : 1; i > 0; i--) form.append(name, this.#text(name));
    }
    if (dice.once(20)) form.append(scalar(hostileText(dice)).slice(0, 100), scalar(hostileText(dice)));
    // A project that the others need stays.
    if (route === "/admin/projects/:id/delete") form.set("confirmName", dice.pick(["worker", "no", "API"]));
    if (method === "GET") return { method, path: `${path}?${form}`, route };
    return { method, path, body: dice.once(5) ? this.#multipart(form) : form, route };
  }

  /** The same as a browser sends it with a file, and now and then with one. */
  #multipart(form: URLSearchParams): FormData {
    const parts = new FormData();
    for (const [name, value] of form) {
      if (this.dice.once(10)) parts.append(name, new File([value], "file.txt"));
      else parts.append(name, value);
    }
    return parts;
  }

  #parameter(name: string): string {
    const { dice, world } = this;
    if (dice.once(12)) return encodeURIComponent(scalar(hostileText(dice))).slice(0, 300);
    if (name === "environment") return dice.pick(["dev", "dev", "dev", "prod", "prod", "nowhere"]);
    if (name === "name") return dice.pick(names);
    if (name === "id")
      return String(
        dice.pick([
          world.ids.shop,
          world.ids.api,
          world.ids.api,
          world.ids.bank,
          world.ids.own,
          world.ids.own,
          99,
        ]),
      );
    // Of the service tokens, those that nobody asks with.
    return dice.pick(["3", "4", "99"]);
  }

  #text(name: string): string {
    const { dice } = this;
    const known = /masterKey$/i.test(name)
      ? [...this.world.ownKeys, ...(plausible[name] ?? [])]
      : plausible[name];
    if (!known || dice.once(6)) return scalar(hostileText(dice));
    // The first of them is good; forms with many fields would hardly ever be.
    if (dice.once(2)) return known[0] ?? "";
    return dice.once(8) ? scalar(mutated(dice, dice.pick(known))) : dice.pick(known);
  }
}

/** The fields that the form of a route has; of one that is not here, any. */
function fieldsOf(route: string, method: string): readonly string[] {
  const ending = route.split("/").at(-1) ?? "";
  const forms: Readonly<Record<string, readonly string[]>> = {
    "POST projects": ["name", "description", "parentId", "masterKey"],
    "POST edit": ["name", "description", "parentId"],
    "POST delete": ["confirmName"],
    "POST unseal": ["masterKey"],
    "POST rotate": ["currentMasterKey", "newMasterKey"],
    "POST service-tokens": ["name", "environment", "rights", "expiresInDays", "allowedIps"],
    "POST secrets": ["name", "value", "note"],
    "POST rollback": ["version", "at", "confirm", "state"],
    "POST import": ["text", "format", "literal", "confirm"],
    "POST copy": ["from", "names", "back"],
    "GET audit": ["environment", "actor", "action", "q", "from", "to", "format"],
    "GET rollback": ["at"],
    "GET compare": ["with", "q", "show", "environments", "page"],
    "GET secrets": ["decrypt", "q", "page", "edit"],
    "GET export": ["format"],
    "GET history": ["before", "from", "to", "decrypt", "version"],
  };
  return forms[`${method} ${ending}`] ?? ["page", "q"];
}
