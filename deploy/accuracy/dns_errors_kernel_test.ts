import { dnsErrors } from "./dns_errors.ts";
import { holds } from "./holds.ts";

holds(dnsErrors);
