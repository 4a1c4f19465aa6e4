import { dns } from "./dns.ts";
import { holds } from "./holds.ts";

holds(dns);
