import { holds } from "./holds.ts";
import { requests } from "./requests.ts";

holds(requests);
