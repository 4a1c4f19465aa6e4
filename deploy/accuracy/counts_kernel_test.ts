import { counts } from "./counts.ts";
import { holds } from "./holds.ts";

holds(counts);
