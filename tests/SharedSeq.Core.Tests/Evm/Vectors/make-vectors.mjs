// Writes transactions.json and signatures.json. How they were made and how to make them again: README.md beside this file.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { decodeRlp, encodeRlp, getBytes, hexlify, id, keccak256, SigningKey, toBeHex, Transaction, Wallet, computeAddress } from "ethers";

const cast = process.argv[2];
if (!cast) throw new Error("usage: node make-vectors.mjs PATH_OF_CAST");

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const wallets = [0, 1, 2, 3].map(i => new Wallet(id(`sharedseq vector key ${i}`)));
const to = "0x00000000000000000000000000000000000beef1";
const fill = (length, step = 7) => hexlify(Uint8Array.from({ length }, (_, i) => (i * step) & 0xff));
const keys = count => Array.from({ length: count }, (_, i) => toBeHex(i, 32));
const gwei = 10n ** 9n;

async function valid() {
  const plain = { to, nonce: 0, gasLimit: 21000n, value: 1n, data: "0x" };
  const fee = { maxFeePerGas: 2n * gwei, maxPriorityFeePerGas: gwei };
  const authorization = async (i, over) => wallets[i].authorize({ address: to, nonce: 3, chainId: 31337, ...over });
  const list = [
    ["legacy, chain 1", { ...plain, type: 0, chainId: 1, gasPrice: gwei }],
    ["legacy, chain 31337", { ...plain, type: 0, chainId: 31337, gasPrice: gwei, nonce: 1 }],
    ["legacy, chain id of 32 bits", { ...plain, type: 0, chainId: 4294967295, gasPrice: gwei, nonce: 127 }],
    ["legacy, chain id of 53 bits", { ...plain, type: 0, chainId: 9007199254740991n, gasPrice: gwei, nonce: 128 }],
    ["legacy without a chain", { ...plain, type: 0, chainId: 0, gasPrice: gwei }],
    ["legacy without a chain, creation", { ...plain, to: null, type: 0, chainId: 0, gasPrice: gwei, gasLimit: 90000n, data: fill(40) }],
    ["legacy, gas price zero", { ...plain, type: 0, chainId: 31337, gasPrice: 0 }],
    ["legacy, creation", { ...plain, to: null, type: 0, chainId: 31337, gasPrice: gwei, gasLimit: 100000n, data: fill(64) }],
    ["legacy, value of 256 bits", { ...plain, type: 0, chainId: 31337, gasPrice: gwei, value: 2n ** 256n - 1n }],
    ["access list, empty", { ...plain, type: 1, chainId: 31337, gasPrice: gwei }],
    ["access list, two entries", {
      ...plain, type: 1, chainId: 31337, gasPrice: gwei, gasLimit: 60000n,
      accessList: [{ address: to, storageKeys: keys(3) }, { address: wallets[1].address, storageKeys: [] }],
    }],
    ["access list, long", {
      ...plain, type: 1, chainId: 31337, gasPrice: gwei, gasLimit: 900000n, accessList: [{ address: to, storageKeys: keys(60) }],
    }],
    ["dynamic fee", { ...plain, ...fee, type: 2, chainId: 31337 }],
    ["dynamic fee, no tip", { ...plain, type: 2, chainId: 31337, maxFeePerGas: gwei, maxPriorityFeePerGas: 0n }],
    ["dynamic fee, creation", { ...plain, ...fee, to: null, type: 2, chainId: 31337, gasLimit: 3000000n, data: fill(3000) }],
    ["dynamic fee, access list", {
      ...plain, ...fee, type: 2, chainId: 31337, gasLimit: 60000n, accessList: [{ address: to, storageKeys: keys(1) }],
    }],
    ["dynamic fee, largest nonce and gas", { ...plain, ...fee, type: 2, chainId: 31337, nonce: Number.MAX_SAFE_INTEGER, gasLimit: 2n ** 64n - 1n }],
    ["dynamic fee, fees of 256 bits", {
      ...plain, type: 2, chainId: 31337, maxFeePerGas: 2n ** 256n - 1n, maxPriorityFeePerGas: 2n ** 256n - 1n,
    }],
    ["dynamic fee, chain id zero", { ...plain, ...fee, type: 2, chainId: 0 }],
    ["set code, one authorization", {
      ...plain, ...fee, type: 4, chainId: 31337, gasLimit: 60000n, authorizationList: [await authorization(1)],
    }],
    ["set code, three authorizations", {
      ...plain, ...fee, type: 4, chainId: 31337, gasLimit: 200000n, data: fill(5),
      authorizationList: [await authorization(1), await authorization(2, { chainId: 0 }), await authorization(3, { nonce: 0 })],
    }],
  ];
  for (const length of [1, 55, 56, 57, 255, 256, 1000, 5000]) {
    list.push([`dynamic fee, ${length} bytes of data`, { ...plain, ...fee, type: 2, chainId: 31337, gasLimit: 5000000n, data: fill(length) }]);
    list.push([`legacy, ${length} bytes of zeros`, { ...plain, type: 0, chainId: 31337, gasPrice: gwei, gasLimit: 5000000n, data: fill(length, 0) }]);
  }

  return Promise.all(list.map(async ([name, request], i) => {
    const wallet = wallets[i % wallets.length];
    const raw = await wallet.signTransaction(request);
    const tx = Transaction.from(raw);
    checkWithCast(name, tx, raw);
    return {
      name, raw, hash: tx.hash, type: tx.type, sender: tx.from, chainId: tx.type === 0 && tx.chainId === 0n ? null : tx.chainId.toString(),
      nonce: tx.nonce.toString(), gasLimit: tx.gasLimit.toString(), maxFeePerGas: (tx.maxFeePerGas ?? tx.gasPrice).toString(),
      maxPriorityFeePerGas: (tx.maxPriorityFeePerGas ?? tx.gasPrice).toString(), to: tx.to, value: tx.value.toString(), data: tx.data,
    };
  }));
}

