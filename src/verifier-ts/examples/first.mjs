// Submits a transaction to a devnet, waits until its place is proved, and reads it back from the stream of blocks.
import { readFileSync } from "node:fs";
import { Genesis, NamespaceStream, NetworkClient, NetworkDirectory, toHex } from "@sharedseq/verifier";

const folder = process.argv[2] ?? ".sharedseq";
const genesis = Genesis.fromJson(readFileSync(`${folder}/genesis.json`, "utf8"));
const operators = JSON.parse(readFileSync(`${folder}/devnet.json`, "utf8")).operators.map(operator => operator.rpc);
const namespace = genesis.namespaces.find(item => item.admission === "opaque").id;

const network = new NetworkDirectory(genesis, operators);
const client = new NetworkClient(network);
const validUntil = BigInt(Math.floor(Date.now() / 1000) + 30);
const accepted = await client.submit({ namespace, payload: new TextEncoder().encode("hello"), validUntil });
console.log(`accepted ${toHex(accepted.id)}: to be ordered by height ${accepted.deadline}, handed to ${accepted.relayedTo} other`);

const committed = await client.waitForCommitted(accepted.id);
console.log(`committed at place ${committed.place} of block ${committed.number}, which a certificate of height ${
    committed.proof.head.certificate.result.height} shows`);

for await (const { block, transactions } of new NamespaceStream(network, namespace).follow({ from: committed.number })) {
    const text = new TextDecoder().decode(transactions[Number(committed.place)].payload);
    console.log(`block ${block.number} (${toHex(block.hash).slice(0, 10)}…) says "${text}"`);
    break;
}

console.log(`the network is ${(await client.health()).state}`);
