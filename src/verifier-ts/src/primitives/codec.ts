import { type Bytes, concat } from "./bytes.js";

/** Why bytes were refused by a decoder; the names are those of the C# implementation. */
export type DecodeRejection = "Truncated" | "TrailingBytes" | "OverLimit" | "UnknownValue" | "NotCanonical" | "Malformed";

/** Bytes from outside were refused. The only error that a decoder throws. */
export class DecodeError extends Error {
    constructor(readonly reason: DecodeRejection, what: string) {
        super(`${reason}: ${what}`);
        this.name = "DecodeError";
    }
}

/**
 * Reads the canonical encoding strictly: every length is checked before it is used, and only one encoding of a value is
 * accepted. Numbers are big-endian; a u64 is a bigint.
 */
export class CanonicalReader {
    private at = 0;
    private readonly view: DataView;

    constructor(private readonly bytes: Bytes) {
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }

    get remaining(): number {
        return this.bytes.length - this.at;
    }

    /** Where the next value begins, for `since`. */
    get position(): number {
        return this.at;
    }

    /** Everything read since a position: as only one encoding is accepted, these bytes are the value's encoding. */
    since(position: number): Bytes {
        return this.bytes.slice(position, this.at);
    }

    byte(): number {
        return this.view.getUint8(this.take(1));
    }

    bool(): boolean {
        const value = this.byte();
        if (value > 1) throw new DecodeError("NotCanonical", "a boolean is 0 or 1");
        return value === 1;
    }

    u16(): number {
        return this.view.getUint16(this.take(2));
    }

    u32(): number {
        return this.view.getUint32(this.take(4));
    }

    u64(): bigint {
        return this.view.getBigUint64(this.take(8));
    }

    hash(): Bytes {
        return this.raw(32);
    }

    signature(): Bytes {
        return this.raw(64);
    }

    publicKey(): Bytes {
        return this.raw(64);
    }

    raw(count: number): Bytes {
        const from = this.take(count);
        return this.bytes.slice(from, from + count);
    }

    /** A u32 length of at most `limit`, then that many bytes. */
    lengthPrefixed(limit: number, what: string): Bytes {
        const length = this.u32();
        if (length > limit) throw new DecodeError("OverLimit", `${what}: ${length} bytes, limit ${limit}`);
        return this.raw(length);
    }

    /** A u16 count of at most `limit` items, each at least `itemBytes` long. */
    count(limit: number, itemBytes: number, what: string): number {
        const count = this.u16();
        if (count > limit) throw new DecodeError("OverLimit", `${what}: ${count} items, limit ${limit}`);
        if (count * itemBytes > this.remaining) throw new DecodeError("Truncated", what);
        return count;
    }

    /** Refuses bytes behind the value. */
    end(what: string): void {
        if (this.remaining !== 0) throw new DecodeError("TrailingBytes", `${what}: ${this.remaining} bytes left over`);
    }

    private take(count: number): number {
        if (count > this.remaining) throw new DecodeError("Truncated", `${count} bytes wanted, ${this.remaining} left`);
        const from = this.at;
        this.at += count;
        return from;
    }
}

/** Writes the canonical encoding. */
export class CanonicalWriter {
    private readonly parts: Uint8Array[] = [];

    byte(value: number): this {
        this.parts.push(Uint8Array.of(value));
        return this;
    }

    bool(value: boolean): this {
        return this.byte(value ? 1 : 0);
    }

    u16(value: number): this {
        return this.number(2, view => view.setUint16(0, value));
    }

    u32(value: number): this {
        return this.number(4, view => view.setUint32(0, value));
    }

    u64(value: bigint): this {
        return this.number(8, view => view.setBigUint64(0, value));
    }

    /** The bytes as they are. */
    raw(bytes: Uint8Array): this {
        this.parts.push(bytes);
        return this;
    }

    /** A u32 length, then the bytes. */
    lengthPrefixed(bytes: Uint8Array): this {
        return this.u32(bytes.length).raw(bytes);
    }

    toBytes(): Bytes {
        return concat(...this.parts);
    }

    private number(size: number, set: (view: DataView) => void): this {
        const bytes = new Uint8Array(size);
        set(new DataView(bytes.buffer));
        return this.raw(bytes);
    }
}
