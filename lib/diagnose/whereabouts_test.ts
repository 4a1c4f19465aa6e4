import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GroupThrottledEvent } from "../model/kernel_event.ts";
import { NOBODY } from "../model/kernel_event.ts";
import { diagnose } from "./diagnosis.ts";
import { connect, CONTEXT } from "./fixture.ts";
import { home, type Place, whereabouts } from "./whereabouts.ts";

const UID = "8f3a2c10-1111-4222-8333-444455556666";
const ID = "3f2a9c012345" + "0".repeat(52);

Deno.test("home: the pod by name, else the container, else as much of an id as tells it apart", () => {
  const rows: [Place, string][] = [
    [{ pod: "chat-7f", container: "chat", podUid: UID, containerId: ID }, "pod chat-7f"],
    [{ container: "web", containerId: ID }, "container web"],
    [{ podUid: UID, containerId: ID }, `pod ${UID}`],
    [{ containerId: ID }, "container 3f2a9c012345"],
    [{ service: "nginx" }, ""],
    [{}, ""],
  ];
  for (const [place, expected] of rows) assertEquals(home(whereabouts(place)), expected);
});

Deno.test("a finding says where its process lives, in its keys and in its sentence; a name may come late", () => {
  let named = false;
  const document = diagnose([connect(7, 0, 1, { errno: 111 })], {
    ...CONTEXT,
    processInfo: () => ({
      cgroup: "/kubepods/x",
      podUid: UID,
      ...(named ? { pod: "chat-7f", namespace: "shop" } : {}),
    }),
    get drops() {
      named = true; // after the events, before the end
      return {};
    },
  });
  const [finding] = document.findings;
  assertEquals([finding?.pod_uid, finding?.cgroup], [UID, "/kubepods/x"]);
  assertStringIncludes(finding!.sentence, "curl[7] in pod ");
});

Deno.test("a control group's quota is its pod's", () => {
  const event: GroupThrottledEvent = {
    kind: "group_throttled",
    startNs: 0,
    tsNs: 1e9,
    owner: NOBODY,
    cgroup: `/kubepods/pod${UID}`,
    throttledNs: 900e6,
    throttledPeriods: 9,
    periods: 10,
  };
  const document = diagnose([event], { ...CONTEXT, cgroupInfo: () => ({ pod: "chat-7f", podUid: UID }) });
  assertEquals(document.findings[0]?.pod, "chat-7f");
  assertStringIncludes(document.findings[0]!.sentence, `control group /kubepods/pod${UID} (pod chat-7f) was stopped`);
});
