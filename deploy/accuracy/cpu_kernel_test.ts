import { quotaByGroup, quotaByThread, runQueue, steal } from "./cpu.ts";
import { holds } from "./holds.ts";

holds(quotaByGroup);
holds(quotaByThread);
holds(runQueue);
holds(steal);
