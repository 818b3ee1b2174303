/** A JSON value; numbers keep their text, because a u64 does not fit JavaScript's. */
export type JsonValue = string | boolean | null | JsonNumber | JsonValue[] | JsonObject;

export class JsonNumber {
    constructor(readonly text: string) {}
}

export type JsonObject = Map<string, JsonValue>;

/** The text is no JSON, or repeats a key. */
export class JsonError extends Error {}

/** Nesting that is read: as deep as the C# implementation's parser goes. */
const depthMax = 64;

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const spacePattern = /(?:[ \t\r\n]|\/\/[^\r\n\u2028\u2029]*|\/\*[^]*?\*\/)*/y;
const escapes: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Reads a document with comments and trailing commas; refuses repeated keys and texts that are not Unicode. */
export function parseJson(text: string): JsonValue {
    return new Parser(text).document();
}

class Parser {
    private at = 0;

    constructor(private readonly text: string) {}

    document(): JsonValue {
        const value = this.value(1);
        this.space();
        if (this.at !== this.text.length) this.fail("something follows the document");
        return value;
    }

    private value(depth: number): JsonValue {
        this.space();
        const next = this.text[this.at];
        if (next === "{" || next === "[") {
            if (depth > depthMax) this.fail("nested too deeply");
            return next === "{" ? this.object(depth) : this.array(depth);
        }

        if (next === '"') return this.string();
        for (const [word, value] of [["true", true], ["false", false], ["null", null]] as const) {
            if (this.text.startsWith(word, this.at)) {
                this.at += word.length;
                return value;
            }
        }

        numberPattern.lastIndex = this.at;
        const number = numberPattern.exec(this.text)?.[0] ?? this.fail("a value is wanted");
        this.at += number.length;
        return new JsonNumber(number);
    }

    private object(depth: number): JsonObject {
        const members: JsonObject = new Map();
        for (this.at++; !this.takes("}");) {
            if (this.text[this.at] !== '"') this.fail("a key is wanted");
            const key = this.string();
            if (members.has(key)) this.fail(`the key ${key} is there twice`);
            if (!this.takes(":")) this.fail("a colon is wanted");
            members.set(key, this.value(depth + 1));
            if (!this.takes(",") && !this.follows("}")) this.fail("a comma or the object's end is wanted");
        }

        return members;
    }

    private array(depth: number): JsonValue[] {
        const items: JsonValue[] = [];
        for (this.at++; !this.takes("]");) {
            items.push(this.value(depth + 1));
            if (!this.takes(",") && !this.follows("]")) this.fail("a comma or the list's end is wanted");
        }

        return items;
    }

    private string(): string {
        let value = "";
        for (this.at++; ; this.at++) {
            const next = this.text[this.at] ?? this.fail("a text does not end");
            if (next === '"') break;
            if (next < " ") this.fail("a control character in a text");
            value += next === "\\" ? this.escape() : next;
        }

        this.at++;
        if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) this.fail("a text in it is not Unicode");
        return value;
    }

    /** Leaves the position at the escape's last character. */
    private escape(): string {
        const kind = this.text[++this.at] ?? "";
        if (kind === "u") {
            const digits = this.text.slice(this.at + 1, this.at + 5);
            if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("four hex digits are wanted");
            this.at += 4;
            return String.fromCharCode(Number.parseInt(digits, 16));
        }

        return escapes[kind] ?? this.fail("no such escape");
    }

    private follows(mark: string): boolean {
        this.space();
        return this.text[this.at] === mark;
    }

    private takes(mark: string): boolean {
        const follows = this.follows(mark);
        if (follows) this.at++;
        return follows;
    }

    private space(): void {
        spacePattern.lastIndex = this.at;
        this.at += spacePattern.exec(this.text)![0].length;
    }

    private fail(what: string): never {
        throw new JsonError(`${what} (at character ${this.at})`);
    }
}
