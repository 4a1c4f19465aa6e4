import { syscalls } from "./calls.ts";
import { holds } from "./holds.ts";

holds(syscalls);
