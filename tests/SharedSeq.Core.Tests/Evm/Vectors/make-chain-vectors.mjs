// Writes chain.json (headers, receipts, proofs as anvil answers them) and typed-data.json. How: README.md beside this file.
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { JsonRpcProvider, Wallet, HDNodeWallet, Mnemonic, TypedDataEncoder, id } from "ethers";

const [castPath, anvilPath] = process.argv.slice(2);
if (!anvilPath) throw new Error("usage: node make-chain-vectors.mjs PATH_OF_CAST PATH_OF_ANVIL");
const mnemonic = Mnemonic.fromPhrase("test test test test test test test test test test test junk");
const wallets = [0, 1, 2].map(i => HDNodeWallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${i}`));

// Runtime code: stores calldata[64..96] in the slot calldata[32..64], then logs all calldata with topics calldata[0..32] and the slot.
const logger = "0x6018600c60003960186000f336600060003760403560203555602035600035366000a200";
const word = n => BigInt(n).toString(16).padStart(64, "0");
const callOf = (topic, slot, value, more = "") => "0x" + word(topic) + word(slot) + word(value) + more;

async function withAnvil(hardfork, run) {
  const child = spawn(anvilPath, ["--port", "0", "--hardfork", hardfork, "--chain-id", "31337", "--timestamp", "1700000000", "--no-mining",
    "--order", "fifo", "--accounts", "3", "--balance", "1000", "--gas-limit", "30000000", "--mnemonic", mnemonic.phrase]);
  try {
    const port = await new Promise((resolve, reject) => {
      let text = "";
      child.stdout.on("data", chunk => {
        text += chunk;
        const match = /Listening on 127\.0\.0\.1:(\d+)/.exec(text);
        if (match) resolve(match[1]);
      });
      child.on("exit", () => reject(new Error(text)));
    });
    const provider = new JsonRpcProvider(`http://127.0.0.1:${port}`, 31337, { staticNetwork: true, batchMaxCount: 1 });
    const result = await run(provider);
    provider.destroy();
    return result;
  } finally {
    child.kill();
  }
}

let clock = 1700000000;
async function mine(provider) {
  clock += 12;
  await provider.send("evm_setNextBlockTimestamp", [clock]);
  await provider.send("evm_mine", []);
  return provider.send("eth_getBlockByNumber", ["latest", false]);
}

async function sendAll(provider, transactions) {
  const nonces = await Promise.all(wallets.map(w => provider.send("eth_getTransactionCount", [w.address, "latest"]).then(Number)));
  for (const { from = 0, ...tx } of transactions) {
    const fee = tx.type === 0 || tx.type === 1
      ? { gasPrice: 3000000000n } : { maxFeePerGas: 3000000000n, maxPriorityFeePerGas: 1000000000n };
    const full = { chainId: 31337, gasLimit: 120000n, value: 0n, data: "0x", ...fee, ...tx, nonce: nonces[from]++ };
    await provider.send("eth_sendRawTransaction", [await wallets[from].signTransaction(full)]);
  }
}

const blockOf = async (provider, block) => ({ block, receipts: await provider.send("eth_getBlockReceipts", [block.hash]) });

const headers = [];
for (const hardfork of ["frontier", "homestead", "byzantium", "istanbul", "berlin", "london", "paris", "shanghai", "cancun", "prague", "osaka"]) {
  clock = 1700000000;
  headers.push({ hardfork, ...await withAnvil(hardfork, async provider => {
    const type = ["london", "paris", "shanghai", "cancun", "prague", "osaka"].includes(hardfork) ? 2 : 0;
    await sendAll(provider, [{ type, to: wallets[1].address, value: 5n, gasLimit: 21000n }]);
    const block = await mine(provider);
    return { block, raw: execFileSync(castPath, ["block", "latest", "--raw", "--rpc-url", provider._getConnection().url], { encoding: "utf8" }).trim() };
  }) });
}