/** A second implementation must see the same hash, sender and gas in what ethers signed. */
function checkWithCast(name, tx, raw) {
  if (raw.length > 100000) return; // above the length of one command-line argument
  if ((tx.maxFeePerGas ?? 0n) >= 2n ** 128n) return; // cast holds fees in 128 bits
  const seen = JSON.parse(JSON.parse(execFileSync(cast, ["decode-transaction", "--json", raw], { encoding: "utf8" })));
  if (seen.hash !== tx.hash) throw new Error(`${name}: cast says hash ${seen.hash}, ethers ${tx.hash}`);
  if (seen.signer !== tx.from.toLowerCase()) throw new Error(`${name}: cast says sender ${seen.signer}, ethers ${tx.from}`);
  if (BigInt(seen.gas) !== tx.gasLimit) throw new Error(`${name}: cast and ethers differ about the gas limit`);
}

async function refused(good) {
  const raw = name => {
    const found = good.find(v => v.name === name);
    if (!found) throw new Error(`no vector '${name}'`);
    return found.raw;
  };
  const legacy = raw("legacy, chain 31337"), dynamic = raw("dynamic fee"), code = raw("set code, one authorization");
  const listed = raw("access list, two entries");
  const change = (hex, edit) => {
    const typed = !hex.startsWith("0xf");
    const fields = decodeRlp(typed ? "0x" + hex.slice(4) : hex);
    const encoded = encodeRlp(edit(fields) ?? fields);
    return typed ? hex.slice(0, 4) + encoded.slice(2) : encoded;
  };
  const word = n => toBeHex(n);
  const s = hex => BigInt(decodeRlp(hex.startsWith("0xf") ? hex : "0x" + hex.slice(4)).at(-1));
  const blob = await wallets[0].signTransaction({
    type: 3, chainId: 31337, to, nonce: 0, gasLimit: 21000n, maxFeePerGas: gwei, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 1n,
    blobVersionedHashes: ["0x01" + "11".repeat(31)],
  });
  const sign = request => wallets[0].signTransaction({ type: 2, chainId: 31337, to, nonce: 0, gasLimit: 21000n, maxFeePerGas: gwei, maxPriorityFeePerGas: 1n, ...request });
  return [
    ["nothing", "0x", "Empty"],
    ["a string instead of a list", "0x83010203", "Malformed"],
    ["an empty list", "0xc0", "Truncated"],
    ["type 0", "0x00" + dynamic.slice(4), "UnknownType"],
    ["type 5", "0x05" + dynamic.slice(4), "UnknownType"],
    ["type 0x7e", "0x7e" + dynamic.slice(4), "UnknownType"],
    ["a blob transaction", blob, "BlobTransaction"],
    ["only a type byte", "0x02", "Truncated"],
    ["legacy, last byte missing", legacy.slice(0, -2), "Truncated"],
    ["dynamic fee, last byte missing", dynamic.slice(0, -2), "Truncated"],
    ["legacy, one byte too many", legacy + "00", "TrailingBytes"],
    ["dynamic fee, one byte too many", dynamic + "80", "TrailingBytes"],
    ["legacy, one field too many", change(legacy, f => [...f, "0x"]), "Malformed"],
    ["legacy, one field too few", change(legacy, f => f.slice(0, -1)), "Truncated"],
    ["dynamic fee, one field too many", change(dynamic, f => [...f, "0x"]), "Malformed"],
    ["dynamic fee with the fields of an access list transaction", "0x02" + listed.slice(4), "NotCanonical"],
    ["nonce with a leading zero", change(legacy, f => { f[0] = "0x0001"; }), "NotCanonical"],
    ["nonce of one zero byte", change(legacy, f => { f[0] = "0x00"; }), "NotCanonical"],
    ["r with a leading zero", change(legacy, f => { f[7] = "0x00" + f[7].slice(4); }), "NotCanonical"],
    ["a single byte in its long form", "0xf8" + (parseInt(legacy.slice(4, 6), 16) + 1).toString(16) + "81" + legacy.slice(6), "NotCanonical"],
    ["a list length in its long form", "0xf900" + legacy.slice(4), "NotCanonical"],
    ["a list length of 2^64 - 1", "0xffffffffffffffffff", "Truncated"],
    ["a list length with a leading zero", "0xfb00000001" + "00", "NotCanonical"],
    ["a list of 20 bytes in the long form", "0xf814" + "80".repeat(20), "NotCanonical"],
    ["nonce of 65 bits", change(legacy, f => { f[0] = "0x010000000000000000"; }), "FieldOutOfRange"],
    ["gas limit of 65 bits", change(dynamic, f => { f[4] = "0x010000000000000000"; }), "FieldOutOfRange"],
    ["value of 257 bits", change(dynamic, f => { f[6] = "0x01" + "00".repeat(32); }), "FieldOutOfRange"],
    ["chain id of 65 bits", change(dynamic, f => { f[0] = "0x010000000000000000"; }), "FieldOutOfRange"],
    ["s of 33 bytes", change(dynamic, f => { f[11] = "0x01" + "00".repeat(32); }), "FieldOutOfRange"],
    ["nonce of 2^64 - 1", change(dynamic, f => { f[1] = "0xffffffffffffffff"; }), "NonceTooHigh"],
    ["an address of 19 bytes", change(dynamic, f => { f[5] = "0x" + "11".repeat(19); }), "Malformed"],
    ["an address of 21 bytes", change(dynamic, f => { f[5] = "0x" + "11".repeat(21); }), "Malformed"],
    ["a list as the data", change(dynamic, f => { f[7] = []; }), "Malformed"],
    ["a string as the access list", change(dynamic, f => { f[8] = "0x"; }), "Malformed"],
    ["an access list entry without keys", change(listed, f => { f[7][0] = [f[7][0][0]]; }), "Truncated"],
    ["an access list entry with a third item", change(listed, f => { f[7][0].push("0x"); }), "Malformed"],
    ["a storage key of 31 bytes", change(listed, f => { f[7][0][1][0] = "0x" + "00".repeat(31); }), "Malformed"],
    ["tip above the fee", change(dynamic, f => { f[2] = word(3n * gwei); }), "TipAboveMaxFee"],
    ["gas below a transfer", await sign({ gasLimit: 20999n }), "GasBelowIntrinsic"],
    ["gas below the floor of the data", await sign({ gasLimit: 21000n + 40n * 255n + 9n, data: "0x" + "11".repeat(256) }), "GasBelowIntrinsic"],
    ["gas below a creation", await sign({ to: null, gasLimit: 53001n, data: "0x00" }), "GasBelowIntrinsic"],
    ["no authorizations", change(code, f => { f[9] = []; }), "NoAuthorizations"],
    ["set code that creates", change(code, f => { f[5] = "0x"; }), "Malformed"],
    ["an authorization of five items", change(code, f => { f[9][0] = f[9][0].slice(0, 5); }), "Truncated"],
    ["an authorization of seven items", change(code, f => { f[9][0].push("0x"); }), "Malformed"],
    ["an authorization with a parity of two bytes", change(code, f => { f[9][0][3] = "0x0100"; }), "FieldOutOfRange"],
    ["v of 0", change(legacy, f => { f[6] = "0x"; }), "BadParity"],
    ["v of 26", change(legacy, f => { f[6] = "0x1a"; }), "BadParity"],
    ["v of 29", change(legacy, f => { f[6] = "0x1d"; }), "BadParity"],
    ["v of 34", change(legacy, f => { f[6] = "0x22"; }), "BadParity"],
    ["parity of 2", change(dynamic, f => { f[9] = "0x02"; }), "BadParity"],
    ["parity of 27", change(dynamic, f => { f[9] = "0x1b"; }), "BadParity"],
    ["r of zero", change(legacy, f => { f[7] = "0x"; }), "SignatureOutOfRange"],
    ["s of zero", change(dynamic, f => { f[11] = "0x"; }), "SignatureOutOfRange"],
    ["r of the group order", change(dynamic, f => { f[10] = word(order); }), "SignatureOutOfRange"],
    ["s of the group order", change(legacy, f => { f[8] = word(order); }), "SignatureOutOfRange"],
    ["r of 2^256 - 1", change(dynamic, f => { f[10] = "0x" + "ff".repeat(32); }), "SignatureOutOfRange"],
    ["legacy, high s", change(legacy, f => { f[8] = word(order - s(legacy)); }), "HighS"],
    ["dynamic fee, high s", change(dynamic, f => { f[11] = word(order - s(dynamic)); }), "HighS"],
    ["s of half the order and one", change(dynamic, f => { f[11] = word(order / 2n + 1n); }), "HighS"],
    ["r that is no x of the curve", change(dynamic, f => { f[10] = "0x05"; }), "NotRecoverable"],
  ].map(([name, bytes, rejection]) => ({ name, raw: bytes, rejection }));
}

