import { assertEquals, assertStringIncludes } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { type IdentityOptions, openIdentity } from "./agent_identity.ts";

Deno.test("openIdentity refuses an address that is none, and a host's root where no host is", async () => {
  const rows: [IdentityOptions, string][] = [
    [{ kubelet: "10.0.0.7:10250" }, 'Cannot ask kubelet "10.0.0.7:10250"'],
    [{ hostRoot: "/no/such" }, 'Cannot see the host at "/no/such": there is no /no/such/proc'],
  ];
  for (const [options, words] of rows) {
    const error = await openIdentity(options).catch((error) => error);
    assertEquals(error instanceof UsageError, true, words);
    assertStringIncludes(error.message, words);
  }
});

Deno.test({
  name: "openIdentity: the node's name is the caller's; a list that cannot be had is missed only where a name is",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const identity = await openIdentity({ node: "n1", kubelet: "http://127.0.0.1:1" });
    assertEquals(identity.node, "n1");
    const ofKubelet = () => identity.missing().filter(({ reason }) => reason.startsWith("kubelet"));
    assertEquals(ofKubelet(), []);
    const id = "3f".repeat(32);
    assertEquals(identity.identities.ofCgroup(`/docker/${id}`).containerId, id);
    const [row] = ofKubelet();
    assertEquals(row?.reason, "kubelet http://127.0.0.1:1: nobody listens there");
    assertStringIncludes(row!.costs, "names of 1 container");
  },
});
