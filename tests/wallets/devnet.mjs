// A devnet of four operators, started as a user does. Where nothing else is asked for, it has one rollup, of which the last operator has no
// execution client of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = process.env.SHAREDSEQ_PROGRAM
    ?? fileURLToPath(new URL("../../src/SharedSeq.Cli/bin/Release/net10.0/sharedseq.dll", import.meta.url));

/** Asks again every 100 ms until the answer is not undefined; fails with what was missing. */
export async function until(what, seconds, ask) {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        await new Promise(resolve => setTimeout(resolve, 100));
    }

    throw new Error(`not within ${seconds} s: ${what}`);
}

/** Starts it and waits until it is ready; `state` is what devnet.json says, `stop` ends it and removes its data. */
export async function startDevnet(options = ["--rollups", "1", "--attesters", "3"]) {
    const folder = await mkdtemp(join(tmpdir(), "sharedseq-browser-"));
    const child = spawn("dotnet", [program, "devnet", "--data", folder, "--fresh", "--json", "--no-l1", ...options], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", text => output = (output + text).slice(-4000));
    const ended = once(child, "exit");

    async function stop() {
        if (child.exitCode === null && child.signalCode === null) {
            child.kill("SIGTERM");
            const patience = setTimeout(() => child.kill("SIGKILL"), 30_000);
            await ended;
            clearTimeout(patience);
        }

        await rm(folder, { recursive: true, force: true });
    }

    try {
        const state = await until("the devnet is ready", 180, async () => {
            if (child.exitCode !== null) throw new Error(`the devnet ended with ${child.exitCode}:\n${output}`);
            return readFile(join(folder, "devnet.json"), "utf8").then(JSON.parse, () => undefined);
        });
        return { state, stop };
    } catch (error) {
        await stop();
        throw error;
    }
}
