import type { Scenario } from "../bench.ts";
import { coldScenario } from "./cold.ts";
import { connectionsScenario } from "./connections.ts";
import { depthScenario } from "./depth.ts";
import { fetchScenario, unchangedScenario } from "./fetch.ts";
import { importScenario } from "./import.ts";
import { listenersScenario } from "./listeners.ts";
import { projectsScenario } from "./projects.ts";
import { rotationScenario } from "./rotation.ts";
import { runCommandScenario } from "./run-command.ts";
import { secretsScenario } from "./secrets.ts";
import { startScenario } from "./start.ts";
import { writesScenario } from "./writes.ts";

/** Every scenario, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  fetchScenario,
  unchangedScenario,
  secretsScenario,
  projectsScenario,
  depthScenario,
  connectionsScenario,
  coldScenario,
  listenersScenario,
  writesScenario,
  importScenario,
  rotationScenario,
  startScenario,
  runCommandScenario,
];
