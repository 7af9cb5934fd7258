import { openApiDocument } from "../../src/http/api/openapi.ts";
import { AdminRequests } from "./admin-requests.ts";
import { type ApiRequest, ApiRequests } from "./api-requests.ts";
import { Dice } from "./dice.ts";
import { Judge } from "./judge.ts";
import { createWorld, goodAddress, type World } from "./world.ts";

/** How many requests one database sees: what they write makes the later ones slower. */
const requestsAWorld = 2000;
/** Between two requests, in milliseconds of the app's clock: limits on guessing pass, sessions last. */
const pace = 20_000;

/** What was found, and what it takes to see it again. */
interface Finding {
  /** The seed of its world, and which request of it. */
  seed: number;
  request: number;
  what: string;
  faults: readonly string[];
}

export interface Campaign {
  requests: number;
  findings: Finding[];
  /** `METHOD path status` → how often. */
  answers: Map<string, number>;
}

/**
 * Sends requests that nobody would send, `total` of them, and judges each answer. The seed decides all of them; a world
 * has a seed of its own, counted from it.
 */
export async function fuzz(seed: number, total: number, onWorld = (_sent: number) => {}): Promise<Campaign> {
  const campaign: Campaign = { requests: 0, findings: [], answers: new Map() };
  for (let i = 0; campaign.requests < total; i++) {
    await fuzzWorld(seed + i, Math.min(requestsAWorld, total - campaign.requests), campaign);
    onWorld(campaign.requests);
  }
  return campaign;
}

async function fuzzWorld(seed: number, count: number, campaign: Campaign): Promise<void> {
  const world = await createWorld(seed % 5 === 0);
  try {
    const dice = new Dice(seed);
    const document = openApiDocument();
    const judge = new Judge(document, world);
    const api = new ApiRequests(document, world, dice);
    const admin = new AdminRequests(world, dice);
    for (let request = 0; request < count; request++) {
      world.app.clock.advance(pace);
      if (request % 200 === 0) await world.admin.unseal(world.ids.shop, world.masterKey);
      const asked = dice.once(3) ? await askAdmin(world, admin, judge) : await askApi(world, api, judge);
      campaign.requests += 1;
      campaign.answers.set(asked.kind, (campaign.answers.get(asked.kind) ?? 0) + 1);
      if (asked.faults.length > 0)
        campaign.findings.push({ seed, request, what: asked.what, faults: asked.faults });
      if (request === flood.at) await floodWith(world, api, judge, campaign, seed);
    }
    // What cannot be told from outside: one of them may have been told as something else.
    const failed = world.app.logs.filter((line) => /"msg":"request failed/.test(line));
    if (failed.length > 0)
      campaign.findings.push({ seed, request: count, what: "the log", faults: failed.slice(0, 3) });
  } finally {
    await world.close();
  }
}

/** In each world, once: as many bad tokens from one address as it takes to be told to wait. */
const flood = { at: 500, requests: 320 };

/** Within one moment of the clock, so that the limit on bad tokens is met. */
async function floodWith(
  world: World,
  api: ApiRequests,
  judge: Judge,
  campaign: Campaign,
  seed: number,
): Promise<void> {
  for (let request = 0; request < flood.requests; request++) {
    const { kind, what, faults } = await answerApi(world, api.bad(), judge);
    campaign.answers.set(kind, (campaign.answers.get(kind) ?? 0) + 1);
    if (faults.length > 0) campaign.findings.push({ seed, request: flood.at, what, faults });
  }
}

interface Asked {
  kind: string;
  what: string;
  faults: readonly string[];
}

function askApi(world: World, requests: ApiRequests, judge: Judge): Promise<Asked> {
  return answerApi(world, requests.next(), judge);
}

async function answerApi({ send }: World, request: ApiRequest, judge: Judge): Promise<Asked> {
  const { path, init, operation } = request;
  const response = await send(path, init);
  const faults = await judge.api(request, response);
  const route = operation ? `${operation.method.toUpperCase()} ${operation.path}` : "stray";
  const body = typeof init.body === "string" ? init.body.slice(0, 500) : "";
  const headers = JSON.stringify([...init.headers]).slice(0, 1000);
  const what = `${init.method} ${path.slice(0, 500)} ${headers} ${body}`;
  return { kind: `${route} ${response.status}`, what, faults };
}

async function askAdmin(world: World, requests: AdminRequests, judge: Judge): Promise<Asked> {
  const request = requests.next();
  const { method, path, body, route } = request;
  const headers = new Headers({
    Cookie: world.admin.cookie,
    Origin: world.origin,
    "fly-client-ip": goodAddress,
  });
  const response = await world.send(path, { method, headers, ...(body && { body }) });
  const faults = await judge.admin(request, response);
  const what = `${method} ${path} ${body ? JSON.stringify([...body]).slice(0, 1000) : ""}`;
  return { kind: `${method} ${route} ${response.status}`, what, faults };
}
