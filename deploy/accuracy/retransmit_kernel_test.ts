import { holds } from "./holds.ts";
import { retransmit } from "./retransmit.ts";

holds(retransmit);
