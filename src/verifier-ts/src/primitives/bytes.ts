/** Bytes with memory of their own, as WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const digitPairs = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

/** Lower-case hex with 0x. */
export function toHex(bytes: Uint8Array): string {
    let text = "0x";
    for (const byte of bytes) text += digitPairs[byte];
    return text;
}

/** Bytes as people and JSON write them: hex digits of either case, with or without 0x; undefined for anything else. */
export function fromHex(text: string): Bytes | undefined {
    const digits = text.startsWith("0x") ? text.slice(2) : text;
    if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
    const bytes = new Uint8Array(digits.length / 2);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
    return bytes;
}

/** Whether both are the same bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
        if (a[i] !== b[i]) return false;
    }

    return true;
}

export function isZero(bytes: Uint8Array): boolean {
    return bytes.every(byte => byte === 0);
}

/** Order of big-endian numbers of equal length: below, at or above 0. */
export function compare(a: Uint8Array, b: Uint8Array): number {
    for (let i = 0; i < a.length; i++) {
        const difference = a[i]! - b[i]!;
        if (difference !== 0) return difference;
    }

    return 0;
}

export function concat(...parts: Uint8Array[]): Bytes {
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
    }

    return bytes;
}

const ascii = new TextEncoder();

/** The bytes of a tag. */
export function tag(text: string): Bytes {
    return ascii.encode(text) as Bytes;
}
