import { memory } from "./memory.ts";
import { holds } from "./holds.ts";

holds(memory);
