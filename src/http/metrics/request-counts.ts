import type { Family, Sample } from "./exposition.ts";

/** The upper ends of the histogram's buckets, in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** What a client may call its method is anything; these are told apart. */
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

interface Durations {
  /** How many were no longer than each bound, and longer than the one before. */
  counts: number[];
  sum: number;
  count: number;
}

/** Counts requests by method, route and status, and how long they took by method and route. */
export class RequestCounts {
  readonly #byStatus = new Map<string, { labels: Record<string, string>; value: number }>();
  readonly #durations = new Map<string, { labels: Record<string, string>; durations: Durations }>();

  /**
   * @param route - the pattern of a route and never a path: what people type, and how many lines there are, must not
   *   be up to clients; empty where there is none
   */
  count(sentMethod: string, route: string, status: number, seconds: number): void {
    const method = methods.has(sentMethod) ? sentMethod : "other";
    const labels = { method, route: route === "" ? "none" : route };
    const key = `${method} ${route}`;
    const counted = this.#byStatus.get(`${key} ${status}`) ?? {
      labels: { ...labels, status: `${status}` },
      value: 0,
    };
    counted.value++;
    this.#byStatus.set(`${key} ${status}`, counted);
    const measured = this.#durations.get(key) ?? {
      labels,
      durations: { counts: bounds.map(() => 0), sum: 0, count: 0 },
    };
    this.#durations.set(key, measured);
    const { durations } = measured;
    const bucket = bounds.findIndex((bound) => seconds <= bound);
    if (bucket !== -1) durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
    durations.sum += seconds;
    durations.count++;
  }

  families(): Family[] {
    return [
      {
        name: "secretsfly_http_requests_total",
        help: "Requests that were answered, by the pattern of the route.",
        type: "counter",
        samples: [...this.#byStatus.values()],
      },
      {
        name: "secretsfly_http_request_duration_seconds",
        help: "How long it took until the answer began, by the pattern of the route.",
        type: "histogram",
        samples: [...this.#durations.values()].flatMap(({ labels, durations }) =>
          histogram(labels, durations),
        ),
      },
    ];
  }
}

function histogram(labels: Record<string, string>, { counts, sum, count }: Durations): Sample[] {
  let below = 0;
  const buckets = bounds.map((bound, i) => {
    below += counts[i] ?? 0;
    return { ending: "_bucket", labels: { ...labels, le: `${bound}` }, value: below };
  });
  return [
    ...buckets,
    { ending: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
    { ending: "_sum", labels, value: sum },
    { ending: "_count", labels, value: count },
  ];
}
