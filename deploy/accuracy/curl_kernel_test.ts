import { curlTimes } from "./curl.ts";
import { holds } from "./holds.ts";

holds(curlTimes);
