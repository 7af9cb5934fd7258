import { version } from "../../../package.json" with { type: "json" };
import type { Database } from "../../database/connect.ts";
import { isBusy } from "../../database/constraint.ts";
import { areWritesUp, isDatabaseUp } from "../../database/health.ts";
import { ReplicaClient } from "../../database/replica/replica-client.ts";
import { storageFault, storageFaultKinds } from "../../database/storage-fault.ts";
import { auditHead } from "../../vault/audit.ts";
import type { AppDeps } from "../app-env.ts";
import type { Family, Sample } from "./exposition.ts";

/**
 * How the server is now: numbers, and never a name of what is in it. What cannot be told now, such as the audit of a
 * database that is gone, is left out.
 */
export async function serverState({ vault, sessions, usage, changes }: AppDeps): Promise<Family[]> {
  const isUp = await isDatabaseUp(vault.db);
  const gauge = (name: string, help: string, ...samples: Sample[]): Family => {
    return { name: `secretsfly_${name}`, help, type: "gauge", samples };
  };
  const faults = storageFaultKinds.map((kind) => {
    return { labels: { kind }, value: vault.storage.fault === kind ? 1 : 0 };
  });
  return [
    gauge("build_info", "The version that runs.", { labels: { version }, value: 1 }),
    gauge("database_up", "Whether the database answers, as /api/status tells it.", { value: isUp ? 1 : 0 }),
    gauge("writes_up", "Whether something can be written, as /api/status tells it.", {
      value: isUp && (await areWritesUp(vault.db, vault.storage)) ? 1 : 0,
    }),
    ...replicaState(vault.db),
    gauge("storage_fault", "1 for what keeps the database from being used since the last try.", ...faults),
    gauge("unsealed_projects", "Root projects that are unsealed in some session.", {
      value: sessions.unsealedRoots().size,
    }),
    gauge("sessions", "Admin sessions.", { value: sessions.size }),
    gauge("event_listeners", "Streams of events that are open.", { value: changes.size }),
    {
      name: "secretsfly_audit_events_total",
      help: "Events of the audit, since the database was made.",
      type: "counter",
      samples: isUp ? await auditEvents(vault) : [],
    },
    gauge("audit_lag_seconds", "For how long a read by service token has been counted and not yet written.", {
      value: usage.lag / 1000,
    }),
    ...processState(),
  ];
}

/** Of a server without a replica there is none. */
function replicaState({ $client }: Database): Family[] {
  if (!($client instanceof ReplicaClient)) return [];
  return [
    {
      name: "secretsfly_replica_age_seconds",
      help: "For how long the replica may lack what others have written.",
      type: "gauge",
      samples: [{ value: $client.age / 1000 }],
    },
  ];
}

/** None where the database has gone since it was asked. */
async function auditEvents({ db, storage }: AppDeps["vault"]): Promise<Sample[]> {
  try {
    return [{ value: (await auditHead(db)).id }];
  } catch (error) {
    const fault = storageFault(error);
    if (!fault && !isBusy(error)) throw error;
    if (fault) storage.met(fault);
    return [];
  }
}

function processState(): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: "process_cpu_seconds_total",
      help: "Time of processors that was used.",
      type: "counter",
      samples: [{ value: (user + system) / 1e6 }],
    },
    {
      name: "process_resident_memory_bytes",
      help: "Memory that is held.",
      type: "gauge",
      samples: [{ value: process.memoryUsage.rss() }],
    },
    {
      name: "process_start_time_seconds",
      help: "When the process started, in seconds since the epoch.",
      type: "gauge",
      samples: [{ value: Math.round(performance.timeOrigin) / 1000 }],
    },
  ];
}
