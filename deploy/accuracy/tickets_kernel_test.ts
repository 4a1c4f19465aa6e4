import { holds } from "./holds.ts";
import { tickets } from "./tickets.ts";

holds(tickets);
