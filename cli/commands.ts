/**
 * Every command there is, in the order help lists them. A definition file is light: it declares flags, and loads the
 * work behind it (lib/run) only when it runs, so that help stays fast.
 */
import type { Command } from "./command.ts";
import { command as agent } from "./agent.ts";
import { command as demo } from "./demo.ts";
import { command as lab } from "./lab.ts";

export const COMMANDS: readonly Command[] = [demo, agent, lab];
