/** Objects that are no probes: what they know is asked for, and no probe depends on them. */
import { SloctlError } from "../model/errors.ts";
import { BpfObject } from "./bpf_object.ts";

/** Loads and attaches it; null where it cannot be had. @param bytes the compiled object */
export function sideObject(name: string, bytes: Uint8Array<ArrayBuffer>): BpfObject | null {
  let object: BpfObject | undefined;
  try {
    object = BpfObject.load(name, bytes, { config: new Uint8Array(), without: new Set(), shared: new Map() });
    object.attach(null);
    return object;
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    object?.[Symbol.dispose]();
    return null;
  }
}
