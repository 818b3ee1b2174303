// Unchanged wallet software uses the rollup of a devnet through operators' gateways: a page with viem in Chromium, from another origin, and cast.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { parseGwei } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { startDevnet, until } from "./devnet.mjs";

const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
];
const pictures = fileURLToPath(new URL("../../artifacts/test-results/", import.meta.url));
const here = name => fileURLToPath(new URL(`./page/${name}`, import.meta.url));
// The binary itself, not a wrapper around it.
const cast = fileURLToPath(new URL("./node_modules/@foundry-rs/cast-linux-amd64/bin/cast", import.meta.url));
const patience = 40_000;
const limit = { timeout: 150_000 };

// The one without an execution client: it learns what was executed from the others' attestations.
const withoutClient = 3;

let devnet, server, browser, origin;

/** Serves the page on loopback, with what it imports in one script. */
async function servePage() {
    const html = await readFile(here("index.html"));
    const { outputFiles: [script] } = await build({ entryPoints: [here("wallet.js")], bundle: true, format: "esm", target: "es2022", write: false });
    const files = { "/": ["text/html", html], "/wallet.js": ["text/javascript", script.contents] };
    const listening = createServer((request, response) => {
        const [type, body] = files[new URL(request.url, "http://page").pathname] ?? [];
        response.writeHead(body ? 200 : 404, { "content-type": type ?? "text/plain" }).end(body);
    });
    await new Promise(resolve => listening.listen(0, "127.0.0.1", resolve));
    return listening;
}

/** Opens the page on an operator's gateway; its `complaints` are what the page and the browser log as errors. */
async function open(operator) {
    const { state } = devnet;
    const page = await browser.newPage({ viewport: { width: 800, height: 640 } });
    page.complaints = [];
    page.on("pageerror", error => page.complaints.push(`${error}`));
    page.on("console", message => message.type() === "error" && page.complaints.push(message.text()));
    const gateway = gatewayOf(operator);
    await page.goto(`${origin}/?${new URLSearchParams({ gateway, recipient: state.accounts[1].address })}#${state.accounts[0].privateKey}`);
    return page;
}

function gatewayOf(operator) {
    return `${new URL(`rollups/${devnet.state.rollups[0].namespace}`, devnet.state.operators[operator].rpc)}`;
}

/** What cast prints; what it complains of as the error's text. */
function run(operator, command, ...options) {
    return new Promise((resolve, reject) => {
        const child = execFile(cast, [command, ...options, "--rpc-url", gatewayOf(operator)], { timeout: patience }, (error, output, complaint) =>
            error ? reject(new Error(complaint || `${error}`)) : resolve(output.trim()));
        child.stdin.end();
    });
}

/** One JSON-RPC call, or several in one batch. */
async function call(url, ...calls) {
    const items = calls.map(([method, ...params], id) => ({ jsonrpc: "2.0", id, method, params }));
    const body = JSON.stringify(items.length === 1 ? items[0] : items);
    return (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).json();
}

