/** The program with a busy loop in it: for 60 of every 250 ms it computes nothing, slowly. */

setInterval(() => {
  const until = performance.now() + 60;
  while (performance.now() < until);
}, 250);

await import("../../cli/sloctl.ts");