clock = 1700000000;
const [blocks, proofs] = await withAnvil("osaka", async provider => {
  const list = [];
  list.push(await blockOf(provider, await mine(provider)));
  await sendAll(provider, [{ type: 2, to: null, data: logger, gasLimit: 200000n }]);
  list.push(await blockOf(provider, await mine(provider)));
  const contract = (await provider.send("eth_getBlockReceipts", ["latest"]))[0].contractAddress;
  const authorization = await wallets[2].authorize({ address: contract, nonce: 0, chainId: 31337 });
  await sendAll(provider, [
    { type: 0, to: contract, data: callOf(1, 1, 7) },
    { type: 1, to: contract, data: callOf(2, 2, 0xffffffffffffn, "aa"), accessList: [{ address: contract, storageKeys: ["0x" + word(2)] }] },
    { type: 2, to: contract, data: callOf(3, 3, 2n ** 256n - 1n, "00".repeat(100)) },
    { type: 2, to: contract, data: callOf(4, 4, 1), gasLimit: 23000n },
    { type: 4, to: contract, data: callOf(5, 5, 9), authorizationList: [authorization] },
    { type: 2, to: wallets[1].address, value: 1n, gasLimit: 21000n },
  ]);
  list.push(await blockOf(provider, await mine(provider)));
  // Above 128 transactions keys of the trie have two bytes and sort before those of one.
  await sendAll(provider, Array.from({ length: 140 }, (_, i) => i % 20 === 0
    ? { type: 2, to: contract, data: callOf(100 + i, 100 + i, i + 1) } : { type: 2, to: wallets[1].address, value: 1n, gasLimit: 21000n }));
  list.push(await blockOf(provider, await mine(provider)));
  const head = list.at(-1).block;
  const asked = [
    [contract, [1, 2, 3, 5, 100, 120, 140, 220, 4, 6, 0, 99]], [wallets[0].address, []], [wallets[1].address, [0]],
    ["0x00000000000000000000000000000000000beef1", [0]],
  ];
  const answers = [];
  for (const [address, slots] of asked)
    answers.push(await provider.send("eth_getProof", [address, slots.map(slot => "0x" + word(slot)), head.number]));
  return [list, { stateRoot: head.stateRoot, answers }];
});
writeFileSync("chain.json", JSON.stringify({ headers, blocks, proofs }, null, 1) + "\n");

// The example of EIP-712 and one with lists, signed by a known key.
const domain = { name: "Ether Mail", version: "1", chainId: 1, verifyingContract: "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC" };
const person = [{ name: "name", type: "string" }, { name: "wallet", type: "address" }];
const cow = { name: "Cow", wallet: "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" };
const bob = { name: "Bob", wallet: "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" };
const typed = [
  [domain, { Mail: [{ name: "from", type: "Person" }, { name: "to", type: "Person" }, { name: "contents", type: "string" }], Person: person },
    { from: cow, to: bob, contents: "Hello, Bob!" }],
  [{ ...domain, verifyingContract: undefined }, {
    Order: [{ name: "id", type: "uint64" }, { name: "parties", type: "Person[]" }, { name: "pair", type: "Person[2]" }, { name: "grid", type: "int16[2][]" },
      { name: "blobs", type: "bytes[]" }, { name: "tag", type: "bytes4" }, { name: "isFinal", type: "bool" }], Person: person,
  }, { id: "18446744073709551615", parties: [bob, cow, bob], pair: [cow, bob], grid: [[-1, 2], [3, -4], [5, 6]], blobs: ["0x", "0x1122"], tag: "0xdeadbeef", isFinal: true }],
  [domain, { Empty: [] }, {}],
];
const signer = new Wallet(id("sharedseq vector key 0"));
const texts = [];
for (const [forWhom, types, message] of typed) {
  const whom = Object.fromEntries(Object.entries(forWhom).filter(([, value]) => value !== undefined));
  const encoder = TypedDataEncoder.from(types);
  texts.push({
    primaryType: encoder.primaryType, typeText: encoder.encodeType(encoder.primaryType), domain: whom, types, message,
    separator: TypedDataEncoder.hashDomain(whom), structHash: encoder.hash(message), digest: TypedDataEncoder.hash(whom, types, message),
    signer: signer.address, secret: signer.privateKey, signature: await signer.signTypedData(whom, types, message),
  });
}
writeFileSync("typed-data.json", JSON.stringify(texts, null, 1) + "\n");
process.exit(0);