/** The text of an element, once it matches. */
async function shown(page, id, pattern) {
    try {
        await page.waitForFunction(
            ([id, source]) => new RegExp(source).test(document.getElementById(id).textContent), [id, pattern.source], { timeout: patience });
    } catch (error) {
        throw new Error(`#${id} does not match ${pattern} but says: ${await page.textContent(`#${id}`)} ${page.complaints}`, { cause: error });
    }

    return page.textContent(`#${id}`);
}

before(async () => {
    devnet = await startDevnet();
    server = await servePage();
    origin = `http://127.0.0.1:${server.address().port}`;
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
}, { timeout: 240_000 });

after(async () => {
    await browser?.close();
    server?.close();
    await devnet?.stop();
});

test("A page shows chain id, balance and new heads of a rollup", limit, async () => {
    const page = await open(0);
    await shown(page, "chain", new RegExp(`^${devnet.state.rollups[0].chainId}$`));
    await shown(page, "balance", /^10000 ETH$/);
    const head = Number(await shown(page, "head", /^\d+$/));
    await shown(page, "head", new RegExp(`^(?!${head}$)\\d+$`));
    assert.deepEqual(page.complaints, []);
});

test("Two transactions sent without waiting are both executed, and another operator shows the balance", limit, async () => {
    const page = await open(1);
    await shown(page, "balance", /ETH$/);
    await page.click("#send-two");
    await shown(page, "two", /^success in block \d+, success in block \d+$/);
    await page.click("#send-together");
    await shown(page, "together", /^success in block \d+, success in block \d+$/);
    const balance = await shown(page, "balance", /^9995\.99\d+ ETH$/);

    // The receipts say that one operator's client executed them; the others' follow at once.
    const other = await open(2);
    await shown(other, "balance", /^9995\.99\d+ ETH$/);
    assert.equal(await other.textContent("#balance"), balance);
    assert.deepEqual([...page.complaints, ...other.complaints], []);
});

test("An operator without a client of its own tells what was executed and what was skipped", limit, async () => {
    const { state } = devnet;
    const account = privateKeyToAccount(state.accounts[2].privateKey);
    const gateway = gatewayOf(withoutClient);
    const payment = { chainId: state.rollups[0].chainId, type: "eip1559", to: state.accounts[1].address, gas: 21_000n };

    // A transaction and its replacement, which pays more and comes second. When the first is executed before the second is looked at, again.
    const [run, skipped] = await until("both are ordered", 60, async () => {
        const nonce = await call(gateway, ["eth_getTransactionCount", account.address, "pending"]);
        const raw = await Promise.all([50, 100].map(gwei => account.signTransaction(
            { ...payment, nonce: Number(nonce.result), maxFeePerGas: parseGwei(`${gwei}`), maxPriorityFeePerGas: parseGwei(`${gwei / 50}`) })));
        const answers = await call(gateway, ...raw.map(bytes => ["eth_sendRawTransaction", bytes]));
        return answers.every(answer => answer.result) ? answers.map(answer => answer.result) : undefined;
    });
    for (const [hash, status, reason] of [[run, "executed", null], [skipped, "skipped", "NonceTooLow"]]) {
        const { result } = await until(`${hash} is ${status}`, 60, async () => {
            const answer = await call(state.operators[withoutClient].rpc, ["sharedseq_getTransaction", hash]);
            return answer.result?.status === status ? answer : undefined;
        });
        assert.equal(result.reason, reason);
    }

    assert.equal((await call(gateway, ["eth_getTransactionByHash", skipped])).result, null);
    assert.equal((await call(gateway, ["eth_getTransactionReceipt", run])).result.status, "0x1");
});

test("cast sends and reads through the gateways of two operators and names a used nonce and missing funds", limit, async () => {
    const [sender, recipient] = [devnet.state.accounts[3], devnet.state.accounts[4]];
    const payment = [recipient.address, "--value", "1ether", "--private-key", sender.privateKey];
    assert.equal(await run(0, "chain-id"), `${devnet.state.rollups[0].chainId}`);
    assert.equal(await run(1, "balance", "--ether", recipient.address), "10000.000000000000000000");

    // It waits for the receipt, then two go out without waiting for one. cast itself counts executed ones only.
    assert.match(await run(0, "send", ...payment), /status +1 \(success\)/);
    const hashes = [];
    for (const expected of ["1", "2"]) {
        const nonce = await run(1, "nonce", "--block", "pending", sender.address);
        assert.equal(nonce, expected);
        hashes.push(await run(1, "send", "--async", "--nonce", nonce, ...payment));
    }

    for (const hash of hashes) assert.match(await run(0, "receipt", hash), /status +1 \(success\)/);
    assert.equal(await run(1, "balance", "--ether", recipient.address), "10003.000000000000000000");
    assert.equal(await run(0, "nonce", sender.address), "3");

    await assert.rejects(run(0, "send", "--nonce", "0", ...payment), /nonce too low: address 0x[0-9a-fA-F]{40}, tx: 0 state: 3/);
    const stranger = `0x${"42".repeat(32)}`;
    await assert.rejects(run(1, "send", recipient.address, "--value", "1ether", "--private-key", stranger), /insufficient funds/i);
});

test("A used nonce and missing funds are shown as what they are", limit, async () => {
    const page = await open(withoutClient);
    await shown(page, "balance", /ETH$/);
    await page.click("#send-used");
    await shown(page, "used", /lower than the current nonce of the account[^]*nonce too low: address 0x[0-9a-fA-F]{40}, tx: 0 state: 4/);
    await page.click("#send-much");
    await shown(page, "much", /exceeds the balance of the account[^]*[Ii]nsufficient funds for gas \* price \+ value/);
    await mkdir(pictures, { recursive: true });
    await page.screenshot({ path: `${pictures}/browser.png` });
});
