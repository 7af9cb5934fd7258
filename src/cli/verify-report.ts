import type { Fault } from "../maintenance/faults.ts";
import type { VerifyReport } from "../maintenance/verify.ts";
import { count, visible } from "./output.ts";

/** How many faults are printed as text; JSON has more. */
const mostPrinted = 50;

/** The faults of a database, one a line, with where they are. */
export function faultLines({ faults, faultCount }: VerifyReport): string[] {
  const printed = faults.slice(0, mostPrinted);
  const others = faultCount - printed.length;
  return [
    ...printed.map((fault) => `  ${visible(describe(fault))}`),
    ...(others > 0 ? [`  and ${count(others, "other fault")}`] : []),
  ];
}

function describe({ projectId, projectName, environment, name, version, what }: Fault): string {
  const project = projectId === null ? [] : [`${projectName ?? "a project that is gone"} (${projectId})`];
  const parts = [...project, environment, name].filter((part) => part !== null);
  const place = parts.join(" / ") + (version === null ? "" : ` version ${version}`);
  return place === "" ? what : `${place}: ${what}`;
}

/** What was found of a database, for people. */
export function reportText(report: VerifyReport): string {
  const { place, faultCount, contents, audit } = report;
  const lines = [
    faultCount === 0
      ? `whole: ${visible(place)}`
      : `broken: ${visible(place)} (${count(faultCount, "fault")})`,
    ...faultLines(report),
  ];
  if (contents) {
    const { projects, roots, environments, secrets, versions, serviceTokens } = contents;
    lines.push(
      `  ${count(projects, "project")} below ${count(roots, "root")}, ${count(environments, "environment")}`,
      `  ${count(secrets, "secret")} with ${count(versions, "version")}, ${count(serviceTokens, "service token")}`,
    );
  }
  if (audit)
    lines.push(`  ${count(audit.events, "audit event")}, head ${audit.toldHead ?? "not to be told"}`);
  return `${[...lines, ...openedLines(report)].join("\n")}\n`;
}

function openedLines({ opened }: VerifyReport): string[] {
  if (!opened) return ["  nothing was opened: no master key was given"];
  const { roots, versions, views } = opened;
  return [
    `  opened: ${count(versions, "version")}, ${count(views, "view")} rebuilt and compared`,
    ...roots.map(({ id, name, isOpened }) =>
      visible(`  ${name} (${id}): ${isOpened ? "opened" : "not opened, no master key for it"}`),
    ),
  ];
}

/** The same for programs. */
export function reportJson(report: VerifyReport) {
  const { place, faults, faultCount, contents, audit, opened } = report;
  return {
    whole: faultCount === 0,
    file: place,
    ...(contents ?? {}),
    audit: audit ? { events: audit.events, head: audit.toldHead ?? null, fault: audit.fault ?? null } : null,
    opened: opened ?? null,
    faultCount,
    faults,
  };
}
