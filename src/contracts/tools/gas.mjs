// Writes docs/protocol/gas.md from what the last `forge test` measured, or with --check says what is more than a tenth away from it.
// Loose on purpose: gas moves a little with every change, and only a jump deserves a look.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const measuredIn = fileURLToPath(new URL("../../../artifacts/contracts/gas", import.meta.url));
const document = fileURLToPath(new URL("../../../docs/protocol/gas.md", import.meta.url));
const tolerance = 0.1;

/** Gas by group and name, as the tests named them. */
function measure() {
    const groups = new Map();
    for (const file of existsSync(measuredIn) ? readdirSync(measuredIn).sort() : []) {
        if (!file.endsWith(".json")) continue;
        const gas = Object.entries(JSON.parse(readFileSync(join(measuredIn, file), "utf8")));
        groups.set(file.slice(0, -5), new Map(gas.map(([name, value]) => [name, Number(value)])));
    }
    return groups;
}

function render(groups) {
    let text = `# Gas

Gas of single calls as forge measures them: execution without the transaction's 21,000 and its calldata (16 a non-zero byte, or the floor
of EIP-7623), behind other calls in one transaction, so that some of the storage is warm already. "precompile" is a chain with P256VERIFY (EIP-7951), "fallback" one without it, where signatures are checked in Solidity.
Written by \`node src/contracts/tools/gas.mjs\` after \`./sharedseq test contracts\`, which fails when a figure moved by more than a tenth.
`;
    for (const [group, gas] of groups) {
        text += `\n## ${group}\n| Call | Gas |\n|---|---:|\n`;
        for (const [name, value] of gas) text += `| ${name} | ${value.toLocaleString("en")} |\n`;
    }
    return text;
}

function parse(text) {
    const groups = new Map();
    let gas;
    for (const line of text.split("\n")) {
        const heading = /^## (.+)$/.exec(line);
        if (heading) groups.set(heading[1], (gas = new Map()));
        const row = /^\| (.+) \| ([\d,]+) \|$/.exec(line);
        if (row) gas.set(row[1], Number(row[2].replaceAll(",", "")));
    }
    return groups;
}

const measured = measure();
if (process.argv.includes("--check")) {
    const written = existsSync(document) ? parse(readFileSync(document, "utf8")) : new Map();
    const faults = [];
    for (const [group, gas] of measured) {
        for (const [name, value] of gas) {
            const before = written.get(group)?.get(name);
            if (before === undefined) faults.push(`${group}, ${name}: ${value}, not in the document`);
            else if (Math.abs(value - before) > tolerance * before) faults.push(`${group}, ${name}: ${value}, documented ${before}`);
        }
    }
    for (const [group, gas] of written) {
        for (const name of gas.keys()) {
            if (measured.get(group)?.get(name) === undefined) faults.push(`${group}, ${name}: in the document, no longer measured`);
        }
    }
    for (const fault of faults) console.error(`docs/protocol/gas.md: ${fault}`);
    if (faults.length > 0) {
        console.error("Run: node src/contracts/tools/gas.mjs");
        process.exit(1);
    }
    console.log("gas is within a tenth of docs/protocol/gas.md");
} else {
    writeFileSync(document, render(measured));
}
