// The checks in Node, with the vectors that the C# tests pin.
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { checks } from "./checks.mjs";
import { parse } from "./vectors.mjs";

const folder = new URL("../../../tests/SharedSeq.Core.Tests/Vectors/", import.meta.url);
const read = async name => parse(await readFile(new URL(`${name}.txt`, folder), "utf8"));

for (const [name, check] of Object.entries(checks)) test(name, () => check(read));
