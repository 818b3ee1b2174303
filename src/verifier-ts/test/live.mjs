// What a client does with a network that runs: in Node, and bundled in a page of a browser.
import {
    ConnectionError, errorNames, Genesis, NamespaceStream, NetworkClient, NetworkDirectory, OperatorClient, OperatorError, toHex, transactionId, WaitTimeout,
} from "../dist/index.js";
import { equal, same } from "./vectors.mjs";

/** Each takes the network's genesis document and its operators' addresses, and gives what it found, as text. */
export const liveChecks = {
    "A submitted transaction has a receipt that is checked, a proved place, and comes in the stream": async ({ document, rpcs, mark }) => {
        const { network, client, namespace } = meet(document, rpcs);
        const transaction = { namespace, payload: new TextEncoder().encode(`from ${mark}`), validUntil: soon() };
        const accepted = await client.submit(transaction);
        equal(toHex(accepted.id), toHex(transactionId(namespace, transaction.validUntil, transaction.payload)), "id");
        equal(accepted.relayedTo, network.genesis.quorum.f, "operators that were handed the receipt");
        const committed = await client.waitForCommitted(accepted.id, { timeoutMs: 60_000 });
        equal(committed.namespace, namespace, "namespace");

        // From the first block on, as whoever begins anew reads it; then again with a cursor, at another operator.
        const all = await followTo(network, { from: 1n }, committed.number);
        all.forEach(({ block }, i) => equal(block.number, BigInt(i) + 1n, "number"));
        const found = all.at(-1);
        equal(toHex(found.transactions[Number(committed.place)].id), toHex(accepted.id), "the transaction at its place");
        equal(same(found.transactions[Number(committed.place)].payload, transaction.payload), true, "payload");
        const others = new NetworkDirectory(network.genesis, [...rpcs].reverse());
        const parentHash = all.at(-2)?.block.hash;
        const again = await followTo(others, parentHash ? { from: committed.number, parentHash } : { from: committed.number }, committed.number);
        equal(toHex(again[0].block.hash), toHex(found.block.hash), "the same block at another operator");
        const proof = await client.prove(["namespaceBlock", namespace, committed.number]);
        equal(toHex(proof.block.hash), toHex(found.block.hash), "the block that is proved");
        return `place ${committed.place} of block ${committed.number}`;
    },

    "What a network does not have is proved, refused by name, or waited for in vain": async ({ document, rpcs }) => {
        const { client, namespace } = meet(document, rpcs);
        equal((await client.prove(["absence", 4_242n])).kind, "NamespaceAbsence", "absence");
        await fails(OperatorError, error => `${error.errorName}/${error.reason}`, "TransactionRefused/ValidUntilRequired",
            client.submit({ namespace, payload: Uint8Array.of(1) }));
        await fails(OperatorError, error => error.errorName, "UnknownNamespace",
            client.submit({ namespace: 4_242n, payload: Uint8Array.of(1), validUntil: soon() }));
        await fails(WaitTimeout, error => error.name, "WaitTimeout", client.waitForCommitted(new Uint8Array(32), { timeoutMs: 300 }));
        await fails(ConnectionError, error => error.name, "ConnectionError", new OperatorClient("http://127.0.0.1:1").call("sharedseq_health", []));
        return "";
    },

    "The error list is the operator's, and the network is healthy": async ({ document, rpcs }) => {
        const { client } = meet(document, rpcs);
        const discovered = await client.operators[0].call("rpc.discover", []);
        const told = discovered.components.errors.map(error => `${error.code} ${error.message}`);
        equal(told.sort().join(), Object.entries(errorNames).map(([code, name]) => `${code} ${name}`).sort().join(), "errors");
        equal((await client.health()).state, "Healthy", "state");
        const { client: partly } = meet(document, [...rpcs, "http://127.0.0.1:1"]);
        equal((await partly.health()).state, "Degraded", "state with one that does not answer");
        const { client: alone } = meet(document, [rpcs[0], "http://127.0.0.1:1", "http://127.0.0.1:2"]);
        equal((await alone.health()).state, "Halted", "state with one that answers");
        return "";
    },
};

function meet(document, rpcs) {
    const network = new NetworkDirectory(Genesis.fromJson(document), rpcs);
    return { network, client: new NetworkClient(network), namespace: network.genesis.namespaces[0].id };
}

function soon() {
    return BigInt(Math.floor(Date.now() / 1_000)) + 40n;
}

async function followTo(network, options, last) {
    const blocks = [];
    const signal = AbortSignal.timeout(60_000);
    for await (const followed of new NamespaceStream(network, network.genesis.namespaces[0].id).follow({ ...options, signal })) {
        blocks.push(followed);
        if (followed.block.number === last) return blocks;
    }

    throw new Error("the stream ended");
}

async function fails(type, textOf, expected, promise) {
    try {
        await promise;
    } catch (error) {
        if (!(error instanceof type)) throw error;
        return equal(textOf(error), expected, "error");
    }

    throw new Error(`no error, ${expected} expected`);
}
