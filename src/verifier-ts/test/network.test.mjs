// The client against a devnet, from Node and from a page in Chromium, which also runs the verifier's checks.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { startDevnet } from "../../../tests/wallets/devnet.mjs";
import { checks, vectorNames } from "./checks.mjs";
import { liveChecks } from "./live.mjs";

const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
];
const limit = { timeout: 120_000 };
let devnet, document, rpcs, server, browser, page;

/** Serves a page on loopback with the checks in one script, and the vectors that they read. */
async function servePage() {
    const here = name => fileURLToPath(new URL(name, import.meta.url));
    const { outputFiles: [script] } = await build({ entryPoints: [here("page.mjs")], bundle: true, format: "esm", target: "es2022", write: false });
    const files = { "/": ["text/html", `<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>`], "/page.js": ["text/javascript", script.contents] };
    for (const name of vectorNames)
        files[`/${name}.txt`] = ["text/plain", await readFile(here(`../../../tests/SharedSeq.Core.Tests/Vectors/${name}.txt`))];
    const listening = createServer((request, response) => {
        const [type, body] = files[request.url] ?? [];
        response.writeHead(body ? 200 : 404, { "content-type": type ?? "text/plain" }).end(body);
    });
    await new Promise(resolve => listening.listen(0, "127.0.0.1", resolve));
    return listening;
}

before(async () => {
    devnet = await startDevnet(["--rollups", "0", "--opaque", "1"]);
    document = await readFile(devnet.state.genesisFile, "utf8");
    rpcs = devnet.state.operators.map(operator => operator.rpc);
    server = await servePage();
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction(() => window.run !== undefined);
}, { timeout: 240_000 });

after(async () => {
    await browser?.close();
    server?.close();
    await devnet?.stop();
});

for (const [name, check] of Object.entries(liveChecks)) {
    test(name, limit, () => check({ document, rpcs, mark: "Node" }));
    test(`In Chromium: ${name}`, limit, async () => assert.equal(await run("live", name), "passed"));
}

for (const name of Object.keys(checks)) test(`In Chromium: ${name}`, limit, async () => assert.equal(await run("checks", name), "passed"));

function run(list, name) {
    return page.evaluate(([list, name, network]) => window.run(list, name, network), [list, name, { document, rpcs, mark: "Chromium" }]);
}
