/** Where a process lives: as a document says it, and as a sentence does. */
import type { Whereabouts } from "../model/diagnosis.ts";

/** What is known of a process or of its control group; what is not known is left out. */
export interface Place {
  readonly cgroup?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly podUid?: string;
  readonly container?: string;
  readonly containerId?: string;
  readonly service?: string;
}

export function whereabouts(place: Place | undefined): Whereabouts {
  const { namespace, pod, podUid, container, containerId, service } = place ?? {};
  return {
    ...(namespace && { namespace }),
    ...(pod && { pod }),
    ...(podUid && { pod_uid: podUid }),
    ...(container && { container }),
    ...(containerId && { container_id: containerId }),
    ...(service && { service }),
  };
}

/** As many digits of an id as runtimes themselves print. */
const SHORT_ID = 12;

/** `pod chat-7f`, `container web`, or as much of an id as tells it apart; "" for what lives in neither. */
export function home({ pod, pod_uid, container, container_id }: Whereabouts): string {
  if (pod !== undefined) return `pod ${pod}`;
  if (container !== undefined) return `container ${container}`;
  if (pod_uid !== undefined) return `pod ${pod_uid}`;
  return container_id === undefined ? "" : `container ${container_id.slice(0, SHORT_ID)}`;
}
