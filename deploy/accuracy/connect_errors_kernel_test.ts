import { connectErrors } from "./connect_errors.ts";
import { holds } from "./holds.ts";

holds(connectErrors);