/** Hash, r, s and parity with the address that @noble/curves (inside ethers) recovers, null when it recovers none. */
function signatures() {
  const list = [];
  const add = (name, hash, r, s, parity) => {
    let signer = null;
    try {
      signer = computeAddress(SigningKey.recoverPublicKey(hash, { r: toBeHex(r, 32), s: toBeHex(s, 32), yParity: parity }));
    } catch { /* no key: the expected answer is null */ }
    list.push({ name, hash, r: toBeHex(r, 32), s: toBeHex(s, 32), parity, signer });
  };
  for (let i = 0; i < 40; i++) {
    const key = new SigningKey(id(`signature key ${i}`)), hash = keccak256(getBytes(id(`signed text ${i}`)));
    const made = key.sign(hash);
    list.push({
      name: `signed ${i}`, hash, r: made.r, s: made.s, parity: made.yParity, signer: computeAddress(key.publicKey), secret: key.privateKey,
    });
    add(`signed ${i}, other parity`, hash, BigInt(made.r), BigInt(made.s), 1 - made.yParity);
    add(`signed ${i}, r plus one`, hash, BigInt(made.r) + 1n, BigInt(made.s), made.yParity);
    add(`signed ${i}, another hash`, id(`other ${i}`), BigInt(made.r), BigInt(made.s), made.yParity);
  }

  const hash = id("edge");
  for (const [name, r, s] of [
    ["r 1", 1n, 1n], ["r 2", 2n, 1n], ["r 5, off the curve", 5n, 1n], ["r order - 1", order - 1n, 1n], ["s half order", 1n, order / 2n],
    ["r zero", 0n, 1n], ["s zero", 1n, 0n], ["r order", order, 1n], ["s order", 1n, order], ["both 2^256 - 1", 2n ** 256n - 1n, 2n ** 256n - 1n],
  ]) {
    add(`${name}, parity 0`, hash, r, s, 0);
    add(`${name}, parity 1`, hash, r, s, 1);
  }

  for (const [name, odd] of [["hash zero", "0x" + "00".repeat(32)], ["hash order", toBeHex(order, 32)], ["hash 2^256 - 1", "0x" + "ff".repeat(32)]]) {
    add(name, odd, 1n, 1n, 0);
  }

  // The generator's x with s equal to the hash: u1 G + u2 R is the point at infinity, which is no key.
  const generator = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
  add("the point at infinity", toBeHex(7n, 32), generator, 7n, 0);
  return list;
}

const good = await valid();
const write = (file, value) => writeFileSync(new URL(file, import.meta.url), JSON.stringify(value, null, 1) + "\n");
write("transactions.json", { valid: good, refused: await refused(good) });
write("signatures.json", signatures());
