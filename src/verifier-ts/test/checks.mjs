// What the verifier is held to, from the vectors that the C# implementation writes. Runs in Node and, bundled, in a browser.
import {
    CanonicalReader, checkPublicKey, CommitteeChain, DecodeError, evidenceKinds, fromHex, Genesis, MerkleProof, namespaceGenesisHash, P256Scheme,
    proofFaults, proofKinds, ProofVerifier, readHeightEffects, readNamespaceBlock, readNamespaceHead, readProofFile, rejectionReasons,
    rootOfLeafHashes, sha256, signedKinds, SortedMerkleProof, toHex,
} from "../dist/index.js";
import { count as mutationCount, mutation } from "./mutations.mjs";
import { equal, filesOf, genesisOf, parse, same, textOf } from "./vectors.mjs";

const u64Max = 0xffff_ffff_ffff_ffffn;

/** Vector files that the checks read, by name. */
export const vectorNames = [
    "codec", "merkle", "sorted-merkle", "p256-keys", "p256-signatures", "ordering", "ordering-run", "ordering-proofs", "proof-epochs", "proof-lies",
    "proof-mutations", "verifier-names",
];

/** Each takes a function that gives the vectors of a file by its name; that of mutations also of how many it looks at one. */
export const checks = {
    "SHA-256 gives what the platform gives, at every length around a block": async () => {
        for (let length = 0; length <= 200; length++) {
            const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + length);
            const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
            equal(toHex(sha256(bytes.subarray(0, length >> 1), bytes.subarray(length >> 1))), toHex(expected), `${length} bytes`);
        }
    },

    "Primitive values are read as written and refused when cut, above a limit or in another form": async read => {
        const vectors = await read("codec");
        const of = name => new CanonicalReader(vectors.get(name));
        equal(of("byte 0xab").byte(), 0xab, "byte");
        equal(of("false").bool(), false, "false");
        equal(of("true").bool(), true, "true");
        equal(of("u16 0x0102").u16(), 0x0102, "u16");
        equal(of("u32 0x01020304").u32(), 0x01020304, "u32");
        equal(of("u64 0x0102030405060708").u64(), 0x0102030405060708n, "u64");
        equal(of("u64 largest").u64(), u64Max, "u64");
        equal(of("bytes, none").lengthPrefixed(3, "bytes").length, 0, "no bytes");
        equal(toHex(of("bytes, 3").lengthPrefixed(3, "bytes")), "0x010203", "bytes");
        refuses("OverLimit", () => of("bytes, 3").lengthPrefixed(2, "bytes"));
        refuses("NotCanonical", () => new CanonicalReader(Uint8Array.of(2)).bool());
        refuses("Truncated", () => new CanonicalReader(new Uint8Array(7)).u64());
        refuses("TrailingBytes", () => of("true").end("nothing"));
    },

    "Merkle paths lead to the root of their tree and of no other": async read => {
        const vectors = await read("merkle");
        for (let count = 0; count <= 9; count++) {
            const leaves = Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(0, i)));
            const root = vectors.get(`${count} leaves, root`);
            equal(toHex(rootOfLeafHashes(leaves)), toHex(root), `root of ${count}`);
            leaves.forEach((leaf, index) => {
                const reader = new CanonicalReader(vectors.get(`${count} leaves, proof of ${index}`));
                const path = MerkleProof.read(reader);
                reader.end("path");
                equal(path.verify(root, leaf), true, `${index} of ${count}`);
                equal(path.verify(root, leaves[(index + 1) % count]), count === 1, `another leaf at ${index} of ${count}`);
            });
        }
    },

    "Keys are present or absent as the proof says, and never the other": async read => {
        const vectors = await read("sorted-merkle");
        let absent = 0;
        for (const [name, bytes] of vectors) {
            const [, keys, claim, text] = /^keys (\[.*\]), (presence|absence) of (\d+)$/.exec(name) ?? [];
            if (claim === undefined) continue;
            const reader = new CanonicalReader(bytes);
            const proof = SortedMerkleProof.read(reader);
            reader.end("proof");
            const commitment = vectors.get(`keys ${keys}, commitment`);
            const key = BigInt(text);
            const littleEndian = Uint8Array.from({ length: 8 }, (_, i) => Number(key >> BigInt(8 * i) & 255n));
            const value = sha256(Uint8Array.of(0), littleEndian);
            const [present, missing] = [proof.checkPresent("SharedSeq.vectors", commitment, key, value), proof.checkAbsent("SharedSeq.vectors", commitment, key)];
            equal(present, claim === "presence" ? "None" : "WrongKind", `${name}: present`);
            equal(missing, claim === "absence" ? "None" : "WrongKind", `${name}: absent`);
            if (claim === "presence") equal(proof.checkPresent("SharedSeq.other", commitment, key, value), "CommitmentMismatch", "another tag");
            else absent += 1;
        }

        equal(absent >= 15, true, "absences");
    },

    "Public keys off the curve or out of range are refused": async read => {
        for (const [name, key] of await read("p256-keys"))
            equal(checkPublicKey(key) === "None", name.startsWith("accept"), name);
    },

    "Signatures are accepted and refused as in C#": async read => {
        // The vectors sign a ready digest, which WebCrypto does not take: a stand-in for its hash would not test it. The texts are known for two.
        const vectors = await read("p256-signatures");
        const scheme = new P256Scheme();
        const texts = { "message sample": "sample", "message test": "test" };
        let checked = 0;
        for (const [name, bytes] of vectors) {
            const text = Object.entries(texts).find(([part]) => name.includes(part))?.[1];
            if (text === undefined) continue;
            const message = new TextEncoder().encode(text);
            equal(toHex(sha256(message)), toHex(bytes.slice(64, 96)), "digest");
            equal(await scheme.verify(bytes.slice(0, 64), message, bytes.slice(96)), name.startsWith("accept"), name);
            checked++;
        }

        equal(checked, 4, "signatures of known texts");
        const known = vectors.get("accept: RFC 6979 A.2.5, SHA-256, message test");
        for (const [name, bytes] of vectors) {
            // r or s out of range does not depend on the digest.
            if (!/^refuse: (r|s|r and s) (is|0)/.test(name)) continue;
            equal(await scheme.verify(known.slice(0, 64), new TextEncoder().encode("test"), bytes.slice(96)), false, name);
        }

        equal(await scheme.verify(new Uint8Array(64), new TextEncoder().encode("test"), known.slice(96)), false, "no key");
    },

    "A genesis and the formats of ordering have the pinned hashes": async read => {
        const vectors = await read("ordering");
        const of = name => new CanonicalReader(vectors.get(name));
        const genesis = Genesis.read(of("genesis"));
        equal(toHex(genesis.hash), toHex(vectors.get("genesis hash")), "genesis");
        equal(toHex(readNamespaceBlock(of("namespace block")).hash), toHex(vectors.get("namespace block hash")), "block");
        equal(toHex(readNamespaceHead(of("namespace head")).value), toHex(vectors.get("namespace head value")), "head");
        equal(toHex(readHeightEffects(of("height effects")).hash), toHex(vectors.get("height effects hash")), "effects");
        equal(toHex(namespaceGenesisHash(sha256(Uint8Array.of(1)), 5n)), toHex(vectors.get("namespace genesis hash")), "namespace genesis");
        for (const [name, bytes] of await read("ordering-run")) {
            const reader = new CanonicalReader(bytes);
            if (/effects$/.test(name)) readHeightEffects(reader);
            else if (/block \d+$/.test(name)) readNamespaceBlock(reader);
            else continue;
            reader.end(name);
        }
    },

    "Names and numbers are those of C#": async read => {
        const vectors = await read("verifier-names");
        const here = {
            ProofKind: proofKinds, ProofFault: proofFaults, RejectionReason: rejectionReasons, EvidenceKind: evidenceKinds, SignedKind: signedKinds,
            DecodeRejection: decodeRejections, HandOverRejection: handOverRejections,
        };
        for (const [name, bytes] of vectors) {
            const listed = here[name].flatMap((item, number) => item === "" ? [] : [`${item}=${number}`]).join(" ");
            equal(listed, new TextDecoder().decode(bytes), name);
        }

        equal([...vectors.keys()].length, Object.keys(here).length, "lists of names");
    },

    "Known proof files of every kind verify, and only in their own network": async read => {
        const vectors = await read("ordering-proofs");
        const genesis = genesisOf(vectors);
        const kinds = new Set();
        for (const [name, file] of filesOf(vectors)) {
            const { verdict, proof } = await new ProofVerifier(genesis).verify(file);
            equal(textOf(verdict), "None", name);
            kinds.add(proof.kind);
        }

        equal([...kinds].sort().join(), proofKinds.filter(kind => kind !== "").sort().join(), "kinds");
        const other = genesisOf(new Map([["genesis", (await read("ordering")).get("genesis")]]));
        for (const [name, file] of filesOf(vectors)) equal((await new ProofVerifier(other).verify(file)).verdict.fault, "WrongNetwork", name);
    },

    "Proofs of a later epoch verify by their hand-overs, by what was learnt, and by a checkpoint": async read => {
        const vectors = await read("proof-epochs");
        const genesis = genesisOf(vectors);
        const checkpoint = vectors.get("checkpoint");
        const learnt = new ProofVerifier(genesis);
        const together = filesOf(vectors).map(([, file]) => learnt.verify(file));
        for (const { verdict } of await Promise.all(together)) equal(textOf(verdict), "None", "all at once");
        equal(learnt.trust.chain.newest, 3n, "newest epoch");
        for (const [name, file] of filesOf(vectors)) {
            equal(textOf((await new ProofVerifier(genesis).verify(file)).verdict), "None", name);
            equal(textOf((await new ProofVerifier(genesis, { checkpoint }).verify(file)).verdict), "None", `${name} by the checkpoint`);
        }

        const chain = new CommitteeChain(genesis, new P256Scheme(), sha256(Uint8Array.of(1)));
        const { file } = readProofFile(vectors.get("epoch 3 Result"));
        for (const handOver of file.handOvers) equal(await chain.tryExtend(handOver), "BeforeCheckpoint", "a checkpoint that nobody shows");
        equal(chain.newest, undefined, "newest epoch");
    },

    "Lies are refused with the reason that names them": async read => {
        const vectors = await read("proof-lies");
        const genesis = genesisOf(vectors);
        for (const [name, file] of filesOf(vectors)) {
            const { verdict, proof } = await new ProofVerifier(genesis).verify(file);
            equal(textOf(verdict), name.slice(0, name.indexOf(": ")), name);
            equal(proof, undefined, name);
        }
    },

    "The verdict on mutations is that of C#: on each of ten thousand in Node, on every tenth in a browser": async (read, step = 1) => {
        const sources = [await read("ordering-proofs"), await read("proof-epochs")].flatMap(
            vectors => filesOf(vectors).map(([name, file]) => ({ name, file, genesis: genesisOf(vectors) })));
        const pinned = await read("proof-mutations");
        const files = sources.map(source => source.file);
        // One scheme for all: what differs from file to file is who is trusted, not the keys' import.
        const scheme = new P256Scheme();
        const differ = [];
        const judge = async number => {
            const { name, genesis } = sources[number % files.length];
            const { verdict } = await new ProofVerifier(genesis, { scheme }).verify(mutation(files, number));
            const expected = pinned.get(name)[Math.floor(number / files.length)];
            if (numberOf(verdict) !== expected) differ.push(`${number}: ${textOf(verdict)}, C#: ${proofFaults[expected >> 4]} ${expected & 15}`);
        };
        // Many at once: each signature is a turn of the platform's threads.
        for (let first = 0; first < mutationCount; first += 200 * step)
            await Promise.all(Array.from({ length: 200 }, (_, i) => judge(first + i * step)));

        equal(differ.length, 0, `mutations judged otherwise (${differ.slice(0, 10).join("; ")})`);
        equal([...pinned.values()].reduce((sum, verdicts) => sum + verdicts.length, 0), mutationCount, "verdicts");
    },

    "What is no proof file is refused as such": async read => {
        const genesis = genesisOf(await read("ordering-proofs"));
        const verdictOf = async bytes => textOf((await new ProofVerifier(genesis).verify(bytes)).verdict);
        equal(await verdictOf(new Uint8Array(0)), "NotAProofFile", "nothing");
        equal(await verdictOf(new TextEncoder().encode("SSPF")), "Damaged", "only the beginning");
        const large = new Uint8Array(16 * 1024 * 1024 + 1);
        large.set(new TextEncoder().encode("SSPF"));
        equal(await verdictOf(large), "Malformed/OverLimit", "above 16 MiB");
    },

    "A genesis document is read strictly": async read => {
        const keys = genesisOf(await read("ordering-proofs")).members.flatMap(member => [toHex(member.voteKey), toHex(member.nodeKey)]);
        const key = place => keys[place];
        const members = Array.from({ length: 4 }, (_, i) => `{ "voteKey": "${key(2 * i)}", "nodeKey": "${key(2 * i + 1)}" },`).join("\n");
        const document = (rest = "", committee = `"f": 1, "p": 0,`) => `// comment\n{ "chainId": 7, "protocolVersion": 1, "timestampMs": 18446744073709551615,
            "committee": { ${committee} "members": [${members}] }, /* all defaults */ "namespaces": [{ "id": 5, "name": "n5", "admission": "opaque" }], ${rest} }`;
        equal(Genesis.fromJson(document()).timestampMs, u64Max, "a number that no double holds");
        const reasons = {
            [`{`]: "NotJson", [`[]`]: "WrongType", [`{ "protocolVersion": 2 }`]: "UnsupportedVersion", [`{ "protocolVersion": "1" }`]: "WrongType",
            [`{ "protocolVersion": 1.0 }`]: "WrongType", [`{ "protocolVersion": 1 }`]: "MissingKey", [document(`"chainId": 7`)]: "NotJson",
            [document(`"more": 1`)]: "UnknownKey", [document(`"policy": { "dedupSeconds": 601 }`)]: "OutOfRange",
            [document(`"policy": { "a\\ud800": 1 }`)]: "NotJson", [document("", `"f": 2, "p": 0,`)]: "OutOfRange", [`${document()} 1`]: "NotJson",
            [document(`"policy": { "epochSeconds": 60, "boundaryLead": 100 }`)]: "OutOfRange",
        };
        for (const [text, reason] of Object.entries(reasons)) {
            try {
                Genesis.fromJson(text);
            } catch (error) {
                equal(error.reason, reason, text.slice(-80));
                continue;
            }

            throw new Error(`accepted: ${text}`);
        }
    },
};

const decodeRejections = ["", "Truncated", "TrailingBytes", "OverLimit", "UnknownValue", "NotCanonical", "Malformed"];
const handOverRejections = [
    "None", "WrongEpoch", "NotABoundary", "OtherCommittee", "TooFewSignatures", "UnknownMember", "BadSignature", "TooManyEpochs", "BeforeCheckpoint",
];

/** The fault's number in the upper four bits, that of the reason within it in the lower ones. */
function numberOf(verdict) {
    const reasons = verdict.fault === "Malformed" ? decodeRejections : handOverRejections;
    return proofFaults.indexOf(verdict.fault) << 4 | (verdict.reason === undefined ? 0 : reasons.indexOf(verdict.reason));
}

function refuses(reason, read) {
    try {
        read();
    } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        return equal(error.reason, reason, "refusal");
    }

    throw new Error(`accepted, ${reason} expected`);
}
