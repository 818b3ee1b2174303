// Reads vector files: lines "name = hex" with comments, as tests/SharedSeq.Core.Tests/Vectors/VectorFile.cs writes them.
import { CanonicalReader, fromHex, Genesis } from "../dist/index.js";

/** The vectors of a file by name, in the order of the file. */
export function parse(text) {
    const vectors = new Map();
    for (const line of text.split("\n")) {
        if (line === "" || line.startsWith("#")) continue;
        const at = line.indexOf(" =");
        const bytes = fromHex(line.slice(at + 2).trim());
        if (at <= 0 || bytes === undefined) throw new Error(`not "name = hex": ${line}`);
        vectors.set(line.slice(0, at), bytes);
    }

    return vectors;
}

/** The proof files among the vectors. */
export function filesOf(vectors) {
    return [...vectors].filter(([name]) => name !== "genesis" && name !== "checkpoint");
}

/** The genesis that the vectors' proofs are checked against. */
export function genesisOf(vectors) {
    return Genesis.read(new CanonicalReader(vectors.get("genesis")));
}

/** "Malformed/Truncated": the fault, and the reason within it where it has one. */
export function textOf(verdict) {
    return verdict.reason === undefined ? verdict.fault : `${verdict.fault}/${verdict.reason}`;
}

export function same(a, b) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Fails with what was found beside what was expected. */
export function equal(actual, expected, what) {
    if (actual !== expected) throw new Error(`${what}: ${actual}, expected ${expected}`);
}
