// Writes abi.json. How it was made and how to make it again: README.md beside this file.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const castPath = process.argv[2];
if (!castPath) throw new Error("usage: node make-abi-vectors.mjs PATH_OF_CAST");
const cast = (...args) => execFileSync(castPath, args, { encoding: "utf8" }).trim();

// A fixed stream of numbers, so that every run gives the same vectors (xorshift, any seed would do).
let state = 0x9e3779b97f4a7c15n;
const next = bound => {
  state ^= (state << 13n) & 0xffffffffffffffffn;
  state ^= state >> 7n;
  state ^= (state << 17n) & 0xffffffffffffffffn;
  return Number(state % BigInt(bound));
};
const hex = bytes => "0x" + Array.from({ length: bytes }, () => next(256).toString(16).padStart(2, "0")).join("");

// Types as trees: { text, make() -> JSON value }.
const unsigned = bits => ({
  text: `uint${bits}`,
  make: () => [0n, 1n, 2n ** BigInt(bits) - 1n, BigInt(hex(bits / 8))][next(4)].toString(),
});
const signed = bits => ({
  text: `int${bits}`,
  make: () => [0n, -1n, 2n ** BigInt(bits - 1) - 1n, -(2n ** BigInt(bits - 1)), BigInt.asIntN(bits, BigInt(hex(bits / 8)))][next(5)].toString(),
});
const plain = {
  bool: { text: "bool", make: () => next(2) === 1 },
  address: { text: "address", make: () => hex(20) },
  bytes: { text: "bytes", make: () => hex([0, 1, 31, 32, 33, 70][next(6)]) },
  string: { text: "string", make: () => ["", "a", "Zürich", "x".repeat(32), "日本語のテキストです。長い文字列", "y".repeat(65)][next(6)] },
};
const fixed = size => ({ text: `bytes${size}`, make: () => hex(size) });
const list = element => ({ text: `${element.text}[]`, make: () => Array.from({ length: next(4) }, element.make) });
const fixedList = (element, n) => ({ text: `${element.text}[${n}]`, make: () => Array.from({ length: n }, element.make) });
const tuple = (...members) => ({ text: `(${members.map(m => m.text).join(",")})`, make: () => members.map(m => m.make()) });
const anyLeaf = () => [
  () => unsigned(8 * (1 + next(32))), () => signed(8 * (1 + next(32))), () => plain.bool, () => plain.address,
  () => plain.bytes, () => plain.string, () => fixed(1 + next(32)),
][next(7)]();
const any = depth => depth === 0 || next(3) === 0 ? anyLeaf() : [
  () => list(any(depth - 1)), () => fixedList(any(depth - 1), 1 + next(3)),
  () => tuple(...Array.from({ length: 1 + next(3) }, () => any(depth - 1))),
][next(3)]();

// The argument texts that cast reads.
const argument = (value, top = true) => {
  if (Array.isArray(value)) return value;
  return top ? String(value) : JSON.stringify(value);
};
const render = (text, value, top = true) => {
  if (typeof value === "boolean") return String(value);
  if (!Array.isArray(value)) return text === "string" && !top ? JSON.stringify(value) : String(argument(value));
  const isList = text.endsWith("]");
  const inner = isList
    ? value.map(item => render(text.slice(0, text.lastIndexOf("[")), item, false))
    : value.map((item, i) => render(split(text)[i], item, false));
  return isList ? `[${inner.join(",")}]` : `(${inner.join(",")})`;
};
const split = text => {
  const parts = [];
  let depth = 0, start = 1;
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "(") depth++;
    if (depth === 0 && (text[i] === "," || i === text.length - 1)) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
    if (text[i] === ")") depth--;
  }
  return parts;
};

const cases = [];
const add = (name, members) => {
  const values = members.map(member => member.make());
  const signature = `${name}(${members.map(member => member.text).join(",")})`;
  const args = values.map((value, i) => render(members[i].text, value));
  const call = cast("calldata", signature, "--", ...args);
  cases.push({ signature, selector: call.slice(0, 10), values, encoded: "0x" + call.slice(10) });
};

for (let bits = 8; bits <= 256; bits += 8) add("numbers", [unsigned(bits), signed(bits)]);
for (let size = 1; size <= 32; size++) add("fixed", [fixed(size)]);
add("none", []);
for (let i = 0; i < 6; i++) add("leaves", [plain.bool, plain.address, plain.bytes, plain.string]);
for (let i = 0; i < 120; i++) add(`f${i}`, Array.from({ length: 1 + next(4) }, () => any(3)));

// Not by cast abi-encode-event: 1.7.1 encodes each member by itself, so that offsets are not those of Solidity.
const events = [];
const addEvent = (name, ...members) => {
  const text = members.map(([type, , isIndexed], i) => `${type}${isIndexed ? " indexed" : ""} p${i}`).join(", ");
  const types = list => list.map(([type]) => type).join(",");
  const encode = list => cast("abi-encode", `f(${types(list)})`, "--", ...list.map(([, value]) => String(value)));
  const indexed = members.filter(([, , isIndexed]) => isIndexed);
  const topics = indexed.map(member => member[0] === "string" ? cast("keccak", member[1]) : encode([member]));
  const rest = members.filter(([, , isIndexed]) => !isIndexed);
  events.push({
    signature: `${name}(${text})`, values: members.map(([, value]) => value),
    topics: [cast("sig-event", `${name}(${types(members)})`), ...topics], data: rest.length === 0 ? "0x" : encode(rest),
  });
};
addEvent("Transfer", ["address", hex(20), true], ["address", hex(20), true], ["uint256", "5000000000000000000"]);
addEvent("MessageEnqueued", ["uint64", "7001", true], ["uint64", "18446744073709551615", true], ["bytes32", hex(32)],
  ["address", hex(20)], ["uint8", "255"], ["bytes", hex(70)]);
addEvent("Mixed", ["bytes4", hex(4)], ["int64", "-5", true], ["string", "Zürich"], ["bool", true, true], ["bytes32", hex(32), true]);
addEvent("Named", ["string", "a name of more than thirty-two bytes", true], ["string", "b"]);
addEvent("Empty");

writeFileSync("abi.json", JSON.stringify({ calls: cases, events }, null, 1) + "\n");
