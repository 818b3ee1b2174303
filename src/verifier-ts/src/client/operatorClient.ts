import { type Bytes, fromHex } from "../primitives/bytes.js";
import { CanonicalReader, DecodeError } from "../primitives/codec.js";
import { type HandOver, readHandOver } from "../ordering/handOvers.js";

/** What the codes of refusals are called; the list of `rpc.discover`. */
export const errorNames: Readonly<Record<number, string>> = {
    [-32700]: "ParseError", [-32600]: "InvalidRequest", [-32601]: "MethodNotFound", [-32602]: "InvalidParams", [-32603]: "InternalError",
    [-32001]: "RequestTooLarge", [-32002]: "NotReady", [-32003]: "TransactionRefused", [-32004]: "LaneFull", [-32005]: "NotFound",
    [-32006]: "Pruned", [-32007]: "BeyondHead", [-32008]: "TooManySubscriptions", [-32009]: "Timeout", [-32010]: "UnknownNamespace",
    [-32011]: "BadProof", [-32012]: "ExecutionUnavailable", [-32013]: "Diverged", [-32014]: "TooManyCalls", [-32015]: "StatementRefused",
    [-32016]: "TooManyConnections",
};

/** Refusals that say something of the operator and nothing of what was asked: another one may answer. */
const ofOperator = new Set(["InternalError", "NotReady", "LaneFull", "Timeout", "TooManyCalls", "TooManyConnections", "Diverged"]);

/** An operator refused a call. */
export class OperatorError extends Error {
    /** Of the error list; `Unknown` for a code that is not in it. */
    readonly errorName: string;

    /** The typed reason in the error's data, where there is one. */
    readonly reason: string | undefined;

    constructor(readonly code: number, message: string, readonly data: unknown) {
        super(message);
        this.name = "OperatorError";
        this.errorName = errorNames[code] ?? "Unknown";
        const reason = isObject(data) ? data["reason"] : undefined;
        this.reason = typeof reason === "string" ? reason : undefined;
    }

    /** Whether another operator may answer the same call. */
    get isOfOperator(): boolean {
        return ofOperator.has(this.errorName);
    }
}

/** An operator could not be reached, did not answer in time, or answered something that makes no sense. */
export class ConnectionError extends Error {
    constructor(message: string, options?: ErrorOptions) {
        super(message, options);
        this.name = "ConnectionError";
    }
}

/** Something that an operator says; its word until a proof is checked. */
export type Answer = unknown;

/** A number may be a bigint: it is sent as decimal text. */
export type Parameter = string | number | bigint | boolean | null | readonly Parameter[] | { readonly [name: string]: Parameter };

export interface OperatorOptions {
    /** Milliseconds for one call. Default 15,000: more than a send waits for its level. */
    readonly timeoutMs?: number;
}

/** Bytes of an answer. 64 MiB: the largest namespace block as hex is well below it. */
const answerBytesMax = 64 * 1024 * 1024;

/** The call as JSON. */
export function requestText(id: number, method: string, parameters: readonly Parameter[]): string {
    return JSON.stringify({ jsonrpc: "2.0", id, method, params: parameters }, (_, value: unknown) => typeof value === "bigint" ? `${value}` : value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The refusal in an answer's `error`. */
export function refusalOf(error: unknown): OperatorError {
    if (!isObject(error) || typeof error["code"] !== "number") throw new ConnectionError("the answer's error is none");
    return new OperatorError(error["code"], String(error["message"] ?? ""), error["data"]);
}

/** Bytes in an answer, which are 0x and hex. */
export function bytesOf(value: unknown): Bytes {
    const bytes = typeof value === "string" && value.startsWith("0x") ? fromHex(value) : undefined;
    if (bytes === undefined) throw new ConnectionError("the answer has something else where bytes in hex belong");
    return bytes;
}

/** Typed JSON-RPC calls to one operator. */
export class OperatorClient {
    private readonly timeoutMs: number;
    private nextId = 1;

    /** @param rpc The operator's public address. */
    constructor(readonly rpc: string, options: OperatorOptions = {}) {
        this.timeoutMs = options.timeoutMs ?? 15_000;
    }

    /** Calls a method; throws an `OperatorError` when it refuses and a `ConnectionError` when there is no answer. */
    async call(method: string, parameters: readonly Parameter[], signal?: AbortSignal): Promise<Answer> {
        const timeout = AbortSignal.timeout(this.timeoutMs);
        let body: unknown;
        try {
            const response = await fetch(this.rpc, {
                method: "POST", headers: { "content-type": "application/json" }, body: requestText(this.nextId++, method, parameters),
                signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
            });
            body = JSON.parse(await readText(response));
        } catch (error) {
            signal?.throwIfAborted();
            throw new ConnectionError(`${this.rpc}: ${timeout.aborted ? "no answer in time" : String(error)}`, { cause: error });
        }

        if (!isObject(body)) throw new ConnectionError(`${this.rpc} answered something that is not JSON-RPC`);
        if ("error" in body) throw refusalOf(body["error"]);
        return body["result"];
    }

    /** A member of an answer. */
    static memberOf(answer: Answer, name: string): unknown {
        return isObject(answer) ? answer[name] : undefined;
    }

    /** A proof file, for a verifier. */
    async getProof(kind: string, parameters: readonly Parameter[], signal?: AbortSignal): Promise<Bytes> {
        return bytesOf(OperatorClient.memberOf(await this.call("sharedseq_getProof", [kind, ...parameters], signal), "proof"));
    }

    /** Hand-overs from an epoch on, as the operator gives them: one answer of them, none of them checked. */
    async getHandOvers(from: bigint, signal?: AbortSignal): Promise<HandOver[]> {
        const items = OperatorClient.memberOf(await this.call("sharedseq_getHandOvers", [from], signal), "handOvers");
        if (!Array.isArray(items)) throw new ConnectionError(`${this.rpc} gives no hand-overs`);
        try {
            return items.map(item => {
                const reader = new CanonicalReader(bytesOf(item));
                const handOver = readHandOver(reader);
                reader.end("hand-over");
                return handOver;
            });
        } catch (error) {
            if (error instanceof DecodeError) throw new ConnectionError(`${this.rpc} gives a hand-over that is none: ${error.message}`);
            throw error;
        }
    }

    /** Where an epoch's members are reached, by the operator's word: one address for each seat at most. */
    async getMemberAddresses(epoch: bigint, seats: number, signal?: AbortSignal): Promise<string[]> {
        const members = OperatorClient.memberOf(await this.call("sharedseq_getCommittee", [epoch], signal), "members");
        if (!Array.isArray(members)) throw new ConnectionError(`${this.rpc} names no members of epoch ${epoch}`);
        return members.slice(0, seats).map((member: unknown) => OperatorClient.memberOf(member, "rpc"))
            .filter((rpc): rpc is string => typeof rpc === "string" && /^https?:\/\//.test(rpc) && URL.canParse(rpc));
    }
}

async function readText(response: Response): Promise<string> {
    const reader = response.body?.getReader();
    if (reader === undefined) return "";
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "";
    let bytes = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        bytes += part.value.length;
        if (bytes > answerBytesMax) {
            await reader.cancel();
            throw new ConnectionError(`an answer above ${answerBytesMax} bytes`);
        }

        text += decoder.decode(part.value, { stream: true });
    }

    return text + decoder.decode();
}
