// Writes forced-inbox.txt: what the inbox on a real EVM says and stores, made with cast and anvil and none of our own encoders.
//   node make-forced-inbox.mjs CAST ANVIL > forced-inbox.txt
// The same bytes each time: keys, nonces and times are fixed. Artifacts come from src/contracts/artifacts.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [castPath, anvilPath] = process.argv.slice(2);
if (anvilPath === undefined) throw new Error("usage: node make-forced-inbox.mjs CAST ANVIL");
const key = "0x" + "11".repeat(32);
const otherKey = "0x" + "22".repeat(32);
const recipient = "0x000000000000000000000000000000000000dEaD";
const lines = [];
const put = (name, hex) => lines.push(`${name} = ${hex.replace(/^0x/, "").toLowerCase()}`);
const u64 = (value) => BigInt(value).toString(16).padStart(16, "0");
const cast = (...args) => execFileSync(castPath, args, { encoding: "utf8" }).trim();
const artifact = (name) =>
    JSON.parse(readFileSync(fileURLToPath(new URL(`../../../src/contracts/artifacts/${name}.json`, import.meta.url))));

// --- transactions that a wallet signs, of each type ---

function signed(name, gas, ...args) {
    const raw = cast("mktx", "--private-key", key, "--chain", "901", "--nonce", "7", "--gas-limit", `${gas}`, "--gas-price",
        "1000000000", ...args, recipient);
    put(`signed.${name}.raw`, raw);
    put(`signed.${name}.gas`, u64(gas));
    return raw;
}

const legacy = signed("legacy", 50_000, "--legacy");
signed("accessList", 127, "--legacy", "--access-list",
    JSON.stringify([{ address: recipient, storageKeys: ["0x" + "00".repeat(31) + "01"] }]));
signed("dynamicFee", 16_777_216, "--priority-gas-price", "1");
signed("setCode", 250_000, "--priority-gas-price", "1", "--auth",
    cast("wallet", "sign-auth", recipient, "--private-key", otherKey, "--nonce", "3", "--chain", "901"));

// --- a chain with the contracts ---

const anvil = spawn(anvilPath, ["--port", "0", "--hardfork", "osaka", "--timestamp", "1799999999", "--balance", "1000000"],
    { stdio: ["ignore", "pipe", "inherit"] });
try {
    await main();
} finally {
    anvil.kill();
}

async function main() {
    const url = await listening();
    const rpc = (...args) => cast("rpc", "--rpc-url", url, ...args);
    const [user] = JSON.parse(rpc("eth_accounts"));
    let now = 1_800_000_000;
    const send = (...args) => {
        rpc("evm_setNextBlockTimestamp", `${now}`);
        now += 12;
        return JSON.parse(cast("send", "--rpc-url", url, "--unlocked", "--from", user, "--json", "--gas-limit", "9000000", ...args));
    };
    const deploy = (name, types, ...args) =>
        send("--create", artifact(name).bytecode + cast("abi-encode", `constructor(${types})`, ...args).slice(2)).contractAddress;

    const registry = deploy("TenantRegistry", "uint64,uint64,uint64,uint128,uint64", "777600", "604800", "86400", "1000000000000000000", "16");
    const inbox = deploy("ForcedInbox", "(address,address,uint32,uint32,uint64)", `(${registry},${recipient},12000,262144,1000000000)`);
    const register = (id, admission, chainId, gasCap) => send("--value", "2ether", registry,
        "register(uint64,(string,uint8,uint64),(uint8,uint8,uint8,uint8,uint32,uint64,address,address,uint128,uint128),uint32[])", id,
        `(rollup,${admission},${chainId})`, `(1,1,1,1,2000,${gasCap},0x${"00".repeat(20)},${recipient},0,0)`, "[]");
    register("901", 2, 901, 30_000_000);
    register("18446744073709551615", 1, 0, 0);

    // A contract that passes on to the inbox what it is called with.
    const contract = "0xffffffffffffffffffffffffffffffffffffc0de";
    rpc("anvil_setCode", contract, `0x365f5f375f5f365f3473${inbox.slice(2)}5af100`);

    const ids = ["901", "18446744073709551615"];
    let count = 0;
    const enqueue = (to, ...call) => {
        const [log] = send("--value", "1ether", to, ...call).logs;
        put(`entry.${count}.topics`, log.topics.map((topic) => topic.slice(2)).join(""));
        put(`entry.${count}.data`, log.data);
        count++;
        for (const id of ids) {
            const slot = cast("index", "uint64", id, "0");
            const next = "0x" + (BigInt(slot) + 1n).toString(16).padStart(64, "0");
            const [queued] = cast("call", "--rpc-url", url, inbox, "head(uint64)(uint64,bytes32)", id).split(/\s/);
            put(`after.${count}.${id}.slot`, slot);
            put(`after.${count}.${id}.rollingHash`, cast("storage", "--rpc-url", url, inbox, slot));
            put(`after.${count}.${id}.countWord`, cast("storage", "--rpc-url", url, inbox, next));
            put(`after.${count}.${id}.count`, u64(queued));
        }
    };
    const callTypes = "enqueueCall(uint64,address,uint256,uint64,bytes)";
    enqueue(inbox, "enqueueSigned(uint64,bytes)", "901", legacy);
    enqueue(inbox, callTypes, "901", recipient, "7", "100000", "0xa9059cbb00ff");
    enqueue(contract, callTypes, "901", recipient, `${2n ** 256n - 1n}`, "24560", "0x");
    enqueue(inbox, "enqueueSigned(uint64,bytes)", "18446744073709551615", "0x03ff00");
    enqueue(inbox, "enqueueSigned(uint64,bytes)", "901", legacy);
    put("user", user);
    put("contract", contract);

    console.log("# The inbox on an EVM: events, storage and transactions. Made by make-forced-inbox.mjs with cast and anvil 1.7.1.");
    console.log(lines.join("\n"));
}

/** Where the started anvil says that it listens. */
function listening() {
    return new Promise((found, failed) => {
        let said = "";
        anvil.stdout.on("data", (part) => {
            said += part;
            const place = /Listening on (\S+)/.exec(said);
            if (place !== null) found(`http://${place[1]}`);
        });
        anvil.on("exit", (code) => failed(new Error(`anvil ended with ${code}: ${said}`)));
    });
}
