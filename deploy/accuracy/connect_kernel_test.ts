import { connect } from "./connect.ts";
import { holds } from "./holds.ts";

holds(connect);
