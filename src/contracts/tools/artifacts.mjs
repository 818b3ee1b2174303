// Writes artifacts/NAME.json (ABI, creation bytecode, size on chain) of every contract in src/, or with --check compares them.
// The compiler gets all of src/ at once and nothing else, so the same sources give the same bytes wherever and whenever.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "artifacts");
const cache = join(root, "../../artifacts/contracts/compiled.json");
const require = createRequire(import.meta.url);

// Bytes of code that a chain takes (EIP-170) and of code with constructor arguments at creation (EIP-3860).
const deployedBytesMax = 24_576;
const creationBytesMax = 49_152;

const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "osaka",
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

function sourceFiles(at) {
    return readdirSync(at, { withFileTypes: true })
        .flatMap((entry) => (entry.isDirectory() ? sourceFiles(join(at, entry.name)) : [join(at, entry.name)]))
        .filter((path) => path.endsWith(".sol"))
        .sort();
}

/** All sources with what they import, by the names that imports give them. */
function collect() {
    const sources = {};
    const queue = sourceFiles(join(root, "src")).map((path) => relative(root, path));
    while (queue.length > 0) {
        const name = queue.pop();
        if (sources[name] !== undefined) continue;
        const content = readFileSync(name.startsWith("@") ? join(root, "node_modules", name) : join(root, name), "utf8");
        sources[name] = { content };
        for (const [, imported] of content.matchAll(/^\s*import\b[^;"']*["']([^"']+)["'];/gm)) {
            queue.push(imported.startsWith(".") ? join(dirname(name), imported) : imported);
        }
    }
    return Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The compiler's output; compiling takes long, so the last one is kept under the hash of its input. */
function compile() {
    const input = JSON.stringify({ language: "Solidity", sources: collect(), settings });
    const key = createHash("sha256").update(require("solc/package.json").version).update(input).digest("hex");
    if (existsSync(cache)) {
        const kept = JSON.parse(readFileSync(cache, "utf8"));
        if (kept.key === key) return kept.contracts;
    }
    const output = JSON.parse(require("solc").compile(input));
    const said = (output.errors ?? []).filter((error) => error.severity !== "info");
    for (const error of said) console.error(error.formattedMessage);
    if (said.length > 0) throw new Error("the contracts do not compile without errors and warnings");
    mkdirSync(dirname(cache), { recursive: true });
    writeFileSync(cache, JSON.stringify({ key, contracts: output.contracts }));
    return output.contracts;
}

/** What is deployed: it has code of its own and is called from outside. */
function artifacts(contracts) {
    const made = new Map();
    for (const [source, byName] of Object.entries(contracts)) {
        if (!source.startsWith("src/")) continue;
        for (const [name, contract] of Object.entries(byName)) {
            const isCalled = contract.abi.some((item) => item.type === "function" || item.type === "constructor");
            if (contract.evm.bytecode.object === "" || !isCalled) continue;
            if (made.has(name)) throw new Error(`two contracts are named ${name}`);
            const deployed = contract.evm.deployedBytecode.object.length / 2;
            const created = contract.evm.bytecode.object.length / 2;
            if (deployed > deployedBytesMax || created > creationBytesMax) {
                throw new Error(`${name} has ${deployed} bytes (${created} at creation), at most ${deployedBytesMax} (${creationBytesMax})`);
            }
            made.set(name, render(name, source, contract, deployed));
        }
    }
    return made;
}

// One item of the ABI a line: differences are read by people.
function render(name, source, contract, deployed) {
    const abi = contract.abi.map((item) => `    ${JSON.stringify(item)}`).join(",\n");
    return `{
  "contract": ${JSON.stringify(name)},
  "source": ${JSON.stringify(source)},
  "compiler": ${JSON.stringify(`solc ${require("solc/package.json").version}`)},
  "deployedBytes": ${deployed},
  "abi": [
${abi}
  ],
  "bytecode": "0x${contract.evm.bytecode.object}"
}
`;
}

const made = artifacts(compile());
const held = new Set(existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : []);
const stale = [...held].filter((file) => !made.has(file.slice(0, -5)));
const changed = [...made].filter(([name, text]) => !held.has(`${name}.json`) || readFileSync(join(folder, `${name}.json`), "utf8") !== text);
if (process.argv.includes("--check")) {
    for (const file of stale) console.error(`artifacts/${file}: there is no such contract in src/`);
    for (const [name] of changed) console.error(`artifacts/${name}.json: not what src/ compiles to`);
    if (stale.length + changed.length > 0) {
        console.error("Run: node src/contracts/tools/artifacts.mjs");
        process.exit(1);
    }
    console.log(`${made.size} artifacts are what src/ compiles to`);
} else {
    mkdirSync(folder, { recursive: true });
    for (const file of stale) rmSync(join(folder, file));
    for (const [name, text] of changed) writeFileSync(join(folder, `${name}.json`), text);
    console.log(`${made.size} artifacts, ${changed.length} written, ${stale.length} removed`);
}
