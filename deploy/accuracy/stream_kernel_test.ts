import { holds } from "./holds.ts";
import { streams } from "./stream.ts";

holds(streams);
