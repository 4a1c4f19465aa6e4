/** Every measurement, in the order of the signal catalogue. */
import { connect } from "./connect.ts";
import { counts } from "./counts.ts";
import { dns } from "./dns.ts";
import type { Measurement } from "./measure.ts";

export const MEASUREMENTS: readonly Measurement[] = [dns, counts, connect];
