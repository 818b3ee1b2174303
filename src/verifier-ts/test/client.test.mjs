// The client among operators that lie or refuse: small servers that answer what a test tells them to.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ConnectionError, NetworkClient, NetworkDirectory, OperatorClient, OperatorError, readProofFile, sha256, toHex } from "../dist/index.js";
import { genesisOf, parse } from "./vectors.mjs";

const folder = new URL("../../../tests/SharedSeq.Core.Tests/Vectors/", import.meta.url);
const servers = [];
let known, epochs;

/** An operator that answers a method with what `answers` has for it: a result, or a function of the parameters that may throw an `Error` with a code. */
async function operator(answers) {
    const server = createServer(async (request, response) => {
        const parts = [];
        for await (const part of request) parts.push(part);
        const { id, method, params } = JSON.parse(Buffer.concat(parts).toString());
        const answer = answers[method];
        const body = answer?.code ? { error: answer } : { result: typeof answer === "function" ? answer(params) : answer };
        response.setHeader("content-type", "application/json").end(answer?.text ?? JSON.stringify({ jsonrpc: "2.0", id, ...body }));
    });
    await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    return `http://127.0.0.1:${server.address().port}`;
}

function clientOf(vectors, ...rpcs) {
    return new NetworkClient(new NetworkDirectory(genesisOf(vectors), rpcs));
}

const proofOf = file => ({ sharedseq_getProof: { proof: toHex(file) } });

/** A file without its hand-overs, as operators serve it, and these: they are all of one size in the vectors. */
function split(file) {
    const bytes = 16 + 4 * 128 + 208 + 2 + 3 * 66;
    const begin = file.length - 32 - 3 * bytes;
    const content = new Uint8Array(begin);
    content.set(file.subarray(0, begin - 2));
    const whole = new Uint8Array([...content, ...sha256(content)]);
    assert.ok("file" in readProofFile(whole));
    return { whole, handOvers: [0, 1, 2].map(i => toHex(file.subarray(begin + i * bytes, begin + (i + 1) * bytes))) };
}

before(async () => {
    [known, epochs] = await Promise.all(["ordering-proofs", "proof-epochs"].map(
        async name => parse(await readFile(new URL(`${name}.txt`, folder), "utf8"))));
});

after(() => servers.forEach(server => server.close()));

test("Operators whose proof is of something else, damaged, another network's or none are passed over", async () => {
    const { file: { proof: { block } } } = readProofFile(known.get("block"));
    const damaged = known.get("block").slice();
    damaged[100] ^= 1;
    const liars = await Promise.all([
        operator(proofOf(known.get("open transaction"))), operator(proofOf(damaged)), operator(proofOf(epochs.get("epoch 3 Result"))),
        operator({ sharedseq_getProof: { proof: 7 } }), operator({ sharedseq_getProof: { text: "no JSON" } }), operator({ sharedseq_getProof: { code: -32006, message: "pruned" } }),
    ]);
    const question = ["namespaceBlock", block.namespace, block.number];
    const client = clientOf(known, ...liars, await operator(proofOf(known.get("block"))));
    for (let i = 0; i < 7; i++) assert.equal(toHex((await client.prove(question)).block.hash), toHex(block.hash));
    await assert.rejects(clientOf(known, ...liars.slice(0, 5)).prove(question), ConnectionError);
    // The proof is good and of another block than was asked for.
    await assert.rejects(clientOf(known, await operator(proofOf(known.get("block")))).prove(["namespaceBlock", block.namespace, block.number + 1n]), ConnectionError);
});

test("A refusal has the name of the error list and its reason", async () => {
    const client = new OperatorClient(await operator({ sharedseq_getHead: { code: -32003, message: "no", data: { reason: "Expired" } } }));
    await assert.rejects(client.call("sharedseq_getHead", []), error =>
        error instanceof OperatorError && error.errorName === "TransactionRefused" && error.reason === "Expired" && !error.isOfOperator);
});

test("A proof of a later epoch leads to asking for hand-overs, of whoever has the right ones", async () => {
    const { whole, handOvers } = split(epochs.get("epoch 3 Result"));
    const committee = { sharedseq_getCommittee: { members: [{ rpc: "http://127.0.0.1:1/member" }, { rpc: "file:///etc" }, { rpc: 1 }] } };
    const first = await operator({ ...proofOf(whole), sharedseq_getHandOvers: { handOvers: [handOvers[1]] } });
    const second = await operator({ sharedseq_getHandOvers: ([from]) => ({ handOvers: handOvers.slice(Number(from), Number(from) + 2) }), ...committee });
    const client = clientOf(epochs, first, second);
    assert.equal((await client.prove(["result", 350n])).certificate.result.epoch, 3n);
    assert.equal(client.network.newest, 3n);
    assert.deepEqual(client.network.operators, [first, second, "http://127.0.0.1:1/member"]);
    await assert.rejects(clientOf(epochs, first).prove(["result", 350n]), /UnknownEpoch/);
});

test("Nobody is asked for the way to an epoch that can not have begun", async () => {
    const { whole } = split(epochs.get("epoch 3 Result"));
    let asked = 0;
    const rpc = await operator({ ...proofOf(whole), sharedseq_getHandOvers: () => ({ handOvers: [], asked: asked++ }) });
    const genesis = genesisOf(epochs);
    const atGenesis = new NetworkDirectory(genesis, [rpc], { clock: () => Number(genesis.timestampMs) - 3_600_000 + 179_000 });
    assert.equal((await atGenesis.verify(whole)).verdict.fault, "ImpossibleEpoch");
    assert.equal(asked, 0);
    const later = new NetworkDirectory(genesis, [rpc], { clock: () => Number(genesis.timestampMs) - 3_600_000 + 180_000 });
    assert.equal((await later.verify(whole)).verdict.fault, "UnknownEpoch");
    assert.equal(asked, 1);
});

test("With a trusted checkpoint the way begins there", async () => {
    const { whole, handOvers } = split(epochs.get("epoch 3 Result"));
    const answers = { sharedseq_getHandOvers: ([from]) => ({ handOvers: handOvers.slice(Number(from)) }), sharedseq_getCommittee: { members: [] } };
    const network = new NetworkDirectory(genesisOf(epochs), [await operator(answers)], { checkpoint: { ended: 1n, hash: epochs.get("checkpoint") } });
    assert.equal((await network.verify(whole)).verdict.fault, "None");
    assert.equal(network.verifierOf(1n), undefined);
});
