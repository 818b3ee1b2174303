import { type Bytes, compare, concat, fromHex, toHex } from "./bytes.js";

const prime = fromHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")!;
const halfOrder = fromHex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8")!;
const p = BigInt(toHex(prime));
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** Why 64 bytes are not a usable P-256 public key. */
export type PublicKeyRejection = "None" | "CoordinateOutOfRange" | "NotOnCurve";

/** Whether x || y is a usable key: coordinates below the field's prime, a point on the curve. */
export function checkPublicKey(key: Uint8Array): PublicKeyRejection {
    const x = key.subarray(0, 32);
    const y = key.subarray(32);
    if (compare(x, prime) >= 0 || compare(y, prime) >= 0) return "CoordinateOutOfRange";
    const bx = BigInt(toHex(x));
    const by = BigInt(toHex(y));
    return (by * by - (bx * bx * bx - 3n * bx + b)) % p === 0n ? "None" : "NotOnCurve";
}

/** Whether s is in the lower half of the group order: otherwise anybody could make a second signature of a statement. */
export function isLowS(signature: Uint8Array): boolean {
    return compare(signature.subarray(32), halfOrder) <= 0;
}

/** Checks ECDSA signatures over P-256 and SHA-256. */
export interface SignatureScheme {
    /** `key` is x || y and `signature` r || s, each number 32 bytes big-endian. */
    verify(key: Bytes, text: Bytes, signature: Bytes): Promise<boolean>;
}

/** The platform's WebCrypto, the same in Node and in browsers (there on pages from https or localhost only). */
export class P256Scheme implements SignatureScheme {
    /** Keys kept imported: four of the largest committees. Keys come from the genesis or verified state only. */
    private static readonly keysMax = 512;
    private readonly keys = new Map<string, Promise<CryptoKey | undefined>>();
    private readonly subtle: SubtleCrypto;

    constructor() {
        if (globalThis.crypto?.subtle === undefined)
            throw new Error("WebCrypto is missing: in a browser, pages from https or localhost have it");
        this.subtle = globalThis.crypto.subtle;
    }

    async verify(key: Bytes, text: Bytes, signature: Bytes): Promise<boolean> {
        if (!isLowS(signature)) return false;
        const imported = await this.import(key);
        return imported !== undefined && this.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, signature, text);
    }

    private import(key: Bytes): Promise<CryptoKey | undefined> {
        const name = toHex(key);
        let known = this.keys.get(name);
        if (known === undefined) {
            if (this.keys.size >= P256Scheme.keysMax) this.keys.clear();
            known = checkPublicKey(key) === "None"
                ? this.subtle.importKey("raw", concat(Uint8Array.of(4), key), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])
                : Promise.resolve(undefined);
            this.keys.set(name, known);
        }

        return known;
    }
}
