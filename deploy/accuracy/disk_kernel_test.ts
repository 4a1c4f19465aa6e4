import { disk } from "./disk.ts";
import { holds } from "./holds.ts";

holds(disk);
